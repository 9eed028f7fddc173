package receive

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/send"
	"crier/reliable/topic"
)

// joinedGroups returns the number of groups that are joined.
func joinedGroups(r *Receiver) (n int) {
	_, list := r.Memberships()
	for _, g := range list {
		if g.IsValid() {
			n++
		}
	}
	return n
}

// The data groups of a session that is silent are left after a minute, each when its own is over,
// and joined again when its publisher wakes.
func TestSilentSessionsLeaveTheirGroups(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}, {Name: "quotes"}}})
	one := q.publisher(send.Config{Topic: "orders", Layout: layout(2, 2)})
	two := q.publisher(send.Config{Topic: "quotes", Layout: layout(2, 2)})
	q.pass(time.Second)
	one.stands = true
	q.pass(20 * time.Second)
	two.stands = true
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{partTime - 20*time.Second, 6}, {5 * time.Second, 4}, {14 * time.Second, 4},
		{8 * time.Second, 2}} {
		q.pass(c.after)
		if n := joinedGroups(h.Receiver); n != c.want {
			t.Errorf("at %v %d groups are joined, want %d", time.Duration(q.now), n, c.want)
		}
	}
	one.stands = false
	q.pass(time.Second)
	for i := range 20 {
		q.publish(one, uint32(i%2), 100)
	}
	q.pass(time.Second)
	if q.whole(h, one, 0, 1); joinedGroups(h.Receiver) != 4 {
		t.Errorf("%d groups are joined after a publisher woke", joinedGroups(h.Receiver))
	}
}

// A publisher whose SESSION comes isn't silent, though nothing comes of the partition that is
// wanted.
func TestAnnouncedIsNotSilent(t *testing.T) {
	l := newListener(t, Config{Topics: []Topic{{Name: "orders", Partitions: []uint32{3}}}})
	l.hears(sessionOf(t, 7, 3, "orders", layout(4, 4)))
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 7, Channel: 3, Time: 1 << 60}))
	for i := range 25 {
		l.pass(400*time.Millisecond, false)
		f := sessionOf(t, 7, uint32(i%3), "orders", layout(4, 4))
		f.Time += uint64(i+1) * 4e8
		l.hears(f)
	}
	for _, ev := range l.told {
		if ev.Kind == reliable.SessionSilent {
			t.Errorf("%+v", ev)
		}
	}
	if n := len(l.Sessions()); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// Each of several home groups has its own partitions, and leads to groups behind itself alone.
func TestSeveralBases(t *testing.T) {
	bases := []netip.AddrPort{netip.MustParseAddrPort("239.192.1.1:7000"),
		netip.MustParseAddrPort("239.192.2.1:7000")}
	l := newListener(t, Config{Topics: []Topic{{Base: bases[0], Partitions: []uint32{0}},
		{Base: bases[1], Partitions: []uint32{1}}}})
	_, list := l.Memberships()
	for i, base := range bases {
		index := slices.Index(list, base)
		for channel := range uint32(2) {
			f := rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: uint64(10 + i),
				Channel: channel, Time: 1 << 60})
			f.GroupIndex = index
			before := l.Stats().Unwanted
			l.hears(f)
			if unwanted := l.Stats().Unwanted > before; unwanted != (int(channel) != i) {
				t.Errorf("base %d, partition %d: unwanted %v", i, channel, unwanted)
			}
		}
	}
	for i, c := range []struct {
		base   netip.AddrPort
		groups int
	}{{bases[1], 2}, {netip.AddrPort{}, 2}, {bases[0], 3}} {
		f := sessionOf(t, uint64(20+i), 0, "any", topic.Layout{Partitions: 4, Groups: 4, Base: c.base})
		f.GroupIndex = slices.Index(list, bases[0])
		if l.hears(f); joinedGroups(l.Receiver) != c.groups {
			t.Errorf("by a SESSION of base %v %d groups are joined", c.base, joinedGroups(l.Receiver))
		}
	}
	// A name and a base: who has the name and another base isn't followed.
	l = newListener(t, Config{Topics: []Topic{{Name: "orders", Base: bases[0]}}})
	for i, base := range []netip.AddrPort{bases[1], {}, bases[0]} {
		l.hears(sessionOf(t, uint64(30+i), 0, "orders",
			topic.Layout{Partitions: 1, Groups: 1, Base: base}))
		if followed := l.Receiver.session(uint64(30+i)) != nil; followed != (base == bases[0]) {
			t.Errorf("a session of base %v: followed %v", base, followed)
		}
	}
	if n := l.Stats().OtherLayout; n != 2 {
		t.Errorf("%d of another layout", n)
	}
}

