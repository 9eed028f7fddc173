package publisher

import (
	"context"
	"log/slog"
	"net/netip"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// lanesOf returns the lanes of a session that nothing sends.
func lanesOf(t *testing.T, partitions int) (*send.Sender, *Publisher) {
	t.Helper()
	s, err := send.New(send.Config{Session: 1, Layout: topic.Layout{Partitions: partitions},
		Retention: send.Retention{ResendBuffer: partitions * 20 * 1500}})
	if err != nil {
		t.Fatal(err)
	}
	return s, &Publisher{lanes: newLanes(s, partitions)}
}

// put accepts a message without a key, and returns its partition.
func put(p *Publisher, size int) (uint32, error) {
	to, place, err := p.turn(p.lanes.turns(), nil, size)
	if err == nil {
		_, err = to.stream.Publish(0, make([]byte, size))
	}
	return place.Partition, err
}

// Messages without a key go to the partitions in turn, as many as fill a datagram each.
func TestTurns(t *testing.T) {
	_, p := lanesOf(t, 3)
	var runs []int
	last := uint32(9)
	for range 100 {
		at, err := put(p, 100)
		if err != nil {
			t.Fatal(err)
		}
		if at != last {
			if last < 3 && at != (last+1)%3 {
				t.Fatalf("after partition %d came %d", last, at)
			}
			runs, last = append(runs, 0), at
		}
		runs[len(runs)-1]++
	}
	for _, n := range runs[1 : len(runs)-1] {
		if n < 12 || n > 14 {
			t.Errorf("%d messages of 100 bytes went to one partition", n)
		}
	}
	if len(runs) < 7 {
		t.Errorf("100 messages in %d turns", len(runs))
	}
}

// A message without a key passes over partitions that are full or that others wait for, and never
// over one that waits longer.
func TestTurnsPassOver(t *testing.T) {
	s, p := lanesOf(t, 3)
	waits := p.lanes.join(&p.lanes.list[1])
	for { // until partition 2 is full
		if _, err := s.Stream(2).Publish(0, make([]byte, 1300)); err != nil {
			break
		}
	}
	for range 10 {
		if at, err := put(p, 1000); err != nil || at != 0 {
			t.Errorf("a message went to partition %d: %v", at, err)
		}
	}
	for range 20 {
		put(p, 1300)
	}
	if _, err := put(p, 1300); err != ErrFull {
		t.Errorf("all are full or waited for: %v", err)
	}
	if _, _, err := p.turn(&p.lanes.list[1], nil, 10); err != ErrFull {
		t.Errorf("one that came later goes first: %v", err)
	}
	if _, _, err := p.turn(&p.lanes.list[1], waits, 10); err != nil {
		t.Errorf("the first that waits: %v", err)
	}
	p.lanes.leave(&p.lanes.list[1], waits)
	any := p.lanes.join(&p.lanes.any)
	if _, err := put(p, 10); err != ErrFull {
		t.Errorf("one without a key goes before another that waits: %v", err)
	}
	p.lanes.leave(&p.lanes.any, any)
	if _, err := put(p, 10); err != nil {
		t.Errorf("when nobody waits: %v", err)
	}
}

// Room in a partition wakes who waits for it, and who waits for any; each once.
func TestRoomWakes(t *testing.T) {
	s, p := lanesOf(t, 2)
	for channel := range uint32(2) {
		for {
			if _, err := s.Stream(channel).Publish(0, make([]byte, 1300)); err != nil {
				break
			}
		}
	}
	l := &p.lanes
	own, other, any := l.join(&l.list[0]), l.join(&l.list[1]), l.join(&l.any)
	woken := func() (n [3]int) {
		for i, w := range []*waiter{own, other, any} {
			select {
			case <-w.turn:
				n[i]++
			default:
			}
		}
		return n
	}
	if l.wakeFreed(); woken() != [3]int{} {
		t.Error("somebody is woken for nothing")
	}
	for b, ok := s.Next(0); ok; b, ok = s.Next(0) {
		if s.Sent(b); s.Stream(0).Freed() > 0 {
			break
		}
	}
	if l.wakeFreed(); woken() != [3]int{1, 0, 1} && s.Stream(1).Freed() == 0 {
		t.Error("room in partition 0 wakes others")
	}
	if l.wakeFreed(); woken() != [3]int{} {
		t.Error("the same room wakes twice")
	}
	if l.wake(); woken() != [3]int{1, 1, 1} {
		t.Error("not all are woken")
	}
}

// counting is a Logger's handler that counts.
type counting struct {
	slog.Handler
	n *atomic.Int64
}

func (c counting) Enabled(context.Context, slog.Level) bool  { return true }
func (c counting) Handle(context.Context, slog.Record) error { c.n.Add(1); return nil }
func (c counting) WithAttrs([]slog.Attr) slog.Handler        { return c }

// A minute has eight sentences about clashes, and the next one as many; none comes after the end.
func TestClashesAreToldRarely(t *testing.T) {
	var n atomic.Int64
	m, err := directory.NewAnnouncer(directory.AnnouncerConfig{Session: 1, Topic: "orders",
		Publisher: "risk", Layout: topic.Layout{Partitions: 1, Groups: 1}})
	if err != nil {
		t.Fatal(err)
	}
	a := &announcer{p: &Publisher{cfg: Config{Topic: "orders", Logger: slog.New(counting{n: &n})}},
		machine: m}
	session := uint64(10)
	clash := func(now reliable.Time, times int) {
		for range times {
			session++
			m.Handle(now, netip.MustParseAddrPort("10.0.0.1:1"), &frame.Frame{Kind: frame.Announce,
				Session: session, Topic: []byte("orders"), Name: []byte("risk"),
				Announce: &frame.AnnounceBody{Partitions: 1, Groups: 1, Interval: time.Second}})
			a.tellClashes(now)
		}
		a.telling.Wait()
	}
	for _, c := range []struct {
		at   time.Duration
		want int64
	}{{time.Second, 8}, {59 * time.Second, 8}, {61 * time.Second, 16}} {
		if clash(reliable.Time(c.at), 20); n.Load() != c.want {
			t.Errorf("after %v %d were told, want %d", c.at, n.Load(), c.want)
		}
	}
	a.closed = true
	if clash(reliable.Time(5*time.Minute), 5); n.Load() != 16 {
		t.Errorf("after the end %d were told", n.Load())
	}
}

// Two feeds on one interface are announced there once.
func TestInterfacesOfFeeds(t *testing.T) {
	c := Config{Feeds: []Feed{{Interface: "eth0"}, {Interface: "eth1"}, {Interface: "eth0"}}}
	if names := c.interfaces(); len(names) != 2 || names[0] != "eth0" || names[1] != "eth1" {
		t.Errorf("announced on %q", names)
	}
	c = Config{Interface: "eth2"}
	if names := c.interfaces(); len(names) != 1 || names[0] != "eth2" {
		t.Errorf("announced on %q", names)
	}
}

// What is announced of a publisher's rate is over a second at least.
func TestRates(t *testing.T) {
	begin := time.Unix(1000, 0)
	r := rates{at: begin}
	for _, c := range []struct {
		after           time.Duration
		messages, bytes uint64
		want            directory.Facts
	}{
		{500 * time.Millisecond, 100, 5000, directory.Facts{Subscribers: 3}},
		{2 * time.Second, 400, 20000, directory.Facts{Messages: 200, Bytes: 10000, Subscribers: 3}},
		{2500 * time.Millisecond, 900, 90000,
			directory.Facts{Messages: 200, Bytes: 10000, Subscribers: 3}},
		{3 * time.Second, 500, 20100, directory.Facts{Messages: 100, Bytes: 100, Subscribers: 3}},
	} {
		st := send.Stats{Accepted: c.messages, AcceptedBytes: c.bytes, Members: 3}
		if got := r.facts(begin.Add(c.after), &st); !reflect.DeepEqual(got, c.want) {
			t.Errorf("after %v: %+v, want %+v", c.after, got, c.want)
		}
	}
}
