package publisher_test

import (
	"context"
	"testing"
	"testing/synctest"

	"crier/publisher"
)

// sends publishes so many messages to each partition: as many as its number tells.
func sends(t *testing.T, p *publisher.Publisher, counts ...uint64) {
	t.Helper()
	for partition, n := range counts {
		for range n {
			if _, err := p.Send(context.Background(), publisher.Message{Payload: message(7),
				To: publisher.ToPartition(uint32(partition))}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Each partition goes on at its own end, as the publisher's own log has it. One of which nothing
// was published, and one that is new, begin at 0.
func TestPartitionsGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, dir := newLogging(t), t.TempDir()
		cfg := publisher.Config{Topic: "prices", Partitions: 4, Name: "a",
			Record: publisher.Record{Dir: dir}, Continue: publisher.ContinueOrNew}
		ends := []uint64{10, 0, 300, 7, 0, 0}
		var before publisher.SessionID
		for life := range 3 {
			p := l.Publisher(cfg)
			for i := range uint32(cfg.Partitions) {
				end := uint64(life) * ends[i]
				if i == 0 {
					end += uint64(life) // one more in each life
				}
				if prev := p.PreviousIn(i); life == 0 || i >= 4 && life == 1 {
					if prev != (publisher.Previous{}) { // nobody knows of it
						t.Errorf("in life %d partition %d goes on behind %+v", life, i, prev)
					}
				} else if prev.Session != before ||
					(prev.Offset != end || prev.Channel != i || prev.Topic != "prices") {
					t.Errorf("in life %d partition %d goes on behind %+v", life, i, prev)
				}
			}
			if prev := p.PreviousIn(99); prev != (publisher.Previous{}) {
				t.Errorf("a partition that isn't there goes on behind %+v", prev)
			}
			sends(t, p, ends[:cfg.Partitions]...)
			at, err := p.Send(context.Background(), publisher.Message{To: publisher.ToPartition(0)})
			if want := uint64(life+1) * 10; err != nil || at.Offset != want+uint64(life) {
				t.Errorf("in life %d a message has offset %d: %v", life, at.Offset, err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			before, cfg.Partitions = p.Session(), 6
		}
		l.Close()
	})
}
