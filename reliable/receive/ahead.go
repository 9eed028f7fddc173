package receive

import (
	"math"
	"sort"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Delivery on arrival: whole messages of frames that came ahead of their turn.

// ahead holds the messages that a session has delivered, or can deliver, ahead of their turn.
type ahead struct {
	frames []uint64 // that came ahead of their turn
	first  int      // of frames
	given  offsets  // of the messages that were delivered; all above the cursor's offset

	// The frame that is being delivered.
	on    bool
	chunk int
	at    uint64
	skips int
	frame frame.Frame
}

const (
	// maxRuns bounds the runs of offsets that are delivered ahead; messages beyond
	// wait for their turn.
	maxRuns = 1 << 14
	// maxSkips is how often a frame may skip offsets before the rest of it waits for
	// its turn.
	maxSkips = 8
)

// arrive notes a frame whose whole messages can be delivered ahead of its turn.
func (a *ahead) arrive(seq uint64) {
	if len(a.frames) == cap(a.frames) && a.first >= len(a.frames)/2 { // else each would move all
		a.frames, a.first = a.frames[:copy(a.frames, a.frames[a.first:])], 0
	}
	a.frames = append(a.frames, seq)
}

// waiting reports whether a frame may have something to deliver.
func (a *ahead) waiting() bool { return a.first < len(a.frames) }

// pass moves on to the next frame.
func (a *ahead) pass() {
	a.on = false
	if a.first++; a.first == len(a.frames) {
		a.frames, a.first = a.frames[:0], 0
	}
}

// stepAhead delivers whole messages of frames that came ahead of their turn.
func (c *cursor) stepAhead(ev *reliable.Run) bool {
	st := c.stream
	a := &c.ahead
	p := st.win.at(a.frames[a.first])
	if p == nil || !p.used {
		a.pass()
		return false
	}
	f := &a.frame
	if p.frame != nil {
		f = p.frame
	}
	if !a.on {
		if p.frame == nil {
			p.decoded(&st.r.dec, f)
		}
		a.on, a.chunk, a.at, a.skips = true, 0, f.Offset, 0
	}
	for a.chunk < len(f.Chunks) && a.skips < maxSkips {
		i, at, chunk := a.chunk, a.at, &f.Chunks[a.chunk]
		a.chunk++
		if chunk.Skip > 0 {
			a.at += chunk.Skip
			a.skips++
			continue
		}
		a.at++
		part := i == 0 && f.Flags&frame.Continues != 0 ||
			i == len(f.Chunks)-1 && f.Flags&frame.Unfinished != 0
		if !part && at >= c.offset && at < c.stop && a.given.add(at) {
			c.moveTo(c.offset)
			c.messageEvent(ev, f, at, chunk, p.came)
			return true
		}
	}
	a.pass()
	return false
}

// offsets is a set of offsets, as runs in order that don't touch.
type offsets struct {
	runs  []nack.Range
	first int // of runs
}

// next returns the least offset of the set, or the greatest number there is.
func (o *offsets) next() uint64 {
	if o.first == len(o.runs) {
		return math.MaxUint64
	}
	return o.runs[o.first].From
}

// end returns one past the greatest offset of the set, or 0.
func (o *offsets) end() uint64 {
	if o.first == len(o.runs) {
		return 0
	}
	return o.runs[len(o.runs)-1].To
}

// add takes an offset in, and reports false if it was there, or there is no room.
func (o *offsets) add(at uint64) bool {
	live := o.runs[o.first:]
	i := len(live)
	if i > 0 && live[i-1].To >= at { // else it comes after all others, as most do
		i = sort.Search(i, func(i int) bool { return live[i].To >= at })
		switch r := &live[i]; {
		case r.From <= at && at < r.To:
			return false
		case r.To == at:
			r.To++
			if i+1 < len(live) && live[i+1].From == r.To {
				r.To = live[i+1].To
				o.runs = append(o.runs[:o.first+i+1], live[i+2:]...)
			}
			return true
		case r.From == at+1:
			r.From--
			return true
		}
	}
	if len(live) >= maxRuns {
		return false
	}
	if len(o.runs) == cap(o.runs) && o.first >= len(o.runs)/2 { // else each would move all
		o.runs, o.first = o.runs[:copy(o.runs, live)], 0
	}
	o.runs = append(o.runs, nack.Range{})
	live = o.runs[o.first:]
	copy(live[i+1:], live[i:])
	live[i] = nack.Range{From: at, To: at + 1}
	return true
}

// skip takes out the runs at or just above an offset, and returns the first offset
// from there on that isn't in the set.
func (o *offsets) skip(at uint64) uint64 {
	for o.first < len(o.runs) && o.runs[o.first].From <= at {
		at = max(at, o.runs[o.first].To)
		if o.first++; o.first == len(o.runs) {
			o.runs, o.first = o.runs[:0], 0
		}
	}
	return at
}
