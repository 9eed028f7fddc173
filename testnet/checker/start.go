package checker

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// start is what a process has heard of where a session starts.
type start struct {
	*pair

	hasData   bool          // firstData and lowData are known
	hasBeat   bool          // firstNext and firstOld are known
	named     bool          // SESSION was heard
	first     frame.Kind    // DATA or HEARTBEAT (or BYE), whichever came first
	lowData   uint64        // the lowest message that starts in a DATA or after it
	firstData uint64        // the first message that starts in the first DATA or after it
	firstNext uint64        // NextOffset of the first HEARTBEAT or BYE
	firstOld  uint64        // OldestOffset of it
	age       time.Duration // how old the first frame was
	logs      []uint64      // the messages with which it may begin, if it asks
}

// digest notes where a recorder's log begins, and what it found.
func (b *start) digest(f *frame.Frame) {
	b.offer(f.OldestOffset)
	if f.Digest.At {
		b.offer(f.Digest.AtOffset)
	}
}

// offer notes a message with which the session may begin.
func (b *start) offer(offset uint64) {
	if !slices.Contains(b.logs, offset) {
		b.logs = append(b.logs, offset)
	}
}

// data notes a DATA frame in which, or after which, a message starts.
func (b *start) data(offset uint64) {
	if !b.hasData {
		b.hasData, b.firstData, b.lowData = true, offset, offset
		if b.first == 0 {
			b.first = frame.Data
		}
	}
	b.lowData = min(b.lowData, offset)
}

// beat notes a HEARTBEAT, or a BYE, which tells as much.
func (b *start) beat(f *frame.Frame) {
	if b.first == 0 {
		b.first = frame.Heartbeat
	}
	if b.cfg.Receiver.Logs.Ask { // it asks first, and begins later
		b.offer(f.OldestOffset)
	}
	if !b.hasBeat {
		b.hasBeat, b.firstNext, b.firstOld = true, f.NextOffset, f.OldestOffset
	}
}

// judge asks whether the first offset that counts is the right one.
func (b *start) judge(begin uint64) {
	if pos, ok := b.saved(); ok {
		if begin != pos.Offset {
			b.fail("it begins at offset %d, and the position that was saved for it is %d", begin,
				pos.Offset)
		}
		return
	}
	if b.judgePoint(begin) {
		return
	}
	switch {
	case b.s.Start.Add(b.age) >= b.sub.Joined():
		// All that a subscriber can know of a session's start is how old the first
		// frame says the session is; the frame's way makes it look younger. A
		// subscriber that never heard SESSION can't know the first offset.
		if begin != b.s.FirstOffset && b.named {
			b.fail("it begins at offset %d, and the session, which began after it joined, at %d",
				begin, b.s.FirstOffset)
		}
	case len(b.cfg.Receiver.Positions) > 0 && begin == b.s.FirstOffset:
		// it goes on from a session of which a position was saved
	case b.cfg.Receiver.Start.Resumes() && (begin == b.latest() || begin == b.s.FirstOffset):
	case b.cfg.Receiver.Start == reliable.Latest,
		b.cfg.Receiver.Start == reliable.Resume && len(b.cfg.Receiver.Positions) == 0:
		if want := b.latest(); begin != want {
			b.fail("it begins at offset %d, and the first message that it could know of is %d",
				begin, want)
		}
	default:
		if !(b.hasBeat && begin == b.firstOld) &&
			!(b.hasData && b.lowData <= begin && begin <= b.firstData) &&
			!slices.Contains(b.logs, begin) {
			b.fail("it begins at offset %d, and the oldest held is %d, the oldest heard %d",
				begin, b.firstOld, b.lowData)
		}
	}
}

// latest returns the first message that the process could know of when it heard of the session.
func (b *start) latest() uint64 {
	if b.first == frame.Heartbeat {
		return b.firstNext
	}
	return b.firstData
}

// judgePoint asks whether a start by offset or time is where it was wished, and reports whether
// it is such a start. What nobody has is reported lost, and counts as told.
func (b *start) judgePoint(begin uint64) bool {
	at := b.cfg.Receiver.Start
	if offset, ok := at.Offset(); ok {
		if want := max(offset, b.s.FirstOffset); begin != want {
			b.fail("it begins at offset %d, and was to begin at %d", begin, want)
		}
		return true
	}
	wall, ok := at.Wall()
	if !ok {
		return false
	}
	after := b.s.FirstOffset // the first message that was accepted then or later
	for after < b.s.NextOffset() && b.t.wall(b.s.AcceptedAt(after)) < wall {
		after++
	}
	if least := b.t.starts(b.t.first(after)); begin > after || begin < least {
		b.fail("it begins at offset %d, and the first message of %v or later is %d, in a frame "+
			"with %d", begin, time.Unix(0, wall).UTC(), after, least)
	}
	return true
}

// saved returns the position with which the process began in the session, if there was one.
func (b *start) saved() (reliable.Position, bool) {
	for _, pos := range b.cfg.Receiver.Positions {
		if pos.Session == b.s.ID && pos.Partition == b.s.Partition {
			return pos, true
		}
	}
	return reliable.Position{}, false
}
