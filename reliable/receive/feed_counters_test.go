package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// byFeed gives the Receiver a frame that came by a feed.
func (l *listener) byFeed(feed int, f *frame.Frame) {
	f.Feed = feed
	l.Handle(l.now, rigFeed[feed], f)
	l.poll()
}

// Each feed's counters say what it brought, brought first, filled and lost: also what it lost
// before its first frame and behind its last one, and not what it merely reordered.
func TestFeedCounters(t *testing.T) {
	l := newListener(t, Config{Feeds: 2})
	l.byFeed(0, rig.Beat(t, 1, 0))
	l.byFeed(1, rig.Beat(t, 1, 0))
	bring := func(feed int, seqs ...uint64) {
		for _, seq := range seqs {
			l.now = l.now.Add(time.Microsecond)
			l.byFeed(feed, rig.Data(t, 1, seq))
		}
	}
	bring(1, 0, 1, 2)
	bring(0, 1, 2)                 // 0 is lost here
	bring(0, 3, 4, 6)              // and 5
	bring(1, 4, 3, 5)              // out of order; 5 fills
	bring(1, 6, 7)                 //
	bring(0, 8)                    // 7 is lost here
	l.byFeed(1, rig.Beat(t, 1, 9)) // 8 is lost there
	want := []FeedStats{
		{Feed: 0, Source: rigFeed[0], Frames: 6, First: 4, Lost: 3},
		{Feed: 1, Source: rigFeed[1], Frames: 8, First: 5, Filled: 1, Lost: 1},
	}
	for i, got := range l.Feeds(1) {
		if got.SkewP50, got.SkewP99 = 0, 0; got != want[i] {
			t.Errorf("\n got %+v\nwant %+v", got, want[i])
		}
	}
	if st := l.Sessions()[0]; st.Delivered != 9 {
		t.Errorf("%+v", st)
	}
}

// A feed that never brings anything of a publisher with two is told to be down, once.
func TestFeedThatNeverBrings(t *testing.T) {
	q, h, p := feedsOf(t, 100, nil, way{delay: 50 * us}, way{dead: true})
	for range 1000 {
		q.publish(p, 0, 100)
		q.pass(500 * us)
	}
	if n := h.count(reliable.FeedDown); n != 1 || h.count(reliable.FeedUp) != 0 {
		t.Errorf("%d down, %d up", n, h.count(reliable.FeedUp))
	}
	if list := h.Feeds(p.Session()); len(list) != 2 || list[0].Down || !list[1].Down {
		t.Errorf("%+v", list)
	}
}

// Another process on the publisher's host takes no feed that brings something.
func TestAnotherPortByAFeed(t *testing.T) {
	q, h, p := feedsOf(t, 100, nil, way{delay: 50 * us}, way{delay: 150 * us})
	for feed := range 2 {
		f := rig.Beat(t, p.Session(), 100)
		f.Feed, f.Time = feed, uint64(q.now-1e9)
		h.Handle(q.now, netip.AddrPortFrom(p.at[feed].Addr(), 9999), f)
		if list := h.Feeds(p.Session()); list[feed].Source != p.at[feed] {
			t.Errorf("feed %d comes from %v", feed, list[feed].Source)
		}
	}
	if h.count(reliable.SessionMoved) != 0 {
		t.Error("the session has moved")
	}
}

// A subscriber that was suspended takes no feed for one that is down.
func TestSuspendedWithFeeds(t *testing.T) {
	q, h, p := feedsOf(t, 1000, nil, way{delay: 50 * us}, way{delay: 150 * us})
	q.now = q.now.Add(10 * time.Second) // all sleep
	for range 1000 {
		q.publish(p, 0, 100)
		q.pass(100 * us)
	}
	q.pass(500 * time.Millisecond)
	q.whole(h, p, 0)
	if n := h.count(reliable.FeedDown); n != 0 {
		t.Errorf("%d feeds are told to be down", n)
	}
}

