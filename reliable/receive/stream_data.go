package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// DATA frames on their way into the window: what is new, what is missing, what finds
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
	if !st.believes(now, f.Seq, f.EndOffset()) {
		st.stats.Beyond++
		return
	}
	st.noteSender(now, from)
	if from != handed {
		st.session.credit.proven = true
	}
	st.room.largest = max(st.room.largest, len(f.Raw))
	st.evidence(f.Seq+1, f.EndOffset())
	st.exists(now, f.Seq)
	if keeper := st.r.cfg.Keeper; keeper != nil {
		keeper.Keep(st.session.id, f)
	}
	gap, missing := st.asked.arrived(now, f.Seq, from != original)
	repeated := from != original && missing // else others lost it, and this copy came first
	came := arrival{received: now, arrived: f.Arrived, repaired: repeated}
	if missing {
		came.waited = int64(now.Sub(gap.Found))
	}
	w.high = max(w.high, f.Seq+1)
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
		st.limit(now)
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
	if !st.win.store(f, came, st.span()) {
		return false
	}
	if c := &st.cursor; f.Seq < c.looked.seq {
		c.looked = look{}
	}
	return true
}

// exists takes the word that all frames below seq exist.
func (st *stream) exists(now reliable.Time, seq uint64) {
	if seq > st.win.high && st.phase != left {
		st.limit(now) // it isn't kept up to date while nothing is missing
		st.req.Missing(now, st.win.high, seq)
		st.win.high = seq
	}
}

// evidence takes the word that all messages below offset exist, and that it is
// the first to start in frame seq or after it.
func (st *stream) evidence(seq, offset uint64) {
	if st.phase == left {
		return
	}
	st.stats.NextOffset = max(st.stats.NextOffset, offset)
	st.extent.note(st.r.now, seq, offset)
}

// believes reports whether so much can exist by now.
func (st *stream) believes(now reliable.Time, seq, offset uint64) bool {
	return st.extent.allows(now, seq, offset, st.win.high, st.stats.NextOffset)
}

// room is what a stream knows of the room for frames that are missing.
type room struct {
	// Frames from here on found no room; 0 if none.
	cut uint64
	// Frames from here on are not asked for yet.
	limited uint64
	// The largest frame so far, in bytes.
	largest int
}

// span returns how many frames the window may have: so many that all of them fit
// the buffer, as large as they come. What is asked for then finds room.
func (st *stream) span() uint64 {
	return uint64(max(1, st.r.cfg.Buffer/max(frameBuffer, st.room.largest)))
}

// limit tells the requester up to where there is room.
func (st *stream) limit(now reliable.Time) {
	span := st.span()
	limit := st.win.next + span
	if st.room.cut != 0 {
		if st.win.bytes > st.r.cfg.Buffer*3/4 || st.r.mem.used > st.r.mem.limit*3/4 {
			limit = min(limit, max(st.room.cut, st.win.next+1))
		} else {
			st.room.cut = 0
		}
	}
	// An application that takes one message after the other makes room bit by bit:
	// what fits then is asked for in few requests.
	if limit > st.room.limited && limit-st.room.limited < span/4 && st.win.count > 0 && st.win.next < st.room.limited {
		return
	}
	st.room.limited = limit
	st.asked.setLimit(now, limit)
}

// release frees the memory of the stream.
func (st *stream) release() {
	c := &st.cursor
	c.whole.stop(&st.r.mem)
	c.whole = reassembly{}
	c.unload()
	st.win.release()
	c.ahead.frame, c.looked = frame.Frame{}, look{}
	st.marks, st.extent.landmarks = nil, nil
	st.asked.release()
}
