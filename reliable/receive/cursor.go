package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// cursor is where delivery stands in a stream: in which frame, at which chunk,
// and at which offset.
type cursor struct {
	stream *stream

	frame    *frame.Frame // the window's first frame, while it is being delivered
	borrowed bool         // its bytes are the caller's
	decoded  bool         // it is one of the receiver's, into which a copy was decoded
	viewed   bool         // and an event views its chunks
	came     arrival
	chunk    int    // the next chunk
	at       uint64 // its offset
	settled  bool   // losses before the frame have been named
	kept     bool   // chunk, at and settled are those of the frame now in its slot

	known  bool   // offset means something
	offset uint64 // of the next message to deliver or to name lost

	waits bool // the next message waits for the gate

	lossPending bool           // frames were lost: how many messages, the next frame tells
	lossCause   reliable.Cause // of the most frames
	lossFrames  uint64         // that many

	sure uint64 // the messages below are delivered, or lost for sure
	tail bool   // the frames that come next may have a part of such a one only

	looked look // the last result of passTail

	stop     uint64 // delivery ends there
	stopWall int64  // or with the first frame of that time, if stopsAt
	stopsAt  bool

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

// step fills in the stream's next event, and reports false where there is none
// yet.
func (c *cursor) step(ev *reliable.Run) bool {
	st := c.stream
	w := &st.win
	c.waits = false
	for {
		switch {
		case c.waits:
			return len(st.marks) > 0 && c.early(ev)
		case st.r.tapeFull():
			return false
		case c.offset >= c.stop && c.stop != endless && c.known:
			return c.stepUntil(ev)
		case c.offset < c.lostTo:
			if c.stepLoss(ev) {
				return true
			}
		case c.frame != nil:
			if c.stepFrame(ev) {
				return true
			} else if !c.waits {
				c.finishFrame()
			}
		case st.marks.before(w.next):
			if c.stepMark(ev) {
				return true
			}
		case c.ahead.waiting() && c.known:
			if c.stepAhead(ev) {
				return true
			}
		case w.has(w.next):
			c.loadHeld()
		case c.lossPending && c.knowsLoss():
		default:
			from := w.next
			if run, ok := w.takeLost(); ok {
				c.pass(from, run.cause)
			} else if !c.passTail() {
				return false
			}
		}
	}
}

// loadHeld takes the window's first frame out of its slot.
func (c *cursor) loadHeld() {
	st := c.stream
	p := st.win.at(st.win.next)
	if p.frame != nil {
		c.load(p.frame, p.came)
		return
	}
	c.load(p.decoded(&st.r.dec, st.r.copies.take()), p.came)
	c.decoded = true
}

// unload says that no frame is being delivered.
func (c *cursor) unload() {
	if c.decoded {
		c.stream.r.copies.put(c.frame, c.viewed)
	}
	c.frame, c.borrowed, c.decoded, c.viewed = nil, false, false, false
}

// finishFrame moves on to the next frame.
func (c *cursor) finishFrame() {
	st := c.stream
	st.tapeFrame(c.frame)
	st.keep(c.frame)
	if st.win.has(st.win.next) {
		st.win.free(st.win.at(st.win.next))
	}
	c.tail = c.frame.Flags&frame.Unfinished != 0 && !c.whole.active
	c.unload()
	if a := &c.ahead; !a.on {
		trim(&a.frame)
	}
	st.win.next++
	if st.asked.gaps() > 0 {
		st.room.limit(st.r.now)
	}
	if st.status.every != 0 {
		st.status.progress()
	}
}

// keep copies the rest of a borrowed frame into its slot.
func (c *cursor) keep() {
	if c.frame == nil || !c.borrowed {
		return
	}
	f := c.frame
	c.unload()
	c.kept = true
	c.stream.store(f, c.came)
}

// stepFrame delivers from the current frame; false means that it has no more.
func (c *cursor) stepFrame(ev *reliable.Run) bool {
	st := c.stream
	f := c.frame
	if !c.settled {
		c.settled = true
		c.settle(f)
		if c.stopsAt {
			c.checkTime(f)
		}
	}
	if c.stepLoss(ev) {
		return true
	}
	if c.offset >= c.stop || c.waits {
		return false
	}
	gated, grant, to := st.r.cfg.Gate != nil, (*reliable.Grant)(nil), endless
	for c.chunk < len(f.Chunks) {
		i, at, chunk := c.chunk, c.at, &f.Chunks[c.chunk]
		if gated && at >= c.offset && chunk.Skip == 0 {
			var v Verdict
			if v, grant, to = st.pass(at); v == Wait {
				c.waits = true
				return false
			} else if v == Skip {
				c.whole.stop(&st.r.mem)
				c.skip(to)
			}
		}
		c.chunk++
		if chunk.Skip > 0 {
			c.at += chunk.Skip
			if c.lose(c.at, reliable.CauseDropped); c.stepLoss(ev) {
				return true
			} else if c.waits {
				return false
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
			c.messageEvent(ev, f, at, chunk, c.came)
			ev.Grant = grant
			if st.r.cfg.Runs && f != &st.r.inner { // which the next REPAIR takes
				c.runOn(ev, f, to)
			}
			return true
		}
		if c.stepPart(ev, f, chunk, at, unfinished) {
			ev.Grant = grant
			return true
		}
	}
	return false
}

// runOn adds to an event the whole messages that follow in its frame, below an offset.
func (c *cursor) runOn(ev *reliable.Run, f *frame.Frame, to uint64) {
	end := len(f.Chunks)
	if f.Flags&frame.Unfinished != 0 {
		end--
	}
	if next := min(c.ahead.given.next(), c.stop, to); c.at != c.offset {
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
	c.delivered(n, bytes, c.came.repaired)
	c.viewed = c.decoded
}

// startAt fixes the first offset.
func (c *cursor) startAt(offset uint64) {
	c.offset, c.known, c.tail = offset, true, true
	st := &c.stream.stats
	st.FirstOffset = offset
	st.NextOffset = max(st.NextOffset, offset)
}

// settle finds the messages lost before the first chunk of a frame.
func (c *cursor) settle(f *frame.Frame) {
	start := f.StartOffset()
	if !c.known {
		c.startAt(start)
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
	c.whole.stop(&c.stream.r.mem)
	c.lose(start, cause)
}

// lose says that the messages below an offset are lost, but for those that were
// delivered ahead: stepLoss is to name them.
func (c *cursor) lose(to uint64, cause reliable.Cause) { c.lostTo, c.lostCause = to, cause }

// stepLoss names the next messages that were found lost, if there are any.
func (c *cursor) stepLoss(ev *reliable.Run) bool {
	for c.offset < c.lostTo {
		from, to := c.offset, min(c.lostTo, c.ahead.given.next(), c.stop)
		var grant *reliable.Grant
		if st := c.stream; st.r.cfg.Gate != nil {
			v, g, end := st.pass(from)
			if to, grant = min(to, end), g; v == Wait {
				c.waits = true
				return false
			} else if v == Skip {
				c.skip(to)
				continue
			}
		}
		c.moveTo(to)
		c.lossEvent(ev, from, to, c.lostCause)
		ev.Grant = grant
		return true
	}
	return false
}

// stepPart takes a part of a message that spans frames.
func (c *cursor) stepPart(ev *reliable.Run, f *frame.Frame, chunk *frame.Chunk, at uint64,
	unfinished bool) bool {
	st := c.stream
	whole := &c.whole
	if chunk.Total > 0 {
		whole.stop(&st.r.mem)
		whole.active, whole.total, whole.part = true, int(chunk.Total), c.came
	}
	whole.part = whole.part.with(c.came)
	cause := reliable.Cause(0)
	if len(chunk.Properties) > 0 && !whole.describe(&st.r.mem, chunk.Properties) {
		cause = reliable.CauseMemory
	}
	switch size := whole.size + len(chunk.Data); {
	case cause != 0:
	case size > whole.total || (size == whole.total) == unfinished:
		cause = reliable.CauseMalformed
	case !whole.add(&st.r.mem, chunk.Data):
		cause = reliable.CauseMemory
	case unfinished:
		return false
	}
	c.moveTo(at + 1)
	if cause != 0 {
		c.lossEvent(ev, at, at+1, cause)
	} else {
		message := frame.Chunk{Data: whole.join(), Properties: whole.properties}
		c.messageEvent(ev, f, at, &message, whole.part)
	}
	whole.stop(&st.r.mem)
	return true
}

func (c *cursor) messageEvent(ev *reliable.Run, f *frame.Frame, offset uint64,
	message *frame.Chunk, came arrival) {
	st := c.stream
	c.delivered(1, uint64(len(message.Data)), came.repaired)
	st.event(ev, reliable.Message, came.received)
	ev.Seq, ev.Offset, ev.Payload = f.Seq, offset, message.Data
	ev.Properties = message.Properties
	ev.Recovered, ev.Recovery = came.repaired, time.Duration(came.waited)
	if came.arrived != 0 {
		ev.Arrived = time.Unix(0, came.arrived)
	}
	if st.session.title.known {
		ev.Sent = time.Unix(0, st.session.title.told.Wall+int64(f.Time))
	}
}

// delivered counts messages.
func (c *cursor) delivered(n, bytes uint64, repaired bool) {
	st := c.stream
	st.stats.Delivered += n
	st.stats.NextOffset = max(st.stats.NextOffset, c.offset)
	st.stats.DeliveredBytes += bytes
	if repaired {
		st.stats.Recovered += n
	}
}

func (c *cursor) lossEvent(ev *reliable.Run, from, to uint64, cause reliable.Cause) {
	st := c.stream
	st.stats.Lost += to - from
	st.stats.NextOffset = max(st.stats.NextOffset, c.offset)
	st.stats.Losses++
	st.event(ev, reliable.Loss, st.r.now)
	ev.Seq, ev.Cause = st.win.next, cause
	ev.Lost.From, ev.Lost.To = from, to
	if st.ledger != nil {
		st.ledger.note(ev.Lost)
	}
}
