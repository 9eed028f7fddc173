package recorder_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/publisher"
	"crier/reliable"
	"crier/subscriber"
	"crier/subscriber/recorder"
	"crier/testnet/link"
	"crier/testnet/rig"
)

// feedLine is a message of a made-up feed: of one of 50 symbols, with a header.
func feedLine(random *rand.Rand, i int) publisher.Message {
	key := fmt.Sprintf("SYM%02d", random.IntN(50))
	return publisher.Message{Key: []byte(key),
		Headers: []reliable.Header{{Name: "line", Value: fmt.Append(nil, i)}},
		Payload: fmt.Appendf(nil, "%d,%s,%s", i, key, strings.Repeat("x", random.IntN(200)))}
}

// came is what subscribers got: the lines by number, and the last number of each key.
type came struct {
	t     *testing.T
	lines map[int]string
	last  map[string]int
}

// take takes an event, and reports whether its stream has ended.
func (c *came) take(ev *subscriber.Event, partitions []uint32) bool {
	switch ev.Kind {
	case subscriber.Message:
		var i int
		value, ok := ev.Header("line")
		if _, err := fmt.Sscan(string(value), &i); err != nil || !ok {
			c.t.Errorf("message %d of partition %d has no header: %v", ev.Offset, ev.Partition, err)
			return true
		}
		if _, twice := c.lines[i]; twice {
			c.t.Errorf("line %d came twice", i)
		}
		key := string(ev.Key())
		if last, ok := c.last[key]; ok && last >= i {
			c.t.Errorf("line %d of %s came after line %d", i, key, last)
		}
		mine := false
		for _, p := range partitions {
			mine = mine || p == ev.Partition
		}
		if !mine {
			c.t.Errorf("line %d came by partition %d, which isn't wanted", i, ev.Partition)
		}
		c.lines[i], c.last[key] = string(ev.Payload), i
	case subscriber.Loss:
		c.t.Errorf("partition %d: %v are lost: %v", ev.Partition, ev.Lost, ev.Cause)
	case subscriber.SessionEnded:
		return true
	}
	return false
}

// offsets keeps positions in memory.
type offsets struct{ list []subscriber.Position }

func (o *offsets) Load() ([]subscriber.Position, error) { return o.list, nil }

func (o *offsets) Save(list []subscriber.Position) error {
	o.list = append(o.list[:0:0], list...)
	return nil
}

// A feed goes over a topic with keys, where each datagram is lost with 5 %. Three subscribers have
// different partitions, and one of them is away meanwhile, and goes on from a recorder when the
// publisher has gone. Together they have the feed: each line once, byte for byte, and in the order
// of the feed for each key.
func TestPartitionsByKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seed, lines = 5, 1000
		lossy := link.Config{Delay: link.FixedDelay(100 * time.Microsecond),
			Loss: link.Bernoulli{P: 0.05}}
		l := rig.NewLAN(t, lossy, seed)
		random := rand.New(rand.NewPCG(seed, 1))
		var feed []publisher.Message
		for i := range lines {
			feed = append(feed, feedLine(random, i))
		}
		cfg := recorder.Config{Topics: []recorder.Topic{{Name: "feed"}}, Dir: t.TempDir(),
			Interface: "eth0"}
		cfg.Link.Network = l.Host(9)
		rec, err := recorder.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		got := &came{t: t, lines: make(map[int]string), last: make(map[string]int)}
		var state offsets
		wanted := [][]uint32{{0, 3, 6}, {1, 4, 7}, {2, 5}}
		subscribe := func(i int) *subscriber.Subscriber {
			cfg := subscriber.Config{Topic: "feed", Partitions: wanted[i], History: -1}
			if i == 2 {
				cfg.Offsets, cfg.Start = &state, subscriber.ResumeOldest
			}
			return l.Subscriber(l.Host(2+i), cfg)
		}
		var mu sync.Mutex
		var reading sync.WaitGroup
		read := func(sub *subscriber.Subscriber, i int, most int) {
			ends := 0
			for ev := range sub.Messages(context.Background()) {
				if most--; most == -1 { // what was taken before is acknowledged
					break
				}
				mu.Lock()
				if got.take(&ev, wanted[i]) {
					ends++
				}
				mu.Unlock()
				if ends == len(wanted[i]) {
					break
				}
			}
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
		}
		for i := range wanted {
			sub := subscribe(i)
			reading.Go(func() { read(sub, i, []int{1 << 30, 1 << 30, 100}[i]) })
		}
		p := l.Publisher(publisher.Config{Topic: "feed", Partitions: 8, Groups: 4, Name: "feed"})
		for i := range feed {
			if _, err := p.Send(t.Context(), feed[i]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Microsecond)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		reading.Wait()
		if len(got.lines) >= lines || len(state.list) != 2 {
			t.Fatalf("%d lines came before the third went on, at %+v", len(got.lines), state.list)
		}
		sub := subscribe(2)
		read(sub, 2, 1<<30)
		for i := range feed {
			if got.lines[i] != string(feed[i].Payload) {
				t.Errorf("line %d is %q, want %q", i, got.lines[i], feed[i].Payload)
			}
		}
		for _, s := range rec.Sessions() {
			if s.HoleFrames > 0 || s.Ended == nil {
				t.Errorf("partition %d in the log: %+v", s.Key.Channel, s)
			}
		}
		if st := rec.Stats(); st.Served.Repairs == 0 || st.HoleFrames > 0 {
			t.Errorf("the recorder repaired %d frames, and lacks %d", st.Served.Repairs,
				st.HoleFrames)
		}
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
		l.Close()
	})
}

