package reliable

import "crier/nack"

// minSlots is the smallest resend buffer, in frames.
const minSlots = 8

// ring is the resend buffer: the latest DATA frames, at one stride, so that a run
// of full frames is one piece of memory for an offloaded send.
type ring struct {
	buf    []byte
	stride int
	slots  uint64
	most   uint64 // full frames in one batch
	meta   []frameMeta
}

type frameMeta struct {
	offset uint64 // of the message that its first chunk belongs to
	start  uint64 // offset of the first message that starts in the frame or after it
	size   int32  // of the sealed frame, in bytes
}

func newRing(size, stride int) ring {
	slots := size / stride
	most := max(1, min(maxSegments, maxBatch/stride, slots/4))
	return ring{
		buf: make([]byte, slots*stride), stride: stride,
		slots: uint64(slots), most: uint64(most), meta: make([]frameMeta, slots),
	}
}

// Memory returns what the resend buffer lies in, for advice to the system about it.
// Its content is the Sender's: it must be neither read nor written.
func (s *Sender) Memory() []byte { return s.ring.buf }

// Used returns how much of Memory, from its start, may have been written to, in bytes.
func (s *Sender) Used() int { return int(min(s.next, s.ring.slots)) * s.ring.stride }

// slot returns the whole room of a frame.
func (r *ring) slot(seq uint64) []byte {
	at := int(seq%r.slots) * r.stride
	return r.buf[at : at+r.stride : at+r.stride]
}

func (r *ring) of(seq uint64) *frameMeta { return &r.meta[seq%r.slots] }

// frame returns a sealed frame.
func (r *ring) frame(seq uint64) []byte { return r.slot(seq)[:r.of(seq).size] }

// piece returns the frames from seq on that lie one after the other in memory,
// each at the stride, and their sizes, in the given slice.
func (r *ring) piece(seq, end uint64, sizes []int32) ([]byte, []int32) {
	at := int(seq%r.slots) * r.stride
	end = min(end, seq+r.slots-seq%r.slots)
	sizes = sizes[:0]
	for n := seq; n < end; n++ {
		sizes = append(sizes, r.of(n).size)
	}
	return r.buf[at : at+len(sizes)*r.stride], sizes
}

// run returns the frames from seq on that lie one after the other in memory and
// can be one batch: full ones, and at most one shorter at the end. Most bounds
// them in bytes, but for the first.
func (r *ring) run(seq, end uint64, most int) (data []byte, frames uint64) {
	at := int(seq%r.slots) * r.stride
	size := 0
	for seq+frames < end && frames < r.most {
		n := int(r.of(seq + frames).size)
		if size+n > most && size > 0 || at+size+n > len(r.buf) {
			break
		}
		size += n
		frames++
		if n < r.stride {
			break
		}
	}
	return r.buf[at : at+size : at+size], frames
}

// oldest returns the lowest sequence number that is held, in the ring or on disk.
func (s *Sender) oldest() uint64 {
	ring := s.ringOldest()
	if from, ok := s.disk.from(); ok {
		return min(ring, from)
	}
	return ring
}

// ringOldest returns the lowest sequence number that the ring holds.
func (s *Sender) ringOldest() uint64 {
	end := s.next
	if s.build.IsOpen() {
		end++ // the open frame took the slot of the oldest
	}
	if end-s.cfg.FirstSeq <= s.ring.slots {
		return s.cfg.FirstSeq
	}
	return end - s.ring.slots
}

// held returns the frames that the ring can repair: sent, and not overwritten.
func (s *Sender) held() nack.Range { return nack.Range{From: s.ringOldest(), To: s.sent} }

// startAt returns the offset of the first message that starts in frame seq or
// after it; seq may be the next frame.
func (s *Sender) startAt(seq uint64) uint64 {
	switch {
	case seq < s.ringOldest(): // the first on disk, or what is asked about holds no more
		return s.disk.offsetOf(seq)
	case seq < s.next || s.build.IsOpen():
		return s.ring.of(seq).start
	}
	return s.nextOffset - s.keep.skipped
}
