package receive

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// A subscriber of a topic gets what is published in all its partitions, however they share groups.
func TestPartitions(t *testing.T) {
	for _, groups := range []int{1, 4, 16} {
		q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 10})
		h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
		p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, groups)})
		q.pass(time.Second)
		for range 3000 {
			q.publish(p, uint32(q.rand.IntN(16)), 100)
			q.pass(20 * time.Microsecond)
		}
		q.pass(3 * time.Second)
		q.whole(h, p, upTo(16)...)
		want := 1 + groups
		if groups == 1 {
			want = 1
		}
		if _, list := h.Memberships(); len(list) != want {
			t.Errorf("%d groups: %v", groups, list)
		}
		for _, s := range h.Sessions() {
			if !s.Begun || s.Lost != 0 {
				t.Errorf("%+v", s)
			}
		}
		if n := len(h.Sessions()); n != 16 {
			t.Errorf("%d streams", n)
		}
	}
}

// One that wants some partitions joins their groups alone, and hears no data of others.
func TestOnePartition(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders", Partitions: []uint32{3, 7}}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, 16)})
	for i := range 320 {
		q.publish(p, uint32(i%16), 100)
	}
	q.pass(2 * time.Second)
	q.whole(h, p, 3, 7)
	all := p.groups
	if _, list := h.Memberships(); !slices.Equal(list,
		[]netip.AddrPort{all[0], all[4], all[8]}) {
		t.Errorf("%v of %v", list, all)
	}
	if st := h.Stats(); len(h.Sessions()) != 2 || st.OtherTopic != 0 {
		t.Errorf("%d streams, %+v", len(h.Sessions()), st)
	}
	if ev := h.told[0]; ev.Kind != reliable.SessionNew || ev.Title == nil ||
		ev.Title.Topic != "orders" || ev.Title.Layout.Partitions != 16 {
		t.Errorf("%+v", ev)
	}
}

// At rest a subscriber sends one STATUS an interval, which tells of all partitions.
func TestOneStatus(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, 16)})
	for i := range 160 {
		q.publish(p, uint32(i%16), 100)
	}
	q.pass(2 * time.Second)
	h.status = nil
	q.pass(10 * time.Second)
	if n := len(h.status); n < 12 || n > 28 {
		t.Errorf("%d STATUS in 10 s", n)
	}
	for _, f := range h.status {
		places := append([]frame.Progress{{Channel: f.Channel, Position: f.Position}},
			f.Positions...)
		slices.SortFunc(places, func(a, b frame.Progress) int { return int(a.Channel) - int(b.Channel) })
		if len(places) != 16 {
			t.Fatalf("%+v", places)
		}
		for c, one := range places {
			if one.Channel != uint32(c) || one.Position != 10 { // a frame for each message
				t.Errorf("%+v", one)
			}
		}
	}
	if list := p.Members(); len(list) != 1 || list[0].Lag != 0 {
		t.Errorf("%+v", list)
	}
}

// One that comes late has all partitions within the time of a HEARTBEAT or two, and begins each
// with what comes then.
func TestLateForPartitions(t *testing.T) {
	q := newSquare(t)
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, 16)})
	for i := range 160 {
		q.publish(p, uint32(i%16), 100)
	}
	q.pass(10 * time.Second)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	q.pass(time.Second)
	if n := len(h.Sessions()); n != 16 {
		t.Fatalf("%d streams", n)
	}
	for c := range p.sent {
		p.sent[c] = nil
	}
	for i := range 160 {
		q.publish(p, uint32(i%16), 100)
		q.pass(100 * time.Microsecond)
	}
	q.pass(time.Second)
	q.whole(h, p, upTo(16)...)
	if h.nacks != 0 {
		t.Errorf("%d NACKs", h.nacks)
	}
}

// One that lacks the SESSION of more partitions than fit a STATUS has them within a second, though
// no STATUS asks for more than 16: a publisher answers for no more.
func TestWantsOfManyPartitions(t *testing.T) {
	q := newSquare(t, way{delay: 50 * time.Microsecond, loss: 700})
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(256, 16)})
	q.pass(100 * time.Millisecond)
	q.feeds[0].loss = 0
	for i := range 256 {
		q.publish(p, uint32(i), 100)
	}
	q.pass(time.Second)
	for c := range 256 {
		if st := p.Stream(uint32(c)).Members(); len(st) != 1 {
			t.Fatalf("partition %d has the subscribers %v", c, st)
		}
	}
	q.whole(h, p, upTo(256)...)
	asks, channels := 0, 0
	for _, f := range h.status {
		if f.Flags&frame.WantSession == 0 {
			continue
		}
		asks, channels = asks+1, channels+1+len(f.Positions)
		if len(f.Positions) >= reliable.WelcomeChannels {
			t.Errorf("a STATUS asks for %d channels", 1+len(f.Positions))
		}
	}
	if channels < 64 {
		t.Errorf("%d STATUS ask for %d channels", asks, channels)
	}
}

// When the publisher closes, each partition ends, and it is told once that the subscriber goes.
func TestPartitionsEnd(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(8, 4)})
	for i := range 80 {
		q.pass(10 * time.Millisecond)
		q.publish(p, uint32(i%8), 100)
	}
	q.pass(time.Second)
	if !h.Awaits(q.now) {
		t.Error("nothing is awaited")
	}
	h.status = nil
	p.Close(q.now)
	q.pass(time.Second)
	q.whole(h, p, upTo(8)...)
	ends, leaves := 0, 0
	for _, ev := range h.told {
		if ev.Kind == reliable.SessionEnded && ev.Cause == reliable.CauseEnded {
			ends++
		}
	}
	for _, f := range h.status {
		if f.Flags&frame.Leaving != 0 {
			leaves++
			if len(f.Positions) != 7 {
				t.Errorf("%+v", f)
			}
		}
	}
	if ends != 8 || leaves < 1 || leaves > 2 || h.Awaits(q.now) {
		t.Errorf("%d ends, %d words of leave, awaits %v", ends, leaves, h.Awaits(q.now))
	}
	q.pass(stayTime + sweepTime)
	if !p.Finished(q.now) {
		t.Error("the publisher waits")
	}
	if _, list := h.Memberships(); !slices.Equal(slices.DeleteFunc(slices.Clone(list),
		func(a netip.AddrPort) bool { return !a.IsValid() }), []netip.AddrPort{topic.Home("orders",
		netip.AddrPort{})}) {
		t.Errorf("joined: %v", list)
	}
}

// A group is enough where the topic isn't known: its session leads to its other groups.
func TestPartitionsOfAGroup(t *testing.T) {
	base := netip.MustParseAddrPort("239.192.7.1:7000")
	for name, cfg := range map[string]Config{
		"a group": {Groups: []netip.AddrPort{base}},
		"a base":  {Topics: []Topic{{Base: base}}},
		"both":    {Topics: []Topic{{Name: "orders", Base: base}}},
	} {
		t.Run(name, func(t *testing.T) {
			q := newSquare(t)
			h := q.subscriber(cfg)
			p := q.publisher(send.Config{Topic: "orders",
				Layout: topic.Layout{Partitions: 6, Groups: 3, Base: base}})
			for i := range 60 {
				q.publish(p, uint32(i%6), 100)
			}
			q.pass(time.Second)
			q.whole(h, p, upTo(6)...)
			if _, list := h.Memberships(); len(list) != 4 {
				t.Errorf("%v", list)
			}
		})
	}
}
