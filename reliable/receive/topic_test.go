package receive

import (
	"bytes"
	"fmt"
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

// A topic that is followed later counts from then on, one that is left ends, and may be followed
// again.
func TestFollow(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "quotes", Layout: layout(4, 2)})
	q.publish(p, 0, 100)
	q.pass(time.Second)
	if len(h.told) != 0 || len(h.Sessions()) != 0 {
		t.Fatalf("%+v", h.told)
	}
	if !h.Follow(q.now, Topic{Name: "quotes"}) || h.Follow(q.now, Topic{Name: "quotes"}) {
		t.Fatal("followed twice, or not at all")
	}
	q.pass(2 * time.Second)
	p.sent = make([][][]byte, 4)
	for i := range 40 {
		q.publish(p, uint32(i%4), 100)
	}
	q.pass(time.Second)
	q.whole(h, p, upTo(4)...)
	h.Unfollow(q.now, "quotes")
	q.pass(stayTime)
	if n := h.count(reliable.SessionEnded); n != 4 || h.Awaits(q.now) {
		t.Errorf("%d of 4 ended, awaits %v", n, h.Awaits(q.now))
	}
	leaves := new(frame.Frame)
	for _, f := range h.status {
		if f.Flags&frame.Leaving != 0 {
			leaves = f
		}
	}
	if leaves.Flags&frame.Leaving == 0 || len(leaves.Positions) != 3 {
		t.Errorf("%v", leaves)
	}
	_, list := h.Memberships()
	joined := 0
	for _, g := range list {
		if g.IsValid() {
			joined++
		}
	}
	if joined != 1 {
		t.Errorf("joined: %v", list)
	}
	h.got = make(map[uint32][][]byte)
	if !h.Follow(q.now, Topic{Name: "quotes"}) {
		t.Fatal("not followed again")
	}
	q.pass(2 * time.Second)
	p.sent = make([][][]byte, 4)
	for i := range 40 {
		q.publish(p, uint32(i%4), 100)
	}
	q.pass(time.Second)
	q.whole(h, p, upTo(4)...)
}

// There are so many topics, and no more; those that can't be aren't followed.
func TestFollowIsBounded(t *testing.T) {
	l := newListener(t, Config{})
	for _, no := range []Topic{{}, {Name: "a*"}, {Name: "x", Partitions: []uint32{256}},
		{Base: netip.MustParseAddrPort("10.0.0.1:7700")}, {Name: "\x01"}} {
		if l.Follow(l.now, no) {
			t.Errorf("%+v is followed", no)
		}
	}
	for i := range MaxTopics + 1 {
		if ok := l.Follow(l.now, Topic{Name: fmt.Sprint("t", i)}); ok != (i < MaxTopics) {
			t.Fatalf("topic %d: %v", i, ok)
		}
	}
	if n := len(l.Topics()); n != MaxTopics {
		t.Errorf("%d topics", n)
	}
}

// sessionOf is a SESSION of a topic.
func sessionOf(t *testing.T, session uint64, channel uint32, name string,
	l topic.Layout) *frame.Frame {
	return rig.Made(t, frame.Frame{Kind: frame.Session, Session: session, Channel: channel,
		Topic: []byte(name), Time: 1 << 60, Wall: 1, Channels: uint32(l.Partitions),
		Groups: uint32(l.Groups), Base: l.Base})
}

