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
)

const us = time.Microsecond

// feedsOf returns a subscriber of a publisher by two feeds, after so many messages, one each 40 us.
func feedsOf(t *testing.T, messages int, at func(*square, int), feeds ...way) (*square, *hearer,
	*crier) {
	q := newSquare(t, feeds...)
	h := q.subscriber(Config{Feeds: len(feeds), Topics: []Topic{{Name: "orders"}}})
	p := q.publisher(send.Config{Topic: "orders"})
	q.pass(100 * time.Millisecond)
	for i := range messages {
		if at != nil {
			at(q, i)
		}
		q.publish(p, 0, 100)
		q.pass(40 * us)
	}
	q.pass(500 * time.Millisecond)
	q.whole(h, p, 0)
	return q, h, p
}

// quantile returns the delay that so many of a thousand messages don't exceed.
func (h *hearer) quantile(of int) time.Duration {
	list := slices.Sorted(slices.Values(h.delays))
	return list[(len(list)*of+999)/1000-1]
}

func (h *hearer) count(kind reliable.EventKind) (n int) {
	for i := range h.told {
		if h.told[i].Kind == kind {
			n++
		}
	}
	return n
}

// What one of two feeds loses the other one brings, before anybody is asked.
func TestFeeds(t *testing.T) {
	const messages = 20_000
	for _, delays := range [][2]time.Duration{{50 * us, 120 * us}, {120 * us, 50 * us},
		{50 * us, 2050 * us}} {
		skew := max(delays[0], delays[1]) - min(delays[0], delays[1])
		q, h, _ := feedsOf(t, messages, nil, way{delay: delays[0], loss: 10},
			way{delay: delays[1], loss: 10})
		late := h.quantile(999) - min(delays[0], delays[1])
		st := h.Sessions()[0]
		if h.nacks > messages/5000 || late > skew+20*us || st.Duplicates > st.Recovered || st.Lost != 0 {
			t.Errorf("%v: %d NACKs, p99.9 %v, %+v", delays, h.nacks, late, st)
		}
		list := h.Feeds(uint64(st.ID))
		t.Logf("%v: %d NACKs, p99.9 +%v, %+v", delays, h.nacks, late, list)
		if len(list) != 2 || list[0].First+list[1].First+st.Repairs < messages {
			t.Fatalf("%+v", list)
		}
		for i, f := range list {
			if f.Lost < messages/130 || f.Lost > messages/75 || f.Down || f.Feed != i ||
				f.Source != q.pubs[0].at[i] {
				t.Errorf("%v: %+v", delays, f)
			}
			if want := delays[i] - min(delays[0], delays[1]); want > 0 &&
				(f.SkewP50 < want*9/10 || f.SkewP99 > want*12/10 || f.Filled < messages/130) {
				t.Errorf("%v: %+v", delays, f)
			}
		}
	}
}

// A feed that dies is told, and costs nothing; so is one that comes back.
func TestFeedDies(t *testing.T) {
	for dead := range 2 {
		const messages = 24_000
		q, h, _ := feedsOf(t, messages, func(q *square, i int) {
			if i == messages/4 || i == messages*3/4 {
				q.feeds[dead].dead = !q.feeds[dead].dead
			}
		}, way{delay: 50 * us}, way{delay: 150 * us})
		if n := h.quantile(1000); n > 150*us || h.nacks > 0 {
			t.Errorf("feed %d: delay %v, %d NACKs", dead, n, h.nacks)
		}
		if h.count(reliable.FeedDown) != 1 || h.count(reliable.FeedUp) != 1 ||
			h.count(reliable.SessionSilent) != 0 {
			t.Errorf("feed %d: %d down, %d up", dead, h.count(reliable.FeedDown), h.count(reliable.FeedUp))
		}
		for _, ev := range h.told {
			if ev.Kind == reliable.FeedDown && (ev.Feed != dead || ev.Source != q.pubs[0].at[dead]) {
				t.Errorf("%+v", ev)
			}
		}
	}
}

// As nothing comes by any feed, the publisher stands still, and none of them is down.
func TestPauseByAllFeeds(t *testing.T) {
	_, h, _ := feedsOf(t, 24_000, func(q *square, i int) {
		quiet := i >= 6000 && i < 18_000
		q.feeds[0].dead, q.feeds[1].dead = quiet, quiet
	}, way{delay: 50 * us}, way{delay: 150 * us})
	if n := h.count(reliable.FeedDown) + h.count(reliable.FeedUp); n > 0 {
		t.Errorf("%d events of feeds", n)
	}
	for _, f := range h.Feeds(uint64(h.Sessions()[0].ID)) {
		if f.Down || f.Lost < 12_000/2 {
			t.Errorf("%+v", f)
		}
	}
}

