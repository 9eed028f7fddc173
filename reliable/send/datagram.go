package send

import (
	"bytes"
	"math"

	"crier/reliable"
	"crier/reliable/frame"
)

// A network whose MTU changes. Frames that were sealed never change: those that were made
// before an MTU fell may be too large for it, and are neither sent nor repaired, which GONE
// tells. One that is open is packed anew.

// Datagram returns the largest datagram of now, in bytes.
func (s *Sender) Datagram() int { return s.most }

// SetDatagram bounds datagrams, in bytes, from now on, up to what the Sender was made
// with. Frames are made for 256 at the least: where the network takes less, those that are
// larger than it takes are treated like all that no longer fit. It returns how many frames
// are in memory that don't.
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

// closeOpen makes the frame that is open fit the datagrams of now: its messages are packed
// into as many as it takes. Where these find no room, it stays one that is too large.
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

// skipUnfit passes frames that were never sent, and are too large for it now.
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
