package store

import "crier/reliable"

// MinFrames is the smallest resend buffer, in full frames.
const MinFrames = 8

const (
	// indexEach is the number of bytes of the resend buffer for each frame that it can
	// hold. Frames that are smaller are bounded by their number.
	indexEach = 256
	// leastMarks is the least number of requested frames that are told apart. A larger
	// ring tells as many apart as full frames fit.
	leastMarks = 1 << 18
)

// A ring is the resend buffer: the latest DATA frames, one behind the other in memory,
// each in its own length, so that a run of full frames is one piece of memory for an
// offloaded send. A frame lies in one piece: if a full one doesn't fit before the end of
// the memory, the next begins at the start. An index finds frames by their sequence
// numbers.
type ring struct {
	buf []byte
	// stride is the size of a full frame, in bytes.
	stride int
	// slots is the number of full frames that fit in any case, wherever they lie.
	slots uint64
	// most is the largest number of frames in one batch.
	most uint64
	// top is how much of buf, from its start, may have been written to.
	top int

	// index is by sequence number modulo its length, a power of two. It knows where the
	// frame begins that is open, or is opened next.
	index []Meta
	// oldest is the lowest sequence number that is held.
	oldest uint64
}

// Meta is an entry of the index of a resend buffer. It holds no pointer, so that it may
// lie in any memory.
type Meta struct {
	// offset is that of the message that the frame's first chunk belongs to.
	offset uint64
	// at is where the frame begins.
	at int
	// size is that of the sealed frame, in bytes.
	size int32
	// goesOn says that the message began before the frame.
	goesOn bool
}

// start returns the offset of the first message that starts in the frame or after it.
func (m *Meta) start() uint64 {
	if m.goesOn {
		return m.offset + 1
	}
	return m.offset
}

// Memory is the memory of a resend buffer and its index. It must be zero when a Buffer
// gets it, which owns it from then on.
type Memory struct {
	Frames []byte
	Index  []Meta
}

// Size returns the lengths of Memory for size bytes and full frames of stride bytes.
func Size(size, stride int) (bytes, index int) {
	fit := size / stride
	index = 1
	for index < fit+2 || index <= size/(2*indexEach) {
		index *= 2
	}
	return fit * stride, index
}

// newRing returns a ring of size bytes. Its first frame has the number first.
func newRing(m Memory, size, stride int, first uint64) ring {
	bytes, index := Size(size, stride)
	if m.Frames == nil && m.Index == nil {
		m = Memory{Frames: make([]byte, bytes), Index: make([]Meta, index)}
	}
	slots := bytes/stride - 1 // frames of other sizes may leave a part of one unused at the end
	return ring{
		buf: m.Frames, stride: stride, slots: uint64(slots),
		most:  uint64(max(1, min(reliable.MaxSegments, reliable.MaxBatch/stride, slots/4))),
		index: m.Index, oldest: first,
	}
}

func (r *ring) of(seq uint64) *Meta { return &r.index[seq&uint64(len(r.index)-1)] }

// open returns room for a full frame, the one after the last sealed frame. Frames that
// lay there are no longer held.
func (r *ring) open(seq, offset uint64, goesOn bool) []byte {
	m := r.of(seq)
	if m.at+r.stride > len(r.buf) {
		for r.oldest < seq && r.of(r.oldest).at >= m.at {
			r.oldest++
		}
		m.at, r.top = 0, len(r.buf)
	}
	m.offset, m.size, m.goesOn = offset, 0, goesOn
	end := m.at + r.stride
	for r.oldest < seq {
		// The frames held begin behind this one, or before it and in one piece.
		if o := r.of(r.oldest).at; (o < m.at || o >= end) && seq-r.oldest < uint64(len(r.index))-1 {
			break
		}
		r.oldest++
	}
	r.top = max(r.top, end)
	return r.buf[m.at:end:end]
}

// seal sets the size of the open frame. The next one begins behind it.
func (r *ring) seal(seq uint64, size int) {
	m := r.of(seq)
	m.size = int32(size)
	r.of(seq + 1).at = m.at + size
}

// frame returns a sealed frame.
func (r *ring) frame(seq uint64) []byte {
	m := r.of(seq)
	end := m.at + int(m.size)
	return r.buf[m.at:end:end]
}

// span returns the number of bytes of the frames [from, to). to may be the open frame, or
// the next to be opened.
func (r *ring) span(from, to uint64) int {
	if from >= to {
		return 0
	}
	n := r.of(to).at - r.of(from).at
	if n <= 0 {
		n += len(r.buf)
	}
	return n
}

// fits reports whether so many more frames, of any size, fit from frame next on, which
// may be open, while those from low on stay.
func (r *ring) fits(frames, low, next uint64) bool {
	if low < r.oldest || next-min(low, next)+frames >= uint64(len(r.index)) {
		return false
	}
	left, need := len(r.buf)-r.of(next).at, int(frames)*r.stride
	if need > left {
		need += left % r.stride // at most this stays unused before the end
	}
	return r.span(low, next)+need <= len(r.buf)
}

// piece returns the frames from seq on that lie one behind the other in memory, and their
// sizes, in the given slice. They lie below end, are at most most frames and bytes, and
// leave so many bytes between them and end.
func (r *ring) piece(
	seq, end uint64, most, bytes, leave int, sizes []int32,
) ([]byte, []int32) {
	at := r.of(seq).at
	size := 0
	sizes = sizes[:0]
	for ; seq < end && len(sizes) < most; seq++ {
		m := r.of(seq)
		if m.at != at+size || size+int(m.size) > bytes || r.span(seq+1, end) < leave {
			break
		}
		sizes = append(sizes, m.size)
		size += int(m.size)
	}
	return r.buf[at : at+size], sizes
}

// run returns the frames from seq on that lie one behind the other in memory and can be
// one batch: of one size, but the last one may be shorter. most bounds them in bytes,
// except for the first.
func (r *ring) run(seq, end uint64, most int) (data []byte, segment int, frames uint64) {
	m := r.of(seq)
	at, size := m.at, int(m.size)
	segment = size
	for frames = 1; seq+frames < end && frames < r.most; {
		m = r.of(seq + frames)
		n := int(m.size)
		if m.at != at+size || n > segment || size+n > most {
			break
		}
		size += n
		frames++
		if n < segment {
			break
		}
	}
	return r.buf[at : at+size : at+size], segment, frames
}
