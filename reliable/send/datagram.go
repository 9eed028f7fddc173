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
func (s *Sender) closeOpen(now reliable.Time) {
	if !s.packer.build.IsOpen() {
		return
	}
	data := s.packer.build.Seal(false)
	if frame.RepairSize(len(data)) > s.packer.size {
		if !s.turn.taken {
			s.skipUnfit(now) // which makes room
		}
		if s.packer.repack(bytes.Clone(data)) {
			return
		}
	}
	s.store.Seal(len(data), s.packer.nextOffset-s.packer.skipped)
}

// skipUnfit passes over frames that were never sent and are now too large.
func (s *Sender) skipUnfit(now reliable.Time) {
	for s.store.Sent() < s.store.Next() && s.store.Sent() < s.wide &&
		len(s.store.Frame(s.store.Sent())) > s.most {
		s.unsent.note(outgoing{Batch: reliable.Batch{Refused: 1}, frames: 1}, s.store.Sent(), nil)
		s.store.Pass(1)
		s.stats.TooLarge++
		s.beats.data(now) // tells of it soon
	}
	if s.window.full {
		s.window.noteRoom(now)
	}
}
