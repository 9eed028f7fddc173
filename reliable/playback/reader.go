// Package playback reads the messages of a tape in a log: each once and in order, and what the tape
// lacks by name, as a subscriber would have had them.
package playback

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// Log is what a Reader needs of a journal.Log.
type Log interface {
	Do(job *journal.Job, wall int64) *journal.Result
}

// ErrNoTime is the error of a Start or an Until by time, on a tape of which it isn't known when its
// session began.
var ErrNoTime = errors.New("the log doesn't know when the session began, since its publisher " +
	"was never heard to say it: use offsets")

// readFrames is how many frames are asked for at once, if Ahead doesn't say fewer, and leastAhead
// the least.
const (
	readFrames = 1024
	leastAhead = 16
)

// Reader reads a tape, from a start to an end, and no further than it went when the Reader was
// made. One goroutine uses it.
type Reader struct {
	log   Log
	state journal.State
	until reliable.Until
	from  int64 // messages of frames before this time are passed over

	job    journal.Job
	ahead  uint64   // how many frames are read at once
	frames [][]byte // what was read, and not taken
	seq    uint64   // of the first of them
	holes  []journal.Hole

	dec    frame.Decoder
	frame  frame.Frame
	loaded bool   // frame is being played
	chunk  int    // the next one
	at     uint64 // its offset

	known  bool // offset means something
	offset uint64

	lossPending bool // frames are missing: how many messages, the next frame tells
	cause       reliable.Cause
	lostTo      uint64 // the messages below are lost
	lostCause   reliable.Cause
	whole       message
	over        bool
}

// message is one that spans frames.
type message struct {
	active     bool
	properties frame.Properties // a copy
	parts      []byte
	total      int
	sent       uint64 // the time of the frame that it began in
}

// NewReader returns a reader of a tape, whose state the log told. Latest and Resume begin at its
// end. The error is ErrNoTime, or why the log can't be read.
func NewReader(log Log, state journal.State, start reliable.Start, until reliable.Until) (*Reader,
	error) {
	r := &Reader{log: log, state: state, until: until, seq: state.Oldest.Seq, ahead: readFrames}
	_, untilTime := until.Wall()
	wall, startTime := start.Wall()
	if (untilTime || startTime) && state.Title == nil {
		return nil, ErrNoTime
	}
	r.job.Key = state.Key
	offset, startOffset := start.Offset()
	switch {
	case startTime:
		r.from = wall
		r.job.Find = journal.Query{What: journal.FindTime, Value: uint64(max(0, wall))}
	case startOffset:
		r.job.Find = journal.Query{What: journal.FindOffset, Value: offset}
	case start == reliable.Oldest:
		r.begin(state.Oldest.Offset)
	default:
		r.seq = state.Next.Seq
		r.begin(state.Next.Offset)
	}
	if r.job.Find.What != 0 {
		res := log.Do(&r.job, 0)
		if res.Err != nil {
			return nil, res.Err
		}
		if res.At.Found {
			r.seq = min(res.At.Seq, state.Next.Seq)
		}
		r.job.Find = journal.Query{}
		if startOffset {
			r.begin(max(offset, state.Oldest.Offset))
		}
	}
	return r, nil
}

// begin fixes the first offset.
func (r *Reader) begin(offset uint64) { r.known, r.offset = true, offset }

// Ahead bounds the frames that are read at once, and so the memory of the Reader: 16 to 1,024.
func (r *Reader) Ahead(frames int) {
	r.ahead = uint64(min(max(frames, leastAhead), readFrames))
}

// Offset returns the offset of the next message, and false while it isn't known.
func (r *Reader) Offset() (uint64, bool) { return r.offset, r.known }

// Since returns when the last event's frame was made, since the session's start.
func (r *Reader) Since() time.Duration { return time.Duration(r.frame.Time) }

