package send

import (
	"bytes"
	"math"
	"time"

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
	was, wide := s.datagram, s.wide
	s.most = min(max(size, 0), s.cfg.Datagram)
	s.datagram = max(s.most, frame.MinDatagram)
	s.wide = math.MaxUint64
	if s.datagram < was {
		s.closeOpen(now)
		wide = s.store.Next()
	}
	if s.most == s.datagram { // frames that are yet to be made fit
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
	if !s.build.IsOpen() {
		return
	}
	data := s.build.Seal(false)
	if frame.RepairSize(len(data)) > s.datagram && s.repack(now, bytes.Clone(data)) {
		return
	}
	s.store.Seal(len(data), s.nextOffset-s.keep.skipped)
}

// repack opens the frame with the next number again, for what a sealed one holds, and as
// many after it as it takes. It reports false, and does nothing, where the ring has no room.
func (s *Sender) repack(now reliable.Time, data []byte) bool {
	var d frame.Decoder
	var f frame.Frame
	if d.Decode(data, &f) != nil {
		return false
	}
	if !s.taken {
		s.skipUnfit(now) // which makes room
	}
	frames := 1 + uint64(len(data)/s.leastUsed())
	if !s.store.FitsOpen(frames) {
		return false
	}
	accepted := s.cfg.Start.Add(time.Duration(f.Time)) // the first of them
	after := s.nextOffset
	s.nextOffset = f.Offset
	for i, c := range f.Chunks {
		switch {
		case c.Skip > 0: // nothing is before it
			s.nextOffset += c.Skip
			s.keep.skipped = c.Skip
			s.open(accepted, s.nextOffset, s.nextOffset)
			continue
		case i == 0 && f.Flags&frame.Continues != 0:
			s.packRest(accepted, c.Data)
		default:
			s.pack(accepted, c.Data)
		}
		s.nextOffset++
	}
	s.nextOffset = after
	return true
}

// skipUnfit passes frames that were never sent, and are too large for it now.
func (s *Sender) skipUnfit(now reliable.Time) {
	for s.store.Sent() < s.store.Next() && s.store.Sent() < s.wide && len(s.store.Frame(s.store.Sent())) > s.most {
		s.unsent.note(outgoing{Batch: reliable.Batch{Refused: 1}, frames: 1}, s.store.Sent(), nil)
		s.store.Pass(1)
		s.stats.TooLarge++
		s.beats.data(now) // tells of it soon
	}
	if s.keep.full {
		s.noteRoom(now)
	}
}
