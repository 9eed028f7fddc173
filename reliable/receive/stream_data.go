package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// DATA frames on their way into the window: new ones, gaps, frames that find
// no room.

// origin is where a DATA frame comes from.
type origin uint8

const (
	original origin = iota // the publisher sent it
	repaired               // the publisher repeated it
	handed                 // a holder repeated it
)

// noteSender notes that the publisher was heard, if a new frame comes from there.
func (st *stream) noteSender(now reliable.Time, from origin) {
	if from != handed {
		st.session.refresh(now)
	}
}

// data takes a DATA frame, or a repair of one.
func (st *stream) data(now reliable.Time, f *frame.Frame, from origin) {
	if st.taken.off {
		st.overhear(now, f.Seq+1, f.EndOffset(), from)
		return
	}
	if t := &st.taken; t.one && f.Seq >= max(t.to, st.win.next) { // it isn't wanted
		if st.extent.believes(now, f.Seq, f.EndOffset()) {
			st.noteSender(now, from)
			st.extent.begins(f.Seq+1, f.EndOffset())
			st.extent.exists(now, f.Seq+1)
			st.hearsTaken()
		}
		return
	}
	if st.phase == starting {
		st.startWith(now, f)
	}
	w := &st.win
	switch {
	case f.Seq < w.next && st.phase == starting:
		st.noteSender(now, from)
		st.stats.NoRoom++ // it is asked for again if the session begins there
		return
	case f.Seq < w.next:
		st.duplicate(f.Seq)
		return
	case st.phase == left && f.Seq >= w.high:
		st.stats.Late++ // beyond the end that the publisher told
		return
	case f.Seq == w.next && st.cursor.frame != nil, w.has(f.Seq):
		st.duplicate(f.Seq)
		return
	case w.isLost(f.Seq):
		st.stats.Late++
		return
	}
	if !st.extent.believes(now, f.Seq, f.EndOffset()) {
		st.stats.Beyond++
		return
	}
	st.noteSender(now, from)
	if from != handed {
		st.session.credit.proven = true
	}
	st.room.largest = max(st.room.largest, len(f.Raw))
	st.extent.begins(f.Seq+1, f.EndOffset())
	st.extent.exists(now, f.Seq)
	found, missing := st.asked.arrived(now, f.Seq, from != original)
	repeated := from != original && missing // else others lost it, and this copy came first
	came := arrival{received: now, arrived: f.Arrived, repaired: repeated}
	if missing {
		came.waited = int64(now.Sub(found))
	}
	w.high = max(w.high, f.Seq+1)
	st.hearsTaken()
	if st.aftermath != nil {
		st.aftermath.hears(now)
	}
	if f.Seq == w.next && st.phase != starting && !st.marks.before(f.Seq) {
		st.cursor.load(f, came)
		st.cursor.borrowed = true
		st.wake()
		return
	}
	if !st.store(f, came) && !st.overrun(f, came) {
		st.stats.NoRoom++
		if st.room.cut == 0 || f.Seq < st.room.cut {
			st.room.cut = f.Seq
		}
		st.room.limit(now)
		st.req.Missing(now, f.Seq, f.Seq+1)
		return
	}
	if st.r.cfg.Order == reliable.OnArrival && st.phase != starting {
		st.cursor.ahead.arrive(f.Seq)
		st.wake()
	}
	if st.marks.before(w.next) || st.cursor.tail {
		st.wake()
	}
	if st.status.every != 0 {
		st.status.progress()
	}
}

// duplicate counts a frame that is not needed.
func (st *stream) duplicate(seq uint64) {
	if seq < st.base {
		st.stats.BeforeStart++
	} else {
		st.stats.Duplicates++
	}
}

// store keeps a frame in the window, and reports false where there is no room.
func (st *stream) store(f *frame.Frame, came arrival) bool {
	if !st.win.store(f, came, st.room.span()) {
		return false
	}
	if c := &st.cursor; f.Seq < c.looked.seq {
		c.looked = look{}
	}
	return true
}

// release frees the memory of the stream.
func (st *stream) release() {
	c := &st.cursor
	c.whole.stop(&st.r.mem)
	c.whole = reassembly{}
	c.unload()
	st.win.release()
	c.ahead.frame, c.looked = frame.Frame{}, look{}
	st.dismissArbiter()
	st.marks, st.extent.landmarks = nil, nil
	st.asked.release()
}
