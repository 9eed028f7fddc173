package receive

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// cursor is where delivery stands in a session: in which frame, at which chunk,
// and at which offset.
type cursor struct {
	frame    *frame.Frame // the window's first frame, while it is being delivered
	borrowed bool         // its bytes are the caller's
	decoded  bool         // it is one of the receiver's, into which a copy was decoded
	viewed   bool         // and an event views its chunks
	came     arrival
	chunk    int    // the next chunk
	at       uint64 // its offset
	settled  bool   // what was lost before the frame has been named
	kept     bool   // chunk, at and settled hold for the frame now in its slot

	known  bool   // offset means something
	offset uint64 // of the next message to deliver or to name lost

	lossPending bool           // frames were lost: how many messages, the next frame tells
	lossCause   reliable.Cause // of the most frames
	lossFrames  uint64         // that many

	sure uint64 // the messages below are delivered, or lost for sure
	tail bool   // the frames that come next may have a part of such a one only

	looked look // what passTail found last

	lostTo    uint64 // the messages below are lost, but for those delivered ahead
	lostCause reliable.Cause

	whole reassembly
	ahead ahead
}

// load makes f the frame that is being delivered.
func (c *cursor) load(f *frame.Frame, came arrival) {
	c.frame, c.borrowed = f, false
	c.came = came
	if !c.kept {
		c.chunk, c.at, c.settled = 0, f.Offset, false
	}
	c.kept = false
}

// moveTo says that all messages below an offset are delivered, or named lost. What
// was delivered ahead from there on is passed.
func (c *cursor) moveTo(offset uint64) {
	if c.offset = offset; len(c.ahead.given.runs) > 0 {
		c.offset = c.ahead.given.skip(offset)
	}
}

// step fills in the session's next event, and reports false where there is none
// yet.
func (s *session) step(ev *reliable.Event) bool {
	c, w := &s.cursor, &s.win
	for {
		switch {
		case c.offset < c.lostTo:
			return s.stepLoss(ev)
		case c.frame != nil:
			if s.stepFrame(ev) {
				return true
			}
			s.finishFrame()
		case s.markAt(w.next):
			if s.stepMark(ev) {
				return true
			}
		case c.ahead.waiting() && c.known:
			if s.stepAhead(ev) {
				return true
			}
		case w.isHeld(w.next):
			s.loadHeld()
		case c.lossPending && s.knowsLoss():
		default:
			if run, ok := w.takeLost(); ok {
				s.pass(run.cause, run.to-run.from)
			} else if !s.passTail() {
				return false
			}
		}
	}
}

// loadHeld takes the window's first frame out of its slot.
func (s *session) loadHeld() {
	c, p := &s.cursor, s.win.at(s.win.next)
	if p.frame != nil {
		c.load(p.frame, p.came)
		return
	}
	c.load(s.frameOf(p, s.r.copies.take()), p.came)
	c.decoded = true
}

// unload says that no frame is being delivered.
func (s *session) unload() {
	c := &s.cursor
	if c.decoded {
		s.r.copies.put(c.frame, c.viewed)
	}
	c.frame, c.borrowed, c.decoded, c.viewed = nil, false, false, false
}

// frameOf returns the frame that a slot holds, decoded into a given one if it was
// copied.
func (s *session) frameOf(p *slot, into *frame.Frame) *frame.Frame {
	if p.frame != nil {
		return p.frame
	}
	if s.r.dec.DecodeAgain(p.buf, into) != nil {
		panic("reliable: a frame that was decoded once doesn't decode again")
	}
	return into
}

// finishFrame moves on to the next frame.
func (s *session) finishFrame() {
	if s.win.isHeld(s.win.next) {
		s.freeSlot(s.win.at(s.win.next))
	}
	c := &s.cursor
	c.tail = c.frame.Flags&frame.Unfinished != 0 && !c.whole.active
	s.unload()
	if a := &c.ahead; !a.on {
		trim(&a.frame)
	}
	s.win.next++
	if s.req.Gaps().Len() > 0 {
		s.limit(s.r.now)
	}
	if s.every != 0 {
		s.progress()
	}
}

