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
func (st *Stream) refuse(now reliable.Time, size int) (uint64, error) {
	if st.window.gathering {
		return 0, reliable.ErrFull
	}
	st.window.noteFull(now)
	if st.cfg.Flow.WhenFull == reliable.Block {
		return 0, reliable.ErrFull
	}
	if st.packer.build.IsOpen() {
		st.packer.seal(false) // a skip tells of what follows: it needs a frame of its own
	}
	st.packer.skipped++
	st.tally.dropped++
	st.tally.droppedBytes += uint64(size)
	st.tally.accepted++
	st.tally.acceptedBytes += uint64(size)
	offset := st.packer.nextOffset
	st.packer.nextOffset++
	return offset, reliable.ErrDropped
}

// skip tells subscribers of dropped messages in a frame of their own, if no message takes
// the word along. It waits until there is plenty of room; otherwise such frames would
// leave none for messages.
func (st *Stream) skip(now reliable.Time) {
	room := max(2, st.store.Slots()/4)
	if st.closed {
		room = 1
	}
	if st.store.Sent() == st.store.Next() && st.store.Fits(room) {
		st.packer.open(now, st.packer.nextOffset, st.packer.nextOffset)
	}
}

// Freed counts the times that room came after ErrFull. A publisher that waits may try
// again when the count has changed.
func (st *Stream) Freed() uint64 { return st.window.freed }

// BlockedBy returns what leaves no room now, and false if there is room, as far as Publish
// has found out.
func (st *Stream) BlockedBy() (reliable.Blocker, bool) { return st.window.by, st.window.waits() }

// gather ends the wait for subscribers once there are as many as configured, or the time
// is over.
func (st *Stream) gather(now reliable.Time) {
	k := &st.window
	if !k.gathering {
		return
	}
	if n := st.cfg.Flow.WaitFor; n > 0 {
		if st.session.members.reported() < n && !st.closed {
			return
		}
	} else if now < k.gathered && !st.closed {
		return
	}
	k.gathering = false
	k.freed++
}

// refloor updates the frames that must be kept, after a subscriber moved, came or left.
func (st *Stream) refloor(now reliable.Time) {
	if st.cfg.Flow.Pace.IsZero() {
		return
	}
	st.store.Trim(st.pace.needed())
	st.window.noteRoom(now)
}

// reportEvery returns the number of frames after which a subscriber is to report its
// position: a sixteenth of the ring, or 0 if positions don't matter.
func (st *Stream) reportEvery() uint64 {
	if st.cfg.Flow.Pace.IsZero() {
		return 0
	}
	return max(1, st.store.Slots()/16)
}