// Next fills in the next event: a Message, a Loss, or at the end of a session that ended on the
// tape SessionEnded or SessionSilent. It reports false at the end. A payload, a
// key and headers are valid until the next step. The error is that of the directory, where nothing
// can be read.
func (r *Reader) Next(ev *reliable.Event) (bool, error) {
	for !r.over {
		switch {
		case r.known && r.offset < r.lostTo:
			if r.stepLoss(ev) {
				return true, nil
			}
		case r.Passed():
			r.over = true
			return false, nil
		case r.loaded:
			if r.stepFrame(ev) {
				return true, nil
			}
			r.loaded = false
		case r.seq < r.state.Next.Seq:
			if err := r.load(); err != nil {
				return false, err
			}
		default:
			if r.stepEnd(ev) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Passed reports whether the end that was asked for is reached.
func (r *Reader) Passed() bool {
	offset, ok := r.until.Offset()
	return ok && r.known && r.offset >= offset
}

// load takes the next frame, or notes that it is missing.
func (r *Reader) load() error {
	if len(r.frames) == 0 {
		r.job.Read = nack.Range{From: r.seq, To: min(r.state.Next.Seq, r.seq+r.ahead)}
		res := r.log.Do(&r.job, 0)
		if res.Err != nil && !slices.ContainsFunc(res.Frames, notNil) {
			return res.Err // else what can't be read is lost by name
		}
		if len(res.Frames) == 0 {
			return fmt.Errorf("the log returned nothing for the frames [%d, %d)", r.job.Read.From,
				r.job.Read.To)
		}
		r.job.Buffer, r.frames, r.holes = res.Buffer, res.Frames, res.Holes
	}
	raw, seq := r.frames[0], r.seq
	r.frames = r.frames[1:]
	r.seq++
	if raw == nil {
		r.miss(r.causeOf(seq))
		return nil
	}
	f := &r.frame
	if r.dec.Decode(raw, f) != nil || f.Kind != frame.Data || f.Seq != seq {
		r.miss(reliable.CauseDamaged)
		return nil
	}
	if r.from != 0 && r.wallOf(f.Time) < r.from {
		r.lossPending = false
		return nil
	}
	r.chunk, r.at, r.loaded = 0, f.Offset, true
	r.settle(f)
	return nil
}

func notNil(frame []byte) bool { return frame != nil }

// causeOf returns why the tape lacks a frame.
func (r *Reader) causeOf(seq uint64) reliable.Cause {
	for _, h := range r.holes {
		if h.Frames.From <= seq && seq < h.Frames.To {
			return h.Cause
		}
	}
	return reliable.CauseDamaged
}

// miss notes that frames are missing. Of several causes the first is told.
func (r *Reader) miss(cause reliable.Cause) {
	if !r.lossPending {
		r.lossPending, r.cause = true, cause
	}
}

// wallOf returns a time of the session by its publisher's wall clock, or 0.
func (r *Reader) wallOf(since uint64) int64 {
	if r.state.Title == nil {
		return 0
	}
	return r.state.Title.Wall + int64(since)
}

// settle finds the messages that were lost before the first chunk of a frame.
func (r *Reader) settle(f *frame.Frame) {
	start := f.StartOffset()
	if until, ok := r.until.Wall(); ok && r.wallOf(f.Time) >= until {
		r.until = reliable.UntilOffset(start)
	}
	if !r.known {
		r.begin(start)
	}
	continues := f.Flags&frame.Continues != 0
	cause := reliable.CauseMalformed
	switch {
	case r.lossPending:
		cause = r.cause
	case f.Offset > r.offset, continues && f.Offset == r.offset && !r.whole.active:
	case r.whole.active && !(continues && f.Offset == r.offset):
		start = max(start, r.offset+1)
	default:
		return
	}
	r.lossPending = false
	r.whole.stop()
	r.lostTo, r.lostCause = start, cause
}

// stepLoss names messages that are lost.
func (r *Reader) stepLoss(ev *reliable.Event) bool {
	from, to := r.offset, r.lostTo
	if until, ok := r.until.Offset(); ok {
		to = min(to, max(until, from))
	}
	r.offset, r.lostTo = r.lostTo, 0
	if from == to {
		return false
	}
	r.event(ev, reliable.Loss)
	ev.Lost, ev.Cause = nack.Range{From: from, To: to}, r.lostCause
	return true
}

// stepFrame plays the current frame; false means that it has no more.
func (r *Reader) stepFrame(ev *reliable.Event) bool {
	f := &r.frame
	for r.chunk < len(f.Chunks) && !r.Passed() {
		i, at, c := r.chunk, r.at, &f.Chunks[r.chunk]
		r.chunk++
		if c.Skip > 0 {
			r.at += c.Skip
			if r.lostTo, r.lostCause = r.at, reliable.CauseDropped; r.offset < r.at {
				return r.stepLoss(ev)
			}
			continue
		}
		r.at++
		if at < r.offset {
			continue // it is before the start, or lost
		}
		continues := i == 0 && f.Flags&frame.Continues != 0
		unfinished := i == len(f.Chunks)-1 && f.Flags&frame.Unfinished != 0
		if !continues && !unfinished {
			r.messageEvent(ev, at, c.Data, c.Properties, f.Time)
			return true
		}
		if c.Total > 0 {
			r.whole.start(int(c.Total), c.Properties, f.Time)
		}
		r.whole.parts = append(r.whole.parts, c.Data...)
		switch size := len(r.whole.parts); {
		case !r.whole.active || size > r.whole.total || (size == r.whole.total) == unfinished:
			r.whole.stop()
			r.lostTo, r.lostCause = at+1, reliable.CauseMalformed
			return r.stepLoss(ev)
		case !unfinished:
			r.whole.active = false
			r.messageEvent(ev, at, r.whole.parts, r.whole.properties, r.whole.sent)
			return true
		}
	}
	return false
}

// stepEnd tells of the tape's end: what is missing before it, and how the session ended.
func (r *Reader) stepEnd(ev *reliable.Event) bool {
	ended := r.state.Ended
	if r.whole.active && !r.lossPending && ended != nil { // its end never came
		r.miss(reliable.CauseEnded)
		if ended.How == reliable.EndSilent {
			r.cause = reliable.CauseSilent
		}
	}
	r.whole.stop()
	if r.lossPending && r.known && r.offset < r.state.Next.Offset {
		r.lossPending = false
		r.lostTo, r.lostCause = r.state.Next.Offset, r.cause
		return r.stepLoss(ev)
	}
	r.over = true
	if ended == nil {
		return false
	}
	kind := reliable.SessionEnded
	if ended.How == reliable.EndSilent {
		kind = reliable.SessionSilent
	}
	r.event(ev, kind)
	ev.Cause = ended.Cause
	return true
}

func (r *Reader) messageEvent(ev *reliable.Event, offset uint64, payload []byte,
	properties frame.Properties, sent uint64) {
	r.event(ev, reliable.Message)
	r.offset = offset + 1
	ev.Offset, ev.Payload, ev.Properties = offset, payload, properties
	if r.state.Title != nil {
		ev.Sent = time.Unix(0, r.wallOf(sent))
	}
}

// event begins an event.
func (r *Reader) event(ev *reliable.Event, kind reliable.EventKind) {
	*ev = reliable.Event{Kind: kind, Session: reliable.SessionID(r.state.Key.Session),
		Partition: r.state.Key.Channel, Title: r.state.Title, Seq: r.frame.Seq}
	if t := r.state.Title; t != nil {
		ev.Publisher = t.Publisher
	}
}

// start begins a message of which a frame has the first part.
func (m *message) start(total int, properties frame.Properties, sent uint64) {
	m.parts, m.properties = m.parts[:0], append(m.properties[:0], properties...)
	m.active, m.total, m.sent = true, total, sent
}

// stop gives a message up.
func (m *message) stop() { m.active, m.parts = false, m.parts[:0] }
