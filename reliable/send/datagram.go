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
	s.most = min(max(size, 0), s.cfg.Datagram)
	for _, st := range s.streams {
		unfit += st.setDatagram(now, s.most)
	}
	return unfit
}

// setDatagram takes the size of the largest datagram from now on.
func (st *Stream) setDatagram(now reliable.Time, most int) (unfit uint64) {
	was, wide := st.packer.size, st.wide
	st.packer.size = max(most, frame.MinDatagram)
	st.wide = math.MaxUint64
	if st.packer.size < was {
		st.closeOpen(now)
		wide = st.store.Next()
	}
	if most == st.packer.size { // frames that are yet to be made fit
		st.wide = min(wide, st.store.Next())
	}
	st.repairer.SetLargest(most, st.wide)
	st.session.schedule.touch(st)
	for seq := st.store.InMemory(); seq < min(st.wide, st.store.Next()); seq++ {
		if st.repairer.Unfit(seq) {
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
		st.unsent.note(&outgoing{Batch: reliable.Batch{Refused: 1}, frames: 1}, st.store.Sent(), nil)
		st.store.Pass(1)
		st.tally.tooLarge++
		st.beats.data(now) // tells of it soon
	}
	if st.window.full {
		st.window.noteRoom(now)
	}
}