// A consumer that takes other partitions later goes on in those that it had, and has the others
// from their first message on; and the sessions that follow, in their order. Positions of
// partitions that it no longer takes stay.
func TestTakesOtherPartitionsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := rig.NewLAN(t, link.Config{Delay: link.FixedDelay(100 * time.Microsecond)}, 1)
		cfg := recorder.Config{Topics: []recorder.Topic{{Name: "feed"}}, Dir: t.TempDir(),
			Interface: "eth0"}
		cfg.Link.Network = l.Host(9)
		rec, err := recorder.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		publish := func(n int) {
			p := l.Publisher(publisher.Config{Topic: "feed", Partitions: 4, Name: "a",
				Continue: publisher.ContinueOrNew})
			for i := range n {
				for part := range uint32(4) {
					if _, err := p.Send(t.Context(), publisher.Message{To: publisher.ToPartition(part),
						Payload: fmt.Appendf(nil, "%d", i)}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(100 * time.Microsecond)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		var state offsets
		// takes takes messages of partitions, until there are so many, and returns the first and
		// the last offset of each.
		takes := func(host, most int, partitions ...uint32) map[uint32][2]uint64 {
			start := subscriber.Resume
			if len(state.list) == 0 {
				start = subscriber.ResumeOldest
			}
			sub := l.Subscriber(l.Host(host), subscriber.Config{Topic: "feed", Partitions: partitions,
				Offsets: &state, Start: start, History: -1})
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			got := make(map[uint32][2]uint64)
			for ev := range sub.Messages(ctx) {
				if ev.Kind == subscriber.Loss {
					t.Errorf("partition %d: %v are lost: %v", ev.Partition, ev.Lost, ev.Cause)
				}
				if ev.Kind != subscriber.Message {
					continue
				}
				if most--; most < 0 { // what was taken before is acknowledged
					break
				}
				span, known := got[ev.Partition]
				if known && ev.Offset != span[1]+1 {
					t.Errorf("partition %d: offset %d comes behind %d", ev.Partition, ev.Offset, span[1])
				}
				if !known {
					span[0] = ev.Offset
				}
				span[1] = ev.Offset
				got[ev.Partition] = span
			}
			if err := sub.Close(); err != nil {
				t.Error(err)
			}
			return got
		}
		want := func(got map[uint32][2]uint64, partition uint32, from, to uint64) {
			t.Helper()
			if span, ok := got[partition]; !ok || span != [2]uint64{from, to} {
				t.Errorf("partition %d: offsets %v (%v), want %d to %d", partition, span, ok, from, to)
			}
		}
		publish(50)
		first := takes(2, 60, 0, 1)
		if len(first) != 2 {
			t.Fatalf("it took %v", first)
		}
		publish(50) // 50 to 99
		n := int(100 - first[1][1] - 1 + 100)
		second := takes(3, n, 1, 2)
		want(second, 1, first[1][1]+1, 99)
		want(second, 2, 0, 99)
		third := takes(4, int(100-first[0][1]-1), 0, 1, 2)
		want(third, 0, first[0][1]+1, 99)
		if len(third) != 1 {
			t.Errorf("the third run took %v", third)
		}
		if err := rec.Close(); err != nil {
			t.Error(err)
		}
		l.Close()
	})
}
