package record

import (
	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// A keeper says in an inquest what the tapes have: it is the receiver's Keeper. What waits behind a
// gap is the receiver's own.
type keeper struct{ r *Recorder }

// lateShare is the part of the tail's memory that frames may take which came after their place was
// named a hole. The log has no place for them: they are kept for others while there is room.
const lateShare = 16

// Role returns frame.Recorder.
func (k keeper) Role() frame.Role { return frame.Recorder }

// tape returns a tape that has begun, or nil.
func (k keeper) tape(session uint64, channel uint32) *tape {
	t := k.r.tapes[journal.Key{Session: session, Channel: channel}]
	if t == nil || !t.begun {
		return nil
	}
	return t
}

// Keep takes a copy of a frame that is late. One that passes in order is on the tape.
func (k keeper) Keep(session uint64, channel uint32, f *frame.Frame) {
	if t := k.tape(session, channel); t != nil && f.Seq < t.next.Seq && t.lacks(f.Seq) {
		k.r.late.Keep(session, channel, f)
	}
}

// Oldest returns where a tape begins, as far as its holes are remembered.
func (k keeper) Oldest(session uint64, channel uint32) (seq, offset uint64, ok bool) {
	t := k.tape(session, channel)
	if t == nil {
		return 0, 0, false
	}
	oldest := t.told()
	return oldest.Seq, min(oldest.Offset, t.next.Offset), oldest.Seq < t.next.Seq
}

// Absent appends to a list the numbers of a range that a tape lacks.
func (k keeper) Absent(session uint64, channel uint32, of nack.Range,
	to []nack.Range) []nack.Range {
	if t := k.tape(session, channel); t != nil {
		return t.absent(of, to)
	}
	return append(to, of)
}

// absent appends to a list the numbers of a range that can't be had from the tape. They ascend.
func (t *tape) absent(of nack.Range, to []nack.Range) []nack.Range {
	has := nack.Range{From: t.told().Seq, To: t.next.Seq}
	if low := of.Clip(0, has.From); low.Len() > 0 {
		to = append(to, low)
	}
	for _, h := range t.holes {
		if h = h.Clip(has.From, has.To).Clip(of.From, of.To); h.Len() > 0 {
			to = t.r.late.Absent(t.key.Session, t.key.Channel, h, to)
		}
	}
	if high := of.Clip(has.To, of.To); high.Len() > 0 {
		to = append(to, high)
	}
	return to
}

// Forget lets go of the frames of a stream that were late. The log keeps what it was told to keep.
func (k keeper) Forget(session uint64, channel uint32) { k.r.late.Forget(session, channel) }
