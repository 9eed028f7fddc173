package send

import (
	"time"

	"crier/reliable"
)

// Retention: how long a frame is kept, and what becomes of a message for which
// there is no room. A frame goes out live at once; it is kept, in the resend
// ring and then on disk, until every subscriber that counts has passed it. While
// nothing more fits, the window is full, and messages are dropped, or wait.

// retention is what a Sender knows of its window.
type retention struct {
	asked uint64 // frames that the last message needs which looked for room
	full  bool   // a message found no room
	needs uint64 // frames that it needs; the largest, where there were several
	least uint64 // frames that make it worth to try again
	by    reliable.Holder
	since reliable.Time
	// passed is when a smaller one found room first, since the message that needs most
	// was last refused; Never if none did. It is refused again where it still waits.
	passed reliable.Time
	held   [reliable.Holders]reliable.Held

	freed uint64 // counts the times that there was room again

	gathering bool          // nothing is accepted before subscribers had time to report
	gathered  reliable.Time // when that time ends, if not by their number
}

// gatherTime is how long a session whose pace counts waits for subscribers to
// say where they are, before it accepts the first message.
const gatherTime = 100 * time.Millisecond

// refuse answers a message that finds no room.
func (s *Sender) refuse(now reliable.Time, size int) (uint64, error) {
	if s.keep.gathering {
		return 0, reliable.ErrFull
	}
	s.noteFull(now)
	if s.cfg.WhenFull == reliable.Block {
		return 0, reliable.ErrFull
	}
	if s.packer.build.IsOpen() {
		s.packer.seal(false) // a skip tells of what follows: it needs a frame of its own
	}
	s.packer.skipped++
	s.stats.Dropped++
	s.stats.DroppedBytes += uint64(size)
	s.stats.Accepted++
	s.stats.AcceptedBytes += uint64(size)
	offset := s.packer.nextOffset
	s.packer.nextOffset++
	return offset, reliable.ErrDropped
}

// skip tells subscribers of dropped messages in a frame of their own, where no
// message takes the word along: not before there is plenty of room, or the words
// would leave none for messages.
func (s *Sender) skip(now reliable.Time) {
	room := max(2, s.store.Slots()/4)
	if s.closing {
		room = 1
	}
	if s.store.Sent() == s.store.Next() && s.store.Fits(room) {
		s.packer.open(now, s.packer.nextOffset, s.packer.nextOffset)
	}
}

// noteFull begins a time without room.
func (s *Sender) noteFull(now reliable.Time) {
	k := &s.keep
	by := reliable.BySocket
	switch {
	case s.store.Unneeded():
		if s.limit.Waits() {
			by = reliable.ByRate
		}
	case s.store.Writes():
		by = reliable.ByDisk
	default:
		by = reliable.BySubscribers
	}
	k.least = min(k.least, k.asked)
	if k.full && k.asked >= k.needs {
		k.needs, k.passed = k.asked, reliable.Never
	}
	if k.full && by == k.by {
		return
	}
	if k.full {
		k.held[k.by].For += now.Sub(k.since)
	} else {
		k.needs, k.least, k.passed = k.asked, k.asked, reliable.Never
	}
	k.full, k.by, k.since = true, by, now
	k.held[by].Times++
}

// noteRoom notes that there is room now, if there is, for the least of the messages
// that found none. The time without room ends once there is enough for all.
func (s *Sender) noteRoom(now reliable.Time) {
	k := &s.keep
	if !k.full || !s.store.Fits(k.least) {
		return
	}
	k.freed++
	if k.least = k.needs; s.store.Fits(k.needs) {
		s.endFull(now)
	}
}

// passBy notes that a message found room, while another may wait for more: for that
// one the time without room goes on, however many pass it by. If it isn't heard of for
// the stall time, though who waits tries again whenever something is sent, then nobody
// waits any more.
func (s *Sender) passBy(now reliable.Time) {
	k := &s.keep
	switch s.noteRoom(now); {
	case !k.full:
	case k.passed == reliable.Never:
		k.passed = now
	case now >= k.passed.Add(s.cfg.StallTimeout):
		s.endFull(k.passed)
	}
}

// endFull ends a time without room.
func (s *Sender) endFull(at reliable.Time) {
	k := &s.keep
	k.full = false
	k.held[k.by].For += at.Sub(k.since)
}

// waits says whether a message waits for room, as far as is known.
func (k *retention) waits() bool { return k.full && k.passed == reliable.Never }

// Freed counts the times that room came after ErrFull: who waits to publish may
// try again when it has changed.
func (s *Sender) Freed() uint64 { return s.keep.freed }

// HeldBy returns what leaves no room now, and false where there is room, as far
// as Publish has found out.
func (s *Sender) HeldBy() (reliable.Holder, bool) { return s.keep.by, s.keep.waits() }

// gather ends the wait for subscribers, when there are as many as were asked for,
// or had time enough.
func (s *Sender) gather(now reliable.Time) {
	k := &s.keep
	if !k.gathering {
		return
	}
	if n := s.cfg.WaitFor; n > 0 {
		if s.members.reported() < n && !s.closing {
			return
		}
	} else if now < k.gathered && !s.closing {
		return
	}
	k.gathering = false
	k.freed++
}

// refloor finds anew what must be kept, after a subscriber moved, came or went.
func (s *Sender) refloor(now reliable.Time) {
	if s.cfg.Pace.Kind == reliable.PaceNone {
		return
	}
	s.store.Trim(s.pace.needed())
	s.noteRoom(now)
}

// reportEvery returns after how many frames a subscriber is to say where it is: a
// sixteenth of the ring; 0 where that doesn't matter.
func (s *Sender) reportEvery() uint64 {
	if s.cfg.Pace.Kind == reliable.PaceNone {
		return 0
	}
	return max(1, s.store.Slots()/16)
}
