package directory

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// poll returns a Listener's events, in words.
func poll(l *Listener) (words []string) {
	var events [8]Event
	for n := l.Poll(events[:]); n > 0; n = l.Poll(events[:]) {
		for _, e := range events[:n] {
			word := "found "
			if e.Gone {
				word = "gone "
			}
			if e.Ended {
				word = "ended "
			}
			words = append(words, word+e.Row.Topic)
		}
	}
	return words
}

func expect(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", when, got, want)
	}
}

// TestFound has a publisher found that begins later, one that ends, and one that dies.
func TestFound(t *testing.T) {
	n := newNet(t, 1)
	first := n.publisher(1)
	one := n.add(first)
	l := n.listener("topic-*")
	n.add(l)
	n.run(3 * time.Second)
	expect(t, "at first", poll(l), "found topic-1")
	second := n.add(n.publisher(2))
	n.add(n.publisher(3, func(c *AnnouncerConfig) { c.Topic = "other" }))
	n.run(1100 * time.Millisecond)
	expect(t, "a second later", poll(l), "found topic-2")
	if !l.Lives("topic-2") || l.Lives("other") || l.Stats().Publishers != 3 {
		t.Errorf("wrong topics live: %+v", l.Stats())
	}
	first.Close(n.now)
	n.settle(one)
	n.run(time.Millisecond)
	expect(t, "after the end", poll(l), "ended topic-1")
	if !first.Finished() {
		t.Error("a closed Announcer isn't finished")
	}
	second.up = false
	n.run(3 * time.Second)
	expect(t, "3 s after a death", poll(l))
	n.run(4 * time.Second)
	expect(t, "7 s after a death", poll(l), "gone topic-2")
}

