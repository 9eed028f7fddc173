package receive

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// MaxFeeds is the number of feeds by which the frames of a session may come.
const MaxFeeds = 4

const (
	// feedSilence is the least time after which a feed is down that brings nothing while another
	// one does, and feedIntervals the number of the publisher's intervals.
	feedSilence   = 300 * time.Millisecond
	feedIntervals = 3
)

// feeds are the ways by which the same frames of a session come, if there are several. The one that
// it was first heard by has its addresses in the session.
type feeds struct {
	s *session
	// first is the one that the session was first heard by.
	first int
	list  [MaxFeeds]feed
	// patience is for how long a frame that one feed lacks is left to the others, at the most.
	patience time.Duration
	up       int
	// resumed is when something came by one of them after nothing had by any.
	resumed reliable.Time
	// named are the addresses that the publisher is asked at, by SESSION, once one was heard.
	named []netip.AddrPort
	knows bool
}

// feed is one of them.
type feed struct {
	// known says that the session came by it, or is to come: by the publisher's word, it sends by
	// as many feeds as there are here.
	known bool
	down  bool
	// told says that its silence was told: so is its end then.
	told bool
	// Where the publisher's frames come from, and where it is asked; a frame came from there.
	source, control netip.AddrPort
	spoken          bool
	heard           reliable.Time
	stats           FeedStats
	skew            skew
}

// FeedStats counts what came of a session by one feed.
type FeedStats struct {
	Feed   int
	Source netip.AddrPort
	// Down says that nothing comes by it while another one brings something.
	Down bool
	// Frames counts its DATA frames, First those that it brought before the others, and Filled
	// those of them that another one had lost.
	Frames, First, Filled uint64
	// Lost counts DATA frames that it lost.
	Lost uint64
	// SkewP50 and SkewP99 are how much later than the first its copies came, of those that weren't
	// first: half of them no later, and 99 of 100.
	SkewP50, SkewP99 time.Duration
}

// newFeeds returns the feeds of a session that is about to be heard by a second one.
func newFeeds(s *session, now reliable.Time) *feeds {
	d := &feeds{s: s, first: s.feed, patience: firstPatience, up: 1}
	one := &d.list[s.feed]
	one.known, one.heard = true, now
	return d
}

// addr returns where a feed's frames come from and where the publisher is asked.
func (d *feeds) addr(i int) (source, to netip.AddrPort) {
	if i == d.first {
		return d.s.source, d.s.address()
	}
	one := &d.list[i]
	if one.spoken {
		return one.source, one.control
	}
	return one.source, one.source
}

// byFeed takes a frame's address, and reports whether the frame counts: each feed has one source,
// and another one is taken only where that was quiet.
func (s *session) byFeed(now reliable.Time, from netip.AddrPort, st *stream,
	f *frame.Frame) bool {
	d := s.feeds
	if d == nil {
		if !s.source.IsValid() || f.Kind == frame.Data && (st == nil ||
			!st.extent.believes(now, f.Seq, f.EndOffset())) {
			return false
		}
		d = newFeeds(s, now)
		if d.named, d.knows = s.controls, s.named; !d.names(from) {
			return false
		}
		s.feeds = d
	}
	one := &d.list[f.Feed]
	quiet := now.Sub(one.heard) >= peer.Intervals*s.interval
	switch source, to := d.addr(f.Feed); {
	case f.Feed == d.first && (from == source || from == s.control):
	case f.Feed == d.first && d.up > 1 && quiet && d.names(from) && s.plausible(now, st, f):
		s.moveTo(now, from)
	case f.Feed == d.first:
		if !s.elsewhere(now, from, st, f) {
			return false
		}
	case from == source || from == to || from == one.control && one.control.IsValid():
		one.spoken = one.spoken || from == one.control
	case !d.names(from):
		return false
	case !source.IsValid(),
		(quiet || one.stats.Frames == 0 && f.Kind == frame.Data) && s.plausible(now, st, f):
		one.source, one.control, one.spoken = from, netip.AddrPort{}, false
	default:
		return false
	}
	d.hear(now, f.Feed)
	return true
}

// plausible reports whether a frame from a new address may be the publisher's.
func (s *session) plausible(now reliable.Time, st *stream, f *frame.Frame) bool {
	switch {
	case st == nil:
		return false
	case f.Kind == frame.Data:
		return st.extent.believes(now, f.Seq, f.EndOffset())
	case f.Kind == frame.Heartbeat:
		return st.extent.believes(now, f.NextSeq, f.NextOffset)
	}
	return false
}

// hear notes that a feed brought something, and finds those that don't while it does.
func (d *feeds) hear(now reliable.Time, i int) {
	one := &d.list[i]
	limit := max(feedIntervals*d.s.interval, feedSilence)
	if d.paused(now, limit) {
		d.resumed = now
	}
	one.heard = now
	if !one.known {
		one.known = true
		d.change()
	} else if one.down {
		one.down = false
		d.change()
		one.told = one.told && !d.tell(reliable.FeedUp, i)
	}
	for k := range d.list {
		if o := &d.list[k]; k != i && o.known && !o.down &&
			now.Sub(max(o.heard, d.resumed)) >= limit {
			o.down = true
			d.change()
			o.told = o.told || d.tell(reliable.FeedDown, k)
			for _, st := range d.s.streams {
				st.passed(now)
			}
		}
	}
}

