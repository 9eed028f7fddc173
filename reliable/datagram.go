package reliable

import (
	"crier/nack"
	"crier/reliable/frame"
)

// A network whose MTU changes. Frames never change: those that were made before an MTU
// fell may be too large for it, and are neither sent nor repaired, which GONE tells.

// Datagram returns the size of a full datagram of now, in bytes.
func (s *Sender) Datagram() int { return s.datagram }

// SetDatagram bounds datagrams, in bytes, from now on: within 256 and what the Sender
// was made with. It returns how many frames are in memory that no longer fit.
func (s *Sender) SetDatagram(now Time, size int) (unfit uint64) {
	size = min(max(size, frame.MinDatagram), s.cfg.Datagram)
	if size < s.datagram {
		if s.build.IsOpen() {
			s.seal(false)
		}
		s.wide = s.next
	}
	s.datagram = size
	for seq := s.ringOldest(); seq < s.wide; seq++ {
		if s.unfit(seq) {
			unfit++
		}
	}
	return unfit
}

// unfit says whether a REPAIR with a frame in it is too large for the network. Of one
// that only the disk holds that isn't known before it was read.
func (s *Sender) unfit(seq uint64) bool {
	return seq < s.wide && seq >= s.ringOldest() && frame.RepairSize(len(s.ring.frame(seq))) > s.datagram
}

// skipUnfit passes frames that were never sent, and are too large for it now.
func (s *Sender) skipUnfit(now Time) {
	for s.sent < s.next && s.sent < s.wide && len(s.ring.frame(s.sent)) > s.datagram {
		s.unsent.note(Batch{frames: 1, Refused: 1}, s.sent)
		s.sent++
		s.stats.TooLarge++
		s.beats.data(now) // tells of it soon
	}
	if s.keep.full {
		s.noteRoom(now)
	}
}

// dropUnfit tells a subscriber that is behind of frames that it waits for next, and that
// are too large, and reports whether there are any.
func (s *Sender) dropUnfit(m *member) bool {
	from := m.wants[0].From
	run := nack.Range{From: from, To: from}
	for run.To < m.wants[0].To && run.To < s.wide {
		data := s.kept(run.To)
		if data == nil || frame.RepairSize(len(data)) <= s.datagram {
			break
		}
		run.To++
	}
	if run.Len() == 0 {
		return false
	}
	s.stats.Responder.Unfit += run.Len()
	s.answers.unfit(m.Addr, m.wantRequest, []nack.Range{run})
	s.catch.drop(m, []nack.Range{run})
	s.catch.settle()
	return true
}
