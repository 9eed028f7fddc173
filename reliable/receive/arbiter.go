package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// An arbiter takes the frames of a stream that come by several feeds: the first copy counts.
type arbiter struct {
	// next is one past the highest number that came by each feed, if it began to bring some.
	next  [MaxFeeds]uint64
	began [MaxFeeds]bool
	// unchecked is the number of copies since next that weren't checked, and seen one past the
	// highest number of them.
	unchecked, seen [MaxFeeds]uint64
	// high is one past the highest of all, and passed up to where all feeds are.
	high, passed uint64
	// filling says that the frame that is taken in came in order by its feed.
	filling bool
	// times has when each stride-th frame came first; nil: there is no memory for it.
	times []firstCopy
}

// firstCopy is when a frame came first.
type firstCopy struct {
	seq uint64
	at  reliable.Time
}

const (
	// Of each stride-th frame it is known when it came first, for so many frames.
	skewStride = 16
	skewFrames = 512
	skewBytes  = skewFrames * 16
	// firstPatience is for how long a frame that one feed lacks is left to another at first.
	firstPatience = 5 * time.Millisecond
	leastPatience = 50 * time.Microsecond
)

// arbitrate takes a DATA frame that came by a feed, and reports whether it is needed.
func (st *stream) arbitrate(now reliable.Time, f *frame.Frame) bool {
	d := st.session.feeds
	a := st.arbiter
	if a == nil {
		a = &arbiter{high: st.win.high, passed: st.win.next}
		a.next[d.first], a.began[d.first] = st.win.high, true
		if m := &st.r.mem; m.used+skewBytes <= m.limit {
			m.used += skewBytes
			a.times = make([]firstCopy, skewFrames)
		}
		st.arbiter = a
		st.req.SetWait(d.wait())
	}
	one := &d.list[f.Feed]
	a.settle(one, f.Feed)
	one.stats.Frames++
	if !a.began[f.Feed] {
		a.next[f.Feed], a.began[f.Feed] = f.Seq, true
	}
	in := f.Seq >= a.next[f.Feed]
	switch {
	case in:
		if skipped := f.Seq - a.next[f.Feed]; skipped < maxEvidence {
			one.stats.Lost += skipped
		}
		a.next[f.Feed] = f.Seq + 1
	case one.stats.Lost > 0:
		one.stats.Lost--
	}
	if st.brought(f.Seq) {
		a.copied(now, d, f)
		return false
	}
	a.filling = in
	one.stats.First++
	if f.Seq < a.high {
		one.stats.Filled++
	}
	a.high = max(a.high, f.Seq+1)
	if f.Seq%skewStride == 0 && a.times != nil {
		a.times[f.Seq/skewStride%skewFrames] = firstCopy{f.Seq + 1, now}
	}
	return true
}

// copied takes a frame that is here: how much later than the first copy it came tells how long to
// wait for others.
func (a *arbiter) copied(now reliable.Time, d *feeds, f *frame.Frame) {
	if f.Seq%skewStride != 0 || a.times == nil {
		return
	}
	first := &a.times[f.Seq/skewStride%skewFrames]
	if first.seq != f.Seq+1 {
		return
	}
	late := now.Sub(first.at)
	d.list[f.Feed].skew.note(late)
	if late = max(late+late/4, leastPatience); late > d.patience {
		d.patience = late
	} else {
		d.patience -= (d.patience - late) / 64
	}
}

// brought reports whether a frame is here, or was delivered.
func (st *stream) brought(seq uint64) bool {
	w := &st.win
	return st.phase != starting && (seq < w.next || seq == w.next && st.cursor.frame != nil ||
		w.has(seq))
}

// told takes the word that came by a feed, behind the frames below a number.
func (a *arbiter) told(d *feeds, feed int, next uint64) {
	a.settle(&d.list[feed], feed)
	if more := next - min(next, a.next[feed]); more > 0 && more < maxEvidence && a.began[feed] {
		d.list[feed].stats.Lost += more
		a.next[feed] = next
	}
}

// passed has frames asked for that no feed brings any more.
func (st *stream) passed(now reliable.Time) {
	a, d := st.arbiter, st.session.feeds
	if a == nil {
		return
	}
	lowest := endless
	for i := range d.list {
		if o := &d.list[i]; o.known && !o.down {
			lowest = min(lowest, a.next[i])
		}
	}
	if lowest != endless && lowest > a.passed {
		a.passed = lowest
		st.req.Passed(now, lowest)
	}
}

// dismissArbiter gives the memory of the arbiter back.
func (st *stream) dismissArbiter() {
	if a := st.arbiter; a != nil && a.times != nil {
		st.r.mem.used -= skewBytes
	}
	st.arbiter = nil
}
