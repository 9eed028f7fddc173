package send

import (
	"bytes"
	"math"

	"crier/reliable"
	"crier/reliable/frame"
)

// The MTU of a network may change, but a sealed frame never does. Frames that were sealed
// before the MTU fell may be too large. They are neither sent nor repaired, and GONE says so.
// The open frame is packed anew.

// Datagram returns the size of the largest datagram at present, in bytes.
func (s *Sender) Datagram() int { return s.most }

// SetDatagram bounds datagrams, in bytes, from now on, up to the configured size. Frames
// are made for at least 256 bytes; if the network takes less, frames that are too large
// are treated like all that no longer fit. SetDatagram returns the number of frames in
// memory that don't.
func (s *Sender) SetDatagram(now reliable.Time, size int) (unfit uint64) {
	was, wide := s.packer.size, s.wide
	s.most = min(max(size, 0), s.cfg.Datagram)
	s.packer.size = max(s.most, frame.MinDatagram)
	s.wide = math.MaxUint64
	if s.packer.size < was {
		s.closeOpen(now)
		wide = s.store.Next()
	}
	if s.most == s.packer.size { // frames that are yet to be made fit
		s.wide = min(wide, s.store.Next())
	}
	s.repairer.SetLargest(s.most, s.wide)
	for seq := s.store.InMemory(); seq < min(s.wide, s.store.Next()); seq++ {
		if s.repairer.Unfit(seq) {
			unfit++
		}
	}
	return unfit
}

// closeOpen makes the open frame fit the current datagrams: its messages are packed into
// as many frames as it takes. If these find no room, the open frame stays too large.
func (st *Stream) closeOpen(now reliable.Time) {
	if !st.packer.build.IsOpen() {
		return
	}
	data := st.packer.build.Seal(false)
	if frame.RepairSize(len(data)) > st.packer.size {
		if !st.session.turn.taken {
			st.skipUnfit(now) // which makes room
		}
		if st.packer.repack(bytes.Clone(data)) {
			return
		}
	}
	st.store.Seal(len(data), st.packer.nextOffset-st.packer.skipped)
}

// skipUnfit passes over frames that were never sent and are now too large.
func (st *Stream) skipUnfit(now reliable.Time) {
	for st.store.Sent() < st.store.Next() && st.store.Sent() < st.wide &&
		len(st.store.Frame(st.store.Sent())) > st.session.most {
		st.unsent.note(outgoing{Batch: reliable.Batch{Refused: 1}, frames: 1}, st.store.Sent(), nil)
		st.store.Pass(1)
		st.tally.tooLarge++
		st.beats.data(now) // tells of it soon
	}
	if st.window.full {
		st.window.noteRoom(now)
	}
}