// A feed that comes and goes is told each time.
func TestFeedFlaps(t *testing.T) {
	q, h, p := feedsOf(t, 100, nil, way{delay: 50 * us}, way{delay: 150 * us})
	for i := range 5000 {
		if i%1000 == 0 && i > 0 {
			q.feeds[1].dead = !q.feeds[1].dead
		}
		q.publish(p, 0, 100)
		q.pass(500 * us)
	}
	if down, up := h.count(reliable.FeedDown), h.count(reliable.FeedUp); down != 2 || up != 2 {
		t.Errorf("%d down, %d up", down, up)
	}
}

// An application that is behind hears of a feed as it is when it reads on: never of a feed that is
// up again before it heard that it was down.
func TestFeedFlapsBehindOnesBack(t *testing.T) {
	q, h, p := feedsOf(t, 100, nil, way{delay: 50 * us}, way{delay: 150 * us})
	lasts := func(d time.Duration) {
		for end := q.now.Add(d); q.now < end; q.pass(500 * us) {
			q.publish(p, 0, 100)
		}
	}
	told := func(down, up int) {
		t.Helper()
		if d, u := h.count(reliable.FeedDown), h.count(reliable.FeedUp); d != down || u != up {
			t.Errorf("%d down, %d up; not %d and %d", d, u, down, up)
		}
	}
	flap := func(dead ...bool) {
		h.behind = true
		for _, q.feeds[1].dead = range dead {
			lasts(time.Second)
		}
		h.behind = false
		lasts(100 * time.Millisecond)
	}
	flap(true, false)
	told(0, 0)
	flap(true, false, true)
	told(1, 0)
	flap(false, true)
	told(1, 0)
	flap(false)
	told(1, 1)
}

// A source that spoke first by a feed loses it once the publisher's SESSION names others, and the
// memory for what came first is given back at the end.
func TestFeedIsGivenBack(t *testing.T) {
	l := newListener(t, Config{Feeds: 2})
	l.byFeed(0, rig.Beat(t, 1, 0))
	stranger := rig.Beat(t, 1, 0)
	stranger.Feed = 1
	l.Handle(l.now, rig.Elsewhere[0], stranger)
	if list := l.Feeds(1); len(list) != 2 || list[1].Source != rig.Elsewhere[0] {
		t.Fatalf("%+v", list)
	}
	l.byFeed(0, rig.Made(t, frame.Frame{Kind: frame.Session, Session: 1, Channels: 1, Time: 1<<60 + 1,
		Controls: rigFeed[:]}))
	if list := l.Feeds(1); list[1].Source.IsValid() {
		t.Errorf("%+v", list)
	}
	for seq := range uint64(4) {
		for feed := range 2 {
			l.byFeed(feed, rig.Data(t, 1, seq))
		}
	}
	if list := l.Feeds(1); list[1].Source != rigFeed[1] || list[1].Frames != 4 {
		t.Errorf("%+v", list)
	}
	if l.mem.used == 0 {
		t.Error("nothing is remembered")
	}
	l.byFeed(0, rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1, Time: 1<<60 + 2, NextSeq: 4,
		NextOffset: 4}))
	l.pass(5*time.Second, false)
	if l.mem.used != 0 {
		t.Errorf("%d bytes are kept at the end", l.mem.used)
	}
}

// What is said of how late copies come is true within an eighth.
func TestSkew(t *testing.T) {
	var k skew
	if k.quantile(50) != 0 {
		t.Error("something of nothing")
	}
	for i := range 1000 {
		k.note(time.Duration(i+1) * time.Microsecond)
	}
	for percent, want := range map[uint64]time.Duration{1: 10 * us, 50: 500 * us, 99: 990 * us,
		100: time.Millisecond} {
		if got := k.quantile(percent); got < want || got > want+want/8 {
			t.Errorf("%d %%: %v, want %v", percent, got, want)
		}
	}
	k = skew{}
	for _, d := range []time.Duration{3, 3, 3, 7, 100} {
		k.note(d)
	}
	if a, b := k.quantile(50), k.quantile(80); a != 3 || b != 7 {
		t.Errorf("%v and %v", a, b)
	}
	for n := uint64(1); n < 1<<40; n += n/3 + 1 {
		k = skew{}
		if k.note(time.Duration(n)); uint64(k.quantile(50)) < n || uint64(k.quantile(50)) > n+n/8 {
			t.Errorf("%d is said to be %d", n, k.quantile(50))
		}
	}
}