// While a feed is down, what the other one loses is asked for at once.
func TestLossWhileAFeedIsDown(t *testing.T) {
	const messages = 20_000
	_, h, _ := feedsOf(t, messages, func(q *square, i int) {
		switch i {
		case messages / 10:
			q.feeds[1].dead = true
		case messages * 6 / 10:
			q.feeds[0].loss = 10
			q.subs[0].delays = nil
		case messages * 9 / 10:
			q.feeds[0].loss = 0
		}
	}, way{delay: 50 * us}, way{delay: 3 * time.Millisecond})
	if n := h.quantile(1000); n > 400*us || h.nacks < 30 {
		t.Errorf("delay %v, %d NACKs", n, h.nacks)
	}
}

// A stranger who speaks first by a feed that the publisher isn't heard by has no say in its
// session: whether it puts other bytes under numbers to come, or moves it there while the other
// feed is quiet, or aims requests at a third party.
func TestStrangerByTheOtherFeed(t *testing.T) {
	stranger := netip.MustParseAddrPort("11.66.0.6:666")
	for dead := range 2 {
		q := newSquare(t, way{delay: 50 * us}, way{delay: 150 * us})
		q.feeds[1].dead = true
		h := q.subscriber(Config{Feeds: 2, Topics: []Topic{{Name: "orders"}}})
		p := q.publisher(send.Config{Topic: "orders"})
		q.pass(100 * time.Millisecond)
		if dead == 1 {
			q.feeds[1].dead = false
		}
		for i := range 5000 {
			if i == 1000 && dead == 1 { // both are heard, and the first one goes
				q.feeds[0].dead = true
			}
			for seq := uint64(i); i >= 200 && i%4 == 0 && seq < uint64(i+2); seq++ {
				for feed := range 2 {
					var b frame.Builder
					b.Open(make([]byte, 0, 300), p.Session(), 0, seq, seq, uint64(q.now-1e9))
					b.Add([]byte("made up by a stranger"))
					f := rig.Decoded(t, b.Seal(false))
					f.Feed = feed
					h.Handle(q.now, stranger, f)
					h.poll(q)
					f = rig.Beat(t, p.Session(), seq)
					f.Feed, f.Time = feed, uint64(q.now-1e9)
					h.Handle(q.now, stranger, f)
					h.poll(q)
				}
			}
			q.publish(p, 0, 100)
			q.pass(100 * us)
		}
		q.pass(500 * time.Millisecond)
		q.whole(h, p, 0)
		for _, one := range h.Feeds(p.Session()) {
			if one.Source == stranger {
				t.Errorf("%d: %+v", dead, one)
			}
		}
		if h.count(reliable.SessionMoved) != 0 {
			t.Errorf("%d: moved", dead)
		}
	}
}

// Requests without an answer go to the publisher by its feeds in turn, but by none that is down,
// and a stranger takes no feed that brings something.
func TestAddressesOfFeeds(t *testing.T) {
	q, h, p := feedsOf(t, 100, nil, way{delay: 50 * us}, way{delay: 150 * us})
	s := h.session(uint64(h.Sessions()[0].ID))
	if a, b, c := s.feeds.to(0), s.feeds.to(1), s.feeds.to(2); a != p.at[0] || b != p.at[1] || c != a {
		t.Errorf("asks %v, %v and %v of %v", a, b, c, p.at)
	}
	stranger := netip.MustParseAddrPort("10.66.0.6:666")
	for feed := range 2 {
		q.publish(p, 0, 100)
		f := decodable(t)
		for _, l := range q.wire {
			if l.feed == feed && l.group && f.Kind != frame.Data {
				f.decode(l.data)
			}
		}
		if f.Kind != frame.Data {
			t.Fatalf("%v is on its way", f.Kind)
		}
		f.Feed = feed
		h.Handle(q.now, stranger, &f.Frame)
		if list := h.Feeds(s.id); list[feed].Source != p.at[feed] {
			t.Errorf("a stranger has feed %d: %+v", feed, list)
		}
		q.pass(time.Millisecond)
	}
	q.feeds[0].dead = true
	for range 10_000 {
		q.publish(p, 0, 100)
		q.pass(100 * us)
	}
	if a, b := s.feeds.to(0), s.feeds.to(1); a != p.at[1] || b != a {
		t.Errorf("asks %v and %v by a feed that is down, of %v", a, b, p.at)
	}
	if s.feeds.up != 1 || s.feeds.wait() != 0 {
		t.Errorf("%d feeds are up, and what is missing waits for %v", s.feeds.up, s.feeds.wait())
	}
	q.pass(time.Millisecond)
	q.whole(h, p, 0)
}
