package send

import (
	"time"

	"crier/reliable"
)

// Retention: how long a frame is kept, and what becomes of a message for which
// there is no room. A frame goes out live at once; it is kept, in the resend
// ring and then on disk, until every subscriber that counts has passed it. While
// nothing more fits, the window is full, and messages are dropped, or wait.

// gatherTime is how long a session whose pace counts waits for subscribers to report
// their positions before it accepts the first message.
const gatherTime = 100 * time.Millisecond

// refuse handles a message that finds no room.
func (s *Sender) refuse(now reliable.Time, size int) (uint64, error) {
	if s.window.gathering {
		return 0, reliable.ErrFull
	}
	s.window.noteFull(now)
	if s.cfg.Flow.WhenFull == reliable.Block {
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

// skip tells subscribers of dropped messages in a frame of their own, if no message takes
// the word along. It waits until there is plenty of room; otherwise such frames would
// leave none for messages.
func (s *Sender) skip(now reliable.Time) {
	room := max(2, s.store.Slots()/4)
	if s.closing.on {
		room = 1
	}
	if s.store.Sent() == s.store.Next() && s.store.Fits(room) {
		s.packer.open(now, s.packer.nextOffset, s.packer.nextOffset)
	}
}

// Freed counts the times that room came after ErrFull. A publisher that waits may try
// again when the count has changed.
func (s *Sender) Freed() uint64 { return s.window.freed }

// BlockedBy returns what leaves no room now, and false if there is room, as far as Publish
// has found out.
func (s *Sender) BlockedBy() (reliable.Blocker, bool) { return s.window.by, s.window.waits() }

// gather ends the wait for subscribers once there are as many as configured, or the time
// is over.
func (s *Sender) gather(now reliable.Time) {
	k := &s.window
	if !k.gathering {
		return
	}
	if n := s.cfg.Flow.WaitFor; n > 0 {
		if s.members.reported() < n && !s.closing.on {
			return
		}
	} else if now < k.gathered && !s.closing.on {
		return
	}
	k.gathering = false
	k.freed++
}

// refloor updates the frames that must be kept, after a subscriber moved, came or left.
func (s *Sender) refloor(now reliable.Time) {
	if s.cfg.Flow.Pace.IsZero() {
		return
	}
	s.store.Trim(s.pace.needed())
	s.window.noteRoom(now)
}

// reportEvery returns the number of frames after which a subscriber is to report its
// position: a sixteenth of the ring, or 0 if positions don't matter.
func (s *Sender) reportEvery() uint64 {
	if s.cfg.Flow.Pace.IsZero() {
		return 0
	}
	return max(1, s.store.Slots()/16)
}