// TestAnswer answers within milliseconds where there are few publishers, and what a publisher
// announces arrives.
func TestAnswer(t *testing.T) {
	facts := Facts{5, 6, 7, []Team{{"risk", reliable.ByPartition, 4, 0},
		{"audit", reliable.ByMessage, 1, 3112}}}
	n := newNet(t, 1)
	n.add(n.publisher(1, func(c *AnnouncerConfig) {
		c.Topic, c.Layout = "orders", topic.Layout{Partitions: 40, Groups: 16}
		c.Publisher, c.Host, c.PID = "risk", "desk", 99
		c.Control = netip.MustParseAddrPort("10.9.9.9:1234")
		c.Facts = func(reliable.Time) Facts { return facts }
	}))
	n.run(20 * time.Second)
	l := n.listener("ord*")
	l.cfg.Spread = 0
	n.add(l)
	n.run(5 * time.Millisecond)
	rows := slices.Collect(l.Rows())
	if len(rows) != 1 || l.Stats().Answers != 1 {
		t.Fatalf("%d rows: %+v", len(rows), l.Stats())
	}
	got := *rows[0]
	want := Row{Session: 2, Topic: "orders", Layout: topic.Layout{Partitions: 40, Groups: 16},
		Publisher: "risk", Host: "desk", PID: 99, Addr: netip.MustParseAddrPort("10.9.9.9:1234"),
		Wall: 1, Facts: facts, First: got.First, Heard: got.First}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

// TestAskedOften floods a publisher with questions: it answers 4 a second, one asker once, and a
// number once.
func TestAskedOften(t *testing.T) {
	n := newNet(t, 1)
	a := n.publisher(1)
	one := n.add(a)
	n.run(5 * time.Second)
	ask := func(from int, request uint64) {
		a.Handle(n.now, address(from), frameOf(t, &frame.Frame{Kind: frame.Find, Subscriber: 1,
			Request: request, Find: &frame.FindBody{What: frame.FindTopics, Topic: []byte("*")}}))
		n.settle(one)
	}
	for i := range 10 {
		ask(500, uint64(i+1))
	}
	n.run(900 * time.Millisecond)
	if s := a.Stats(); s.Answered != 1 || s.Refused != 9 {
		t.Errorf("one asker: %+v", s)
	}
	n.run(time.Second)
	ask(500, 1)
	n.run(100 * time.Millisecond)
	if s := a.Stats(); s.Answered != 1 {
		t.Errorf("a number twice: %+v", s)
	}
	n.run(2 * time.Second)
	for i := range 1000 {
		ask(1000+i, uint64(i+100))
		n.run(2 * time.Millisecond)
	}
	if s := a.Stats(); s.Answered < 9 || s.Answered > 1+3*answersAtOnce {
		t.Errorf("1,000 askers within 2 s: %+v", s)
	}
	ask(1, 0)
	for _, pattern := range []string{"other", "a,b", "\x00"} {
		n.run(2 * time.Second)
		before := a.Stats().Answered
		a.Handle(n.now, address(3), frameOf(t, &frame.Frame{Kind: frame.Find, Request: uint64(n.now),
			Find: &frame.FindBody{What: frame.FindTopics, Topic: []byte(pattern)}}))
		n.settle(one)
		n.run(2 * time.Second)
		if a.Stats().Answered != before {
			t.Errorf("the pattern %q was answered", pattern)
		}
	}
}

// announce returns an announcement of a made-up publisher.
func announce(t *testing.T, session uint64, change ...func(*frame.Frame)) *frame.Frame {
	f := &frame.Frame{Kind: frame.Announce, Session: session, Topic: []byte("topic-1"),
		Announce: &frame.AnnounceBody{Partitions: 1, Groups: 1, Interval: time.Second}}
	for _, c := range change {
		c(f)
	}
	return frameOf(t, f)
}

// TestMadeUp has one address announce more than any publisher would: it gets a bounded part of
// the tables, and silences nobody.
func TestMadeUp(t *testing.T) {
	n := newNet(t, 1)
	a := n.publisher(1)
	one := n.add(a)
	l := n.listener("*")
	two := n.add(l)
	n.run(2 * time.Second)
	from := netip.MustParseAddrPort("10.66.6.6:666")
	hear := func(f *frame.Frame, from netip.AddrPort) {
		for _, o := range []*node{one, two} {
			o.Handle(n.now, from, f)
			n.settle(o)
		}
	}
	f := announce(t, 1)
	for i := range uint64(2 * maxShare) {
		f.Session = 1000 + i
		hear(f, from)
	}
	if s := l.Stats(); s.Rows != maxShare+1 || s.Crowded != maxShare {
		t.Errorf("made-up publishers: %+v", s)
	}
	if s := a.Stats(); s.Publishers != maxShare+1 || s.Crowded != maxShare {
		t.Errorf("made-up publishers: %+v", s)
	}
	if len(l.events) > maxEvents || l.Stats().EventsLost == 0 {
		t.Errorf("%d events wait", len(l.events))
	}
	// The flood goes on: the publisher announces more rarely, but it does.
	before := a.Stats().Announced
	for range 2400 {
		for range 20 {
			f.Session++
			if f.Session >= 1000+maxShare {
				f.Session = 1000
			}
			hear(f, from)
		}
		n.run(100 * time.Millisecond)
	}
	if got := a.Stats().Announced - before; got < 1 {
		t.Errorf("a publisher announced %d times in 4 minutes of flood", got)
	}
	// An address that has no rows still gets one.
	f.Session = 5
	hear(f, address(77))
	if l.roster.find(5) == nil {
		t.Error("one address had all places")
	}
	for i := range uint64(MaxPublishers) {
		f.Session = 1<<20 + i
		hear(f, address(int(i)))
	}
	if s := l.Stats(); s.Publishers != MaxPublishers || s.Rows != MaxPublishers {
		t.Errorf("a full table: %+v", s)
	}
	n.run(3 * lifetime(time.Second, MaxPublishers))
	if s := l.Stats(); s.Publishers > 1 {
		t.Errorf("long after the flood: %+v", s)
	}
}

// TestMalformed refuses what no publisher announces.
func TestMalformed(t *testing.T) {
	n := newNet(t, 1)
	l := n.listener("*")
	n.add(l)
	for _, name := range []string{"a*", "a,b", "\x1b[31m", "\xff", "a\nb"} {
		l.Handle(n.now, address(1), announce(t, 9, func(f *frame.Frame) { f.Topic = []byte(name) }))
	}
	// A base whose groups leave the multicast addresses.
	l.Handle(n.now, address(1), announce(t, 9, func(f *frame.Frame) {
		f.Announce.Base = netip.MustParseAddrPort("239.255.255.255:1")
		f.Announce.Partitions, f.Announce.Groups = 256, 256
	}))
	if s := l.Stats(); s.Malformed != 6 || s.Rows != 0 || s.Publishers != 0 {
		t.Errorf("%+v", s)
	}
	l.Handle(n.now, address(1), announce(t, 9, func(f *frame.Frame) { f.Request = 12345 }))
	if s := l.Stats(); s.Unasked != 1 || s.Rows != 0 {
		t.Errorf("an answer that nobody asked for: %+v", s)
	}
	// A name may have any characters: who prints it has to look.
	l.Handle(n.now, address(1), announce(t, 9, func(f *frame.Frame) { f.Name = []byte("\x1b[2J") }))
	if s := l.Stats(); s.Rows != 1 {
		t.Errorf("%+v", s)
	}
}

// TestImpostor announces and ends a publisher from another address: neither is believed, until
// the publisher was silent for long.
func TestImpostor(t *testing.T) {
	n := newNet(t, 1)
	l := n.listener("*")
	one := n.add(l)
	hear := func(from int, interval time.Duration) {
		l.Handle(n.now, address(from), announce(t, 9, func(f *frame.Frame) {
			f.Announce.Interval = interval
		}))
		n.settle(one)
	}
	hear(1, time.Second)
	hear(2, time.Second)
	hear(2, 0)
	if s := l.Stats(); s.Rows != 1 || s.Foreign != 1 || l.roster.find(9).from != address(1) {
		t.Errorf("%+v", s)
	}
	half := lifetime(time.Second, 1) / 2
	n.run(half - time.Millisecond)
	if hear(2, time.Second); l.roster.find(9).from != address(1) {
		t.Error("a publisher moved before half of its time was over")
	}
	n.run(time.Millisecond) // its host has another address from now on
	hear(2, time.Second)
	if p := l.roster.find(9); p == nil || p.from != address(2) || len(l.roster.shares) != 1 {
		t.Errorf("a publisher that moved: %+v, places %v", p, l.roster.shares)
	}
	hear(2, 0)
	if l.Stats().Rows != 0 || len(l.roster.shares) != 0 {
		t.Errorf("%+v, places %v", l.Stats(), l.roster.shares)
	}
	expect(t, "in all", poll(l), "found topic-1", "ended topic-1")
	// Publishers believe as much of each other.
	a := n.publisher(1)
	a.Handle(n.now, address(1), announce(t, 9))
	for _, interval := range []time.Duration{time.Second, 0} {
		a.Handle(n.now, address(2), announce(t, 9, func(f *frame.Frame) {
			f.Announce.Interval = interval
		}))
	}
	if s := a.Stats(); s.Publishers != 2 || s.Foreign != 1 {
		t.Errorf("at a publisher: %+v", s)
	}
}

// TestVersion has a table change with each announcement of a row, and with its end, but by none of
// the same session for another topic.
func TestVersion(t *testing.T) {
	l := newNet(t, 1).listener("*")
	for i, c := range []struct {
		name     string
		pid      uint32
		interval time.Duration
		version  uint64
		want     uint32
	}{
		{"topic-1", 1, time.Second, 1, 1}, {"topic-1", 2, time.Second, 2, 2},
		{"topic-2", 3, time.Second, 2, 2}, {"topic-1", 4, 0, 3, 0},
	} {
		l.Handle(reliable.Time(i+1), address(1), announce(t, 9, func(f *frame.Frame) {
			f.Topic, f.Announce.PID, f.Announce.Interval = []byte(c.name), c.pid, c.interval
		}))
		pid := uint32(0)
		for row := range l.Rows() {
			pid = row.PID
		}
		if l.Version() != c.version || pid != c.want {
			t.Errorf("announcement %d: version %d, process %d; want %d, %d", i, l.Version(), pid,
				c.version, c.want)
		}
	}
}

// TestFeeds hears a publisher on two feeds, on each from another address: it is one, and lives for
// as long as it is heard on either.
func TestFeeds(t *testing.T) {
	n := newNet(t, 1)
	l := n.listener("*")
	one := n.add(l)
	for i := range 20 {
		for feed := range 2 {
			if i > 4 && feed == 0 {
				continue // the first feed is down
			}
			f := announce(t, 9)
			f.Feed = feed
			l.Handle(n.now, address(feed+1), f)
			n.settle(one)
		}
		n.run(time.Second)
	}
	if s := l.Stats(); s.Rows != 1 || s.Foreign != 0 || l.roster.find(9).from != address(1) {
		t.Errorf("%+v", s)
	}
	n.run(10 * time.Second)
	expect(t, "in all", poll(l), "found topic-1", "gone topic-1")
}

// TestClashes tells a publisher of others with its name, its groups or another layout.
func TestClashes(t *testing.T) {
	n := newNet(t, 1)
	base := netip.MustParseAddrPort("239.1.1.1:7700")
	a := n.publisher(1, func(c *AnnouncerConfig) {
		c.Topic, c.Publisher = "orders", "risk"
		c.Layout = topic.Layout{Partitions: 4, Groups: 4, Base: base}
	})
	n.add(a)
	say := func(session uint64, name, publisher string, partitions uint32, base string) {
		for range 2 { // it is told once
			a.Handle(n.now, address(int(session)), announce(t, session, func(f *frame.Frame) {
				f.Topic, f.Name = []byte(name), []byte(publisher)
				f.Announce.Partitions, f.Announce.Groups = partitions, partitions
				f.Announce.Base = netip.MustParseAddrPort(base)
			}))
		}
	}
	say(10, "orders", "other", 4, "239.1.1.1:7700")   // another publisher of the topic
	say(11, "orders", "risk", 4, "239.1.1.1:7700")    // the same one twice
	say(12, "orders", "third", 2, "239.1.1.1:7700")   // other partitions
	say(13, "quotes", "risk", 4, "239.1.1.5:7700")    // 239.1.1.5 is the last of ours
	say(14, "quotes", "risk", 4, "239.1.1.6:7700")    // next to ours
	say(15, "quotes", "risk", 4, "239.1.1.1:7701")    // another port
	say(16, "quo*es", "risk", 4, "239.1.1.5:7700")    // no topic
	say(17, "orders", "risk", 4, "239.255.255.255:1") // no groups
	var got []string
	for c, ok := a.TakeClash(); ok; c, ok = a.TakeClash() {
		got = append(got, fmt.Sprintf("%v of %d %s %s at %v, group %v", c.Kind, c.Session, c.Topic,
			c.Publisher, c.Addr, c.Group))
	}
	none := netip.AddrPort{}
	expect(t, "clashes", got,
		fmt.Sprintf("same name of 11 orders risk at %v, group %v", address(11), none),
		fmt.Sprintf("other layout of 12 orders third at %v, group %v", address(12), none),
		fmt.Sprintf("same group of 13 quotes risk at %v, group 239.1.1.5:7700", address(13)))
	say(18, "fx", "risk", 4, "239.1.1.1:7700") // all groups are ours: the first is told
	if c, ok := a.TakeClash(); !ok || c.Group != base {
		t.Errorf("%+v", c)
	}
	if c, ok := a.TakeClash(); ok {
		t.Errorf("%+v", c)
	}
	nameless := n.publisher(1, func(c *AnnouncerConfig) { c.Publisher = "" })
	nameless.Handle(n.now, address(1), announce(t, 9))
	if c, ok := nameless.TakeClash(); ok {
		t.Errorf("of two without a name: %+v", c)
	}
	if a.Stats().Clashes != 4 {
		t.Errorf("%+v", a.Stats())
	}
	for i := range uint64(100) {
		say(100+i, "orders", "risk", 4, "239.1.1.1:7700")
	}
	if len(a.clashes.waiting) > maxClashes {
		t.Errorf("%d clashes wait", len(a.clashes.waiting))
	}
}

// TestLeaving says nothing at the end of a topic that was never announced, or among many.
func TestLeaving(t *testing.T) {
	n := newNet(t, 1)
	a := n.publisher(1)
	a.Close(n.now)
	if n.add(a); len(n.announced) != 0 || !a.Finished() {
		t.Errorf("%d announcements of a topic that never began", len(n.announced))
	}
	b := n.publisher(2)
	one := n.add(b)
	n.run(2 * time.Second)
	for i := range uint64(crowd) {
		b.Handle(n.now, address(9), announce(t, 100+i))
	}
	before := len(n.announced)
	b.Close(n.now)
	if n.settle(one); len(n.announced) != before || !b.Finished() {
		t.Error("one of many ends said so")
	}
}

// TestDraw holds the functions that draw times.
func TestDraw(t *testing.T) {
	if got := share(time.Hour, unit/2); got != time.Hour/2 {
		t.Errorf("half an hour is %v", got)
	}
	if got := share(500*time.Second, unit-1); got > 500*time.Second || got < 499*time.Second {
		t.Errorf("nearly 500 s is %v", got)
	}
	d := newDice(1)
	for range 1000 {
		if got := d.below(time.Second); got < 0 || got >= time.Second {
			t.Fatalf("a draw of %v", got)
		}
	}
	var w window
	for i := range crowd {
		if at := w.free(crowd); at > reliable.Time(i) {
			t.Fatalf("%d of %d in the last second: free at %v", i, crowd, at)
		}
		w.add(reliable.Time(i + 1))
	}
	if at := w.free(crowd); at != reliable.Time(1).Add(time.Second) {
		t.Errorf("free at %v", at)
	}
	if at := w.free(full); at != reliable.Time(crowd-full+1).Add(time.Second) {
		t.Errorf("free at %v", at)
	}
}