// What comes of a topic that was left begins nothing any more.
func TestLeftTopicBeginsNothing(t *testing.T) {
	l := newListener(t, Config{Topics: []Topic{{Name: "orders"}}})
	l.hears(sessionOf(t, 7, 0, "orders", layout(4, 4)))
	l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 7, Time: 1 << 60}))
	hears := func(name string) bool {
		goesOn, _ := l.Hears(l.now, name)
		return goesOn
	}
	if !hears("orders") || hears("quotes") {
		t.Error("another topic is heard, or none")
	}
	l.Unfollow(l.now, "orders")
	l.poll()
	l.hears(channelData(t, 7, 2, 5))
	l.hears(sessionOf(t, 7, 3, "orders", layout(4, 4)))
	if n := len(l.Sessions()); n != 1 || hears("orders") {
		t.Errorf("%d streams, heard: %v", n, hears("orders"))
	}
}

// The end of all partitions that are wanted is the end of what is awaited, whatever goes on in
// others.
func TestAwaitsWantedPartitions(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders", Partitions: []uint32{3, 7}}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, 16)})
	for i := range 32 {
		q.publish(p, uint32(i%16), 100)
	}
	q.pass(time.Second)
	for _, c := range []uint32{3, 7} {
		if g := h.DataGroup(p.Session(), c); g != p.groups[1+c] {
			t.Errorf("the data of partition %d comes by %v", c, g)
		}
	}
	p.Close(q.now)
	q.pass(100 * time.Millisecond)
	if q.whole(h, p, 3, 7); h.Awaits(q.now) {
		t.Error("more is awaited after the end")
	}
}

// Who hears of a session by the SESSION of another partition than those that are wanted asks for
// its own at once.
func TestAsksForItsPartition(t *testing.T) {
	l := newListener(t, Config{Topics: []Topic{{Name: "orders", Partitions: []uint32{3}}}})
	l.hears(sessionOf(t, 7, 0, "orders", layout(16, 16)))
	b, ok := l.Next(l.now)
	if !ok {
		t.Fatal("nothing is asked for")
	}
	if f := rig.Decoded(t, b.Data); f.Kind != frame.Status || f.Channel != 3 ||
		f.Flags&frame.WantSession == 0 || b.To != rig.PublisherAddr {
		t.Errorf("%v to %v", f, b.To)
	}
}

// The layout that is told of a topic is the one with most partitions, in whatever order they come.
func TestLargestLayout(t *testing.T) {
	for _, order := range [][]int{{4, 16}, {16, 4}} {
		l := newListener(t, Config{Topics: []Topic{{Name: "orders"}}})
		for i, n := range order {
			l.hears(sessionOf(t, uint64(7+i), 0, "orders", layout(n, 2)))
		}
		if st := l.Topics()[0]; st.Layout.Partitions != 16 || st.Sessions != 2 {
			t.Errorf("%v: %+v", order, st)
		}
	}
}

// Groups that nobody needs any more make room for others at once, though they stay joined for some
// time otherwise; the place of one that was left isn't given to another while datagrams may wait
// that came by it; and what can't be joined is counted.
func TestMemberships(t *testing.T) {
	m := memberships{at: make(map[netip.AddrPort]*joinedGroup), due: reliable.Never}
	group := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 1, 0, byte(i)}), 7700)
	}
	now := reliable.Time(time.Second)
	for i := range 5 {
		if !m.join(now, group(i), 5) {
			t.Fatalf("group %d isn't joined", i)
		}
	}
	if m.join(now, group(9), 5) || m.refused != 1 {
		t.Errorf("a sixth group is joined, %d refused", m.refused)
	}
	m.leave(now, group(1))
	m.leave(now, group(2))
	if m.join(now, group(1), 5); m.unused != 1 || len(m.at) != 5 {
		t.Errorf("%d unused of %d", m.unused, len(m.at))
	}
	if !m.join(now, group(6), 5) || m.unused != 0 || slices.Contains(m.list, group(2)) {
		t.Errorf("%d unused of %v", m.unused, m.list)
	}
	if m.at[group(6)].place == 2 {
		t.Error("another group has the place of one that was just left")
	}
	m.leave(now, group(6))
	if due := m.due; due != now.Add(stayTime) {
		t.Errorf("the next is left at %v", time.Duration(due))
	}
	m.sweep(m.due, false)
	if slices.Contains(m.list, group(6)) || len(m.at) != 4 {
		t.Errorf("joined: %v", m.list)
	}
	l := newListener(t, Config{Topics: []Topic{{Name: "orders"}}})
	l.NotJoined(group(1)) // which was left meanwhile
	if l.NotJoined(topic.Home("orders", netip.AddrPort{})); l.Stats().NotJoined != 1 {
		t.Errorf("%d not joined", l.Stats().NotJoined)
	}
}