// Groups follow from the topic that is followed here, and never from what a SESSION says.
func TestMadeUpLayouts(t *testing.T) {
	base := netip.MustParseAddrPort("239.192.1.1:7000")
	l := newListener(t, Config{Topics: []Topic{{Name: "orders"}}})
	home := topic.Home("orders", netip.AddrPort{})
	var before uint64
	for i, one := range []topic.Layout{{Partitions: 16, Groups: 16, Base: base},
		{Partitions: 1, Groups: 1, Base: base}, {Partitions: 1 << 30, Groups: 1},
		{Partitions: 300, Groups: 300}} {
		before = l.Stats().OtherLayout
		f := sessionOf(t, uint64(10+i), 0, "orders", topic.Layout{Partitions: 1, Groups: 1})
		f.Channels, f.Groups, f.Base = uint32(one.Partitions), uint32(one.Groups), one.Base
		l.hears(f)
		if _, list := l.Memberships(); len(list) != 1 || list[0] != home ||
			l.Stats().OtherLayout != before+1 || len(l.table.list) != 0 {
			t.Errorf("%+v: joined %v, %+v", one, list, l.Stats())
		}
	}
	l.hears(sessionOf(t, 20, 0, "other", layout(2, 1)))
	l.hears(rig.Data(t, 21, 5))
	l.hears(rig.Beat(t, 22, 5))
	if st := l.Stats(); st.OtherTopic != 3 || len(l.table.list) != 0 {
		t.Errorf("%+v", st)
	}
	// A layout that changes from frame to frame has no group joined and left as often.
	count := func() (n int) {
		_, list := l.Memberships()
		for _, g := range list {
			if g.IsValid() {
				n++
			}
		}
		return n
	}
	for i := range 2000 {
		if l.hears(sessionOf(t, 23, 0, "orders", layout(256-252*(i%2), 256-254*(i%2)))); i == 0 {
			before, _ = l.Memberships()
		}
		if l.now = l.now.Add(time.Millisecond); i%100 == 0 {
			l.Advance(l.now)
		}
	}
	if version, _ := l.Memberships(); version != before || count() != 257 ||
		l.Stats().OtherLayout < 990 {
		t.Errorf("%d groups after %d changes: %+v", count(), version-before, l.Stats())
	}
	for i := range 10 {
		l.now = l.now.Add(time.Second)
		f := sessionOf(t, 23, 0, "orders", layout(4, 2))
		f.Time += uint64(i)
		l.hears(f)
		l.Advance(l.now)
	}
	if count() != 3 {
		t.Errorf("%d groups", count())
	}
}

// Topics whose sessions fill the places of groups leave room for the home groups of others, and a
// group that there was no place for is joined when there is one.
func TestGroupsThatThereIsNoPlaceFor(t *testing.T) {
	l := newListener(t, Config{Selects: true})
	name := func(i int) string { return fmt.Sprint("t", i) }
	has := func(g netip.AddrPort) bool {
		_, list := l.Memberships()
		return slices.Contains(list, g)
	}
	for i := range MaxTopics {
		l.Follow(l.now, Topic{Name: name(i)})
		l.hears(sessionOf(t, uint64(10+i), 0, name(i), layout(256, 256)))
	}
	last := layout(256, 256)
	for i := range MaxTopics {
		if !has(topic.Home(name(i), netip.AddrPort{})) {
			t.Fatal("a home group isn't joined")
		}
	}
	if has(last.Group(name(MaxTopics-1), 255)) || l.Stats().GroupsRefused == 0 {
		t.Fatalf("%+v", l.Stats())
	}
	for i := range MaxTopics - 1 {
		l.Unfollow(l.now, name(i))
	}
	for i := range 10 {
		l.now = l.now.Add(time.Second)
		f := sessionOf(t, uint64(9+MaxTopics), 0, name(MaxTopics-1), last)
		f.Time += uint64(i)
		l.hears(f)
		l.Advance(l.now)
	}
	for c := range uint32(256) {
		if !has(last.Group(name(MaxTopics-1), c)) {
			t.Fatalf("the group of partition %d isn't joined", c)
		}
	}
}

// Sessions that come and go have no group joined and left as often.
func TestSessionsThatComeAndGo(t *testing.T) {
	l := newListener(t, Config{Topics: []Topic{{Name: "orders"}}})
	changes := uint64(0)
	last, _ := l.Memberships()
	for i := range uint64(1000) {
		l.hears(sessionOf(t, 100+i, 0, "orders", layout(256, 256)))
		l.hears(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 100 + i, Time: 1 << 60}))
		l.Advance(l.now)
		version, _ := l.Memberships()
		if changes += version - last; i == 0 {
			changes = 0
		}
		last = version
		l.now = l.now.Add(10 * time.Millisecond)
	}
	if changes > 2*256*2 {
		t.Errorf("%d groups joined or left", changes)
	}
}