// keep copies what is left of a borrowed frame into its slot.
func (s *session) keep() {
	c := &s.cursor
	if c.frame == nil || !c.borrowed {
		return
	}
	f := c.frame
	s.unload()
	c.kept = true
	s.hold(f, c.came)
}

// stepFrame delivers from the current frame; false means that it has no more.
func (s *session) stepFrame(ev *reliable.Event) bool {
	c := &s.cursor
	f := c.frame
	if !c.settled {
		c.settled = true
		s.settle(f)
	}
	if s.stepLoss(ev) {
		return true
	}
	for c.chunk < len(f.Chunks) {
		i, at, chunk := c.chunk, c.at, &f.Chunks[c.chunk]
		c.chunk++
		if chunk.Skip > 0 {
			c.at += chunk.Skip
			if c.lose(c.at, reliable.CauseDropped); s.stepLoss(ev) {
				return true
			}
			continue
		}
		c.at++
		if at < c.offset {
			continue // delivered, or named lost, already
		}
		continues := i == 0 && f.Flags&frame.Continues != 0
		unfinished := i == len(f.Chunks)-1 && f.Flags&frame.Unfinished != 0
		if !continues && !unfinished {
			c.moveTo(at + 1)
			s.messageEvent(ev, f, at, chunk.Data, c.came)
			if s.r.cfg.Runs && f != &s.r.inner { // which the next REPAIR takes
				s.runOn(ev, f)
			}
			return true
		}
		if s.stepPart(ev, f, chunk, at, unfinished) {
			return true
		}
	}
	return false
}

// runOn adds to an event the whole messages that follow in its frame.
func (s *session) runOn(ev *reliable.Event, f *frame.Frame) {
	c := &s.cursor
	end := len(f.Chunks)
	if f.Flags&frame.Unfinished != 0 {
		end--
	}
	if next := c.ahead.given.next(); c.at != c.offset {
		return // the next one was delivered ahead
	} else if left := next - c.at; left < uint64(end-c.chunk) {
		end = c.chunk + int(left)
	}
	from, bytes := c.chunk, uint64(0)
	for c.chunk < end && f.Chunks[c.chunk].Skip == 0 {
		bytes += uint64(len(f.Chunks[c.chunk].Data))
		c.chunk++
	}
	n := uint64(c.chunk - from)
	if n == 0 {
		return
	}
	ev.Rest = f.Chunks[from:c.chunk]
	c.at += n
	c.moveTo(c.at)
	s.delivered(n, bytes, c.came.repaired)
	c.viewed = c.decoded
}

// settle finds what was lost before the first chunk of a frame.
func (s *session) settle(f *frame.Frame) {
	c := &s.cursor
	start := f.StartOffset()
	if !c.known {
		s.startAt(start)
		return
	}
	continues := f.Flags&frame.Continues != 0
	cause := reliable.CauseMalformed
	switch {
	case c.lossPending:
		cause = c.lossCause
	case f.Offset > c.offset, continues && f.Offset == c.offset && !c.whole.active:
	case c.whole.active && !(continues && f.Offset == c.offset):
		start = max(start, c.offset+1)
	default:
		return
	}
	c.lossPending = false
	c.whole.stop(&s.r.mem)
	c.lose(start, cause)
}

// lose says that the messages below an offset are lost, but for those that were
// delivered ahead: stepLoss is to name them.
func (c *cursor) lose(to uint64, cause reliable.Cause) { c.lostTo, c.lostCause = to, cause }

// stepLoss names the next messages that were found lost, if there are any.
func (s *session) stepLoss(ev *reliable.Event) bool {
	c := &s.cursor
	if c.offset >= c.lostTo {
		return false
	}
	from, to := c.offset, min(c.lostTo, c.ahead.given.next())
	c.moveTo(to)
	s.lossEvent(ev, from, to, c.lostCause)
	return true
}