// paused reports whether nothing came by any feed for the limit: the publisher stood still then,
// and the silence of each feed counts from its end.
func (d *feeds) paused(now reliable.Time, limit time.Duration) bool {
	for i := range d.list {
		if o := &d.list[i]; o.known && now.Sub(o.heard) < limit {
			return false
		}
	}
	return true
}

// change counts the feeds that bring something.
func (d *feeds) change() {
	d.up = 0
	for i := range d.list {
		if o := &d.list[i]; o.known && !o.down {
			d.up++
		}
	}
	for _, st := range d.s.streams {
		st.req.SetWait(d.wait())
	}
}

// wait returns for how long a frame that one feed lacks is left to the others.
func (d *feeds) wait() time.Duration {
	if d.up < 2 {
		return 0
	}
	return d.patience
}

// tell places an event about a feed, and reports whether there was a place for it. If the one that
// says the contrary still waits, neither is told: in another stream this one might come before it.
func (d *feeds) tell(kind reliable.EventKind, i int) bool {
	contrary := reliable.FeedUp
	if kind == contrary {
		contrary = reliable.FeedDown
	}
	for _, st := range d.s.streams {
		if st.marks.withdraw(contrary, i) {
			return true
		}
	}
	from, _ := d.addr(i)
	return d.s.announceMark(mark{kind: kind, from: from, feed: i})
}

// expect takes the addresses that the publisher is asked at, by its feeds: if it has several, and
// frames come by several here, none of these is to be silent.
func (d *feeds) expect(now reliable.Time, controls []netip.AddrPort) {
	for i := range min(len(controls), d.s.r.cfg.Feeds, MaxFeeds) {
		if one := &d.list[i]; !one.known {
			one.known, one.heard = true, now
			d.change()
		}
	}
	for i := range d.list {
		one := &d.list[i]
		for _, c := range controls {
			if i != d.first && c.IsValid() && c.Addr() == one.source.Addr() && c != one.control {
				one.control, one.spoken = c, c == one.source
			}
		}
	}
}

// names reports whether an address may be the publisher's by another feed than the first: its
// SESSION names the host there, unless it leaves that to where frames come from. One that names
// no feeds has a single host.
func (d *feeds) names(from netip.AddrPort) bool {
	if !d.knows || from.Addr() == d.s.source.Addr() {
		return true
	}
	return slices.ContainsFunc(d.named, func(c netip.AddrPort) bool {
		return !c.IsValid() || c.Addr() == from.Addr() || c.Addr().IsUnspecified()
	})
}

// check takes the addresses that SESSION names, and gives up the sources that aren't there.
func (d *feeds) check(controls []netip.AddrPort) {
	d.named, d.knows = append(d.named[:0], controls...), true
	for i := range d.list {
		if one := &d.list[i]; i != d.first && one.source.IsValid() && !d.names(one.source) {
			one.source, one.control, one.spoken = netip.AddrPort{}, netip.AddrPort{}, false
		}
	}
}

// learnFeeds takes the publisher's word of its feeds.
func (s *session) learnFeeds(now reliable.Time, f *frame.Frame) {
	if s.r.cfg.Feeds <= 1 && s.feeds == nil || !s.source.IsValid() {
		return
	}
	if s.feeds == nil {
		if s.named = true; !slices.Equal(s.controls, f.Controls) {
			s.controls = slices.Clone(f.Controls)
		}
		if len(f.Controls) > 1 {
			s.feeds = newFeeds(s, now)
		}
	}
	if d := s.feeds; d != nil {
		if f.Feed == d.first || d.knows {
			d.check(f.Controls)
		}
		d.expect(now, f.Controls)
	}
}

// has reports whether the publisher speaks from an address by one of the feeds, or is asked there
// by its own word.
func (d *feeds) has(from netip.AddrPort) bool {
	if d == nil {
		return false
	}
	if d.knows && from.IsValid() && slices.Contains(d.named, from) {
		return true // its answer may be the first that comes by a feed
	}
	for i := range d.list {
		if o := &d.list[i]; o.known && i != d.first && from.IsValid() &&
			(from == o.source || from == o.control) {
			return true
		}
	}
	return false
}

// to returns where the publisher is asked after so many requests without an answer: it has an
// address by each feed, and they take turns. Feeds that are down come last.
func (d *feeds) to(turn uint64) netip.AddrPort {
	var list [MaxFeeds]netip.AddrPort
	n := 0
	for k := range d.list {
		i := (d.first + k) % MaxFeeds
		if _, to := d.addr(i); d.list[i].known && !d.list[i].down && to.IsValid() {
			list[n] = to
			n++
		}
	}
	if n == 0 {
		return d.s.address()
	}
	return list[turn%uint64(n)]
}

// suspended says that nothing could be heard for so long.
func (d *feeds) suspended(t time.Duration) {
	if d == nil {
		return
	}
	for i := range d.list {
		d.list[i].heard = d.list[i].heard.Add(t)
	}
}

// Feeds returns the counters of the feeds of a session: none while it came by one alone.
func (r *Receiver) Feeds(session uint64) (list []FeedStats) {
	s := r.session(session)
	if s == nil || s.feeds == nil {
		return nil
	}
	for i := range s.feeds.list {
		one := &s.feeds.list[i]
		if !one.known {
			continue
		}
		c := one.stats
		c.Feed, c.Down = i, one.down
		c.Source, _ = s.feeds.addr(i)
		c.SkewP50, c.SkewP99 = one.skew.quantile(50), one.skew.quantile(99)
		list = append(list, c)
	}
	return list
}