// Thousands of sessions that a stranger makes up, with all channels there are, take bounded memory,
// and keep no honest publisher out.
func TestMadeUpPartitions(t *testing.T) {
	q := newSquare(t)
	h := q.subscriber(Config{Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders", Layout: layout(16, 16)})
	q.pass(time.Second)
	stranger := netip.MustParseAddrPort("10.66.0.6:666")
	for s := range uint64(600) {
		h.Handle(q.now, stranger, sessionOf(t, 0x1000+s, 0, "orders", layout(256, 256)))
		if s%8 != 0 {
			continue
		}
		for c := range uint32(300) {
			h.Handle(q.now, stranger, rig.Made(t, frame.Frame{Kind: frame.Heartbeat,
				Session: 0x1000 + s, Channel: c, Time: 1 << 60}))
		}
		h.poll(q)
	}
	if n := h.table.streams; n > maxStreams+topic.MaxPartitions || n < maxStreams {
		t.Errorf("%d further streams", n)
	}
	if _, list := h.Memberships(); len(list) > 257 {
		t.Errorf("%d groups", len(list))
	}
	if st := h.Stats(); st.OtherChannel < 44*75/2 || st.Refused == 0 {
		t.Errorf("%+v", st)
	}
	late := q.publisher(send.Config{Topic: "orders", Layout: layout(200, 16)})
	q.pass(100 * time.Millisecond)
	for i := range 800 {
		q.publish(p, uint32(i%16), 100)
		q.publish(late, uint32(i%200), 100)
	}
	q.pass(2 * time.Second)
	n := 0
	for c := range uint32(200) {
		n += len(h.got[c])
	}
	if n != 1600 {
		t.Errorf("%d messages of 1600", n)
	}
}

// Keys and headers come with their messages, whole or in parts, in order or not, and also where a
// run of messages is one event.
func TestKeysAndHeaders(t *testing.T) {
	for _, runs := range []bool{false, true} {
		for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
			l := newListener(t, Config{Runs: runs, Order: order})
			l.hears(rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1, Channels: 1}))
			frames, want := keyed(t)
			got := make([]string, len(want))
			var events [2]reliable.Run
			for _, i := range []int{0, 2, 1, 3, 5, 6, 4, 7} {
				l.Handle(l.now, rig.PublisherAddr, rig.Decoded(t, frames[i]))
				for n := l.Poll(events[:]); n > 0; n = l.Poll(events[:]) {
					for _, ev := range events[:n] {
						for more := ev.Kind == reliable.Message; more; more = ev.Next() {
							value, _ := ev.Header("h")
							got[ev.Offset] = fmt.Sprintf("%s %s %d", ev.Key(), value, len(ev.Payload))
						}
					}
				}
				l.Keep()
			}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("message %d: %q, want %q", i, got[i], want[i])
				}
			}
		}
	}
}

// keyed returns frames of messages with keys and headers, and what they are.
func keyed(t *testing.T) (frames [][]byte, want []string) {
	var b frame.Builder
	offset := uint64(0)
	properties := func(i int) frame.Properties {
		if i%3 == 2 {
			return nil
		}
		p, err := frame.AppendProperties(nil, fmt.Appendf(nil, "key%d", i),
			[]frame.MessageHeader{{Name: "h", Value: fmt.Appendf(nil, "v%d", i)}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	add := func(p frame.Properties, n int) {
		key, value := p.Key(), []byte(nil)
		if p != nil {
			value, _ = p.Header("h")
		}
		want = append(want, fmt.Sprintf("%s %s %d", key, value, n))
	}
	for seq := range uint64(8) {
		b.Open(make([]byte, 0, 600), 1, 0, seq, offset, 0)
		switch {
		case seq == 2: // the rest of a message that begins in the frame before
			b.Continue(bytes.Repeat([]byte("x"), 1000-b1))
			offset++
		case seq == 1:
			p := properties(int(offset))
			b1 = b.StartWith(p, bytes.Repeat([]byte("x"), 1000))
			add(p, 1000)
			frames = append(frames, b.Seal(false))
			continue
		}
		for range 3 {
			p := properties(int(offset))
			b.AddWith(p, []byte("hello"))
			add(p, 5)
			offset++
		}
		frames = append(frames, b.Seal(false))
	}
	return frames, want
}

// b1 is how much of the long message is in its first frame.
var b1 int