// stepPart takes a part of a message that spans frames.
func (s *session) stepPart(ev *reliable.Event, f *frame.Frame, chunk *frame.Chunk, at uint64, unfinished bool) bool {
	c := &s.cursor
	whole := &c.whole
	if chunk.Total > 0 {
		whole.stop(&s.r.mem)
		whole.active, whole.total, whole.part = true, int(chunk.Total), c.came
	}
	whole.part = whole.part.with(c.came)
	cause := reliable.Cause(0)
	switch size := whole.size + len(chunk.Data); {
	case size > whole.total || (size == whole.total) == unfinished:
		cause = reliable.CauseMalformed
	case !whole.add(&s.r.mem, chunk.Data):
		cause = reliable.CauseMemory
	case unfinished:
		return false
	}
	c.moveTo(at + 1)
	if cause != 0 {
		s.lossEvent(ev, at, at+1, cause)
	} else {
		s.messageEvent(ev, f, at, whole.join(), whole.part)
	}
	whole.stop(&s.r.mem)
	return true
}

// stepMark passes a change of state, after naming what was lost before it.
func (s *session) stepMark(ev *reliable.Event) bool {
	c, m := &s.cursor, s.marks[0]
	if m.kind == reliable.SessionSilent || m.kind == reliable.SessionEnded {
		if !c.known {
			s.startAt(m.offset)
		}
		cause := m.cause
		if c.lossPending {
			cause = c.lossCause
		}
		c.lossPending = false
		c.whole.stop(&s.r.mem)
		to := m.offset
		if m.kind == reliable.SessionEnded { // what a publisher that lies put beyond
			to = max(to, c.ahead.given.end())
		}
		if c.lose(to, cause); s.stepLoss(ev) {
			return true
		}
	}
	s.marks = append(s.marks[:0], s.marks[1:]...)
	*ev = reliable.Event{Kind: m.kind, Session: s.id, Source: s.source, Received: s.r.now, Cause: m.cause}
	if m.from.IsValid() {
		ev.Source = m.from
	}
	switch m.kind {
	case reliable.SessionEnded:
		s.stats.End = reliable.EndOpen
		if m.cause == reliable.CauseEnded {
			s.stats.End = reliable.EndBye
		}
		s.release()
		s.phase = ended
		if m.cause == reliable.CauseEnded {
			s.leaveDue = s.r.now
			if s.req.GroupSize() > nack.SmallGroup { // all hear the same BYE
				s.leaveDue = s.leaveDue.Add(s.r.rand.Duration(s.gap()))
			}
		}
	case reliable.SessionSilent:
		s.stats.End = reliable.EndSilent
		if s.phase == silent && len(s.marks) == 0 {
			s.release()
		}
	case reliable.SessionResumed:
		s.stats.End = reliable.EndOpen
	}
	return true
}

func (s *session) messageEvent(ev *reliable.Event, f *frame.Frame, offset uint64, payload []byte, came arrival) {
	s.delivered(1, uint64(len(payload)), came.repaired)
	*ev = reliable.Event{
		Kind: reliable.Message, Session: s.id, Source: s.source, Offset: offset, Payload: payload,
		Received: came.received, Arrived: came.arrived, Recovered: came.repaired, Recovery: time.Duration(came.waited),
	}
	if s.known {
		ev.Sent = s.wall + int64(f.Time)
	}
}

// delivered counts messages.
func (s *session) delivered(n, bytes uint64, repaired bool) {
	s.stats.Delivered += n
	s.stats.NextOffset = max(s.stats.NextOffset, s.cursor.offset)
	s.stats.DeliveredBytes += bytes
	if repaired {
		s.stats.Recovered += n
	}
}

func (s *session) lossEvent(ev *reliable.Event, from, to uint64, cause reliable.Cause) {
	s.stats.Lost += to - from
	s.stats.NextOffset = max(s.stats.NextOffset, s.cursor.offset)
	s.stats.Losses++
	*ev = reliable.Event{Kind: reliable.Loss, Session: s.id, Source: s.source, Received: s.r.now, Cause: cause}
	ev.Lost.From, ev.Lost.To = from, to
}
