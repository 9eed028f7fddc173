package record

import (
	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/journal"
)

// A keeper says in an inquest what the tapes have: it is the receiver's Keeper. What waits behind a
// gap is the receiver's own.
type keeper struct{ r *Recorder }

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

// Keep does nothing: what passes in order is on the tape. What comes after its place was named a
// hole has no place in the log.
func (k keeper) Keep(uint64, uint32, *frame.Frame) {}

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
	t := k.tape(session, channel)
	if t == nil {
		return append(to, of)
	}
	has := nack.Range{From: t.told().Seq, To: t.next.Seq}
	add := func(r nack.Range) {
		if r = r.Clip(of.From, of.To); r.Len() == 0 {
			return
		}
		if n := len(to); n > 0 && to[n-1].To == r.From {
			to[n-1].To = r.To
			return
		}
		to = append(to, r)
	}
	add(nack.Range{From: of.From, To: has.From})
	for _, h := range t.holes {
		add(h.Clip(has.From, has.To))
	}
	add(nack.Range{From: max(has.To, of.From), To: of.To})
	return to
}

// Forget does nothing: the log keeps what it was told to keep.
func (k keeper) Forget(uint64, uint32) {}
