package frame

import (
	"encoding/binary"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// SkipSize is what a skip chunk takes of a frame, in bytes.
const SkipSize = 9

const (
	flagsAt  = 4                  // where the flags' two bytes are
	seqAt    = headerSize + 1     // where the numbers' eight bytes are
	offsetAt = seqAt + 9          //
	timeAt   = offsetAt + 9       //
	chunksAt = headerSize + 3*9   // where the chunk array's head is
	binHead  = 3                  // the longest head of a chunk
	markSize = 5                  // a length mark before an unfinished message
	minPart  = markSize + binHead // a part of a message must leave room for data

	// PartHead is the most that a part of a message takes besides its data.
	PartHead = minPart
)

// Builder fills a DATA frame in place. The zero value is ready for Open. It is
// not safe for concurrent use.
type Builder struct {
	e     Encoder
	limit int
	count int
	flags Flags
	open  bool

	// What the frames of one session and channel begin with, with room for the
	// numbers, which have fixed places.
	head    [dataHead]byte
	session uint64
	channel uint32
}

// Open starts a frame in buf, whose capacity, MaxDatagram at most, is the
// frame's full size and whose content is overwritten.
func (b *Builder) Open(buf []byte, session uint64, channel uint32, seq, offset, time uint64) {
	b.limit, b.count, b.flags, b.open = cap(buf)-tagSize, 0, 0, true
	if b.session != session || b.channel != channel || b.head[0] == 0 {
		b.begin(session, channel)
	}
	b.e.w.b = append(buf[:0], b.head[:]...)
	binary.BigEndian.PutUint64(b.e.w.b[seqAt:], seq)
	binary.BigEndian.PutUint64(b.e.w.b[offsetAt:], offset)
	binary.BigEndian.PutUint64(b.e.w.b[timeAt:], time)
}

// begin encodes what the frames of a session begin with.
func (b *Builder) begin(session uint64, channel uint32) {
	b.session, b.channel = session, channel
	b.e.begin(b.head[:0], Data, 0, session, channel)
	b.e.u64s(0, 0, 0)
	_ = b.e.enc.EncodeArrayLen(1<<16 - 1) // three bytes wide; Seal writes the count
}

// IsOpen reports whether a frame was opened and not yet sealed.
func (b *Builder) IsOpen() bool { return b.open }

// Empty reports whether nothing is in the open frame.
func (b *Builder) Empty() bool { return b.count == 0 }

// Fits reports whether a whole message of n bytes fits what is left.
func (b *Builder) Fits(n int) bool { return len(b.e.w.b)+chunkHead(n)+n <= b.limit }

// Left returns how much of a message that doesn't fit whole could be started in
// the frame, in bytes.
func (b *Builder) Left() int { return max(0, b.limit-len(b.e.w.b)-markSize-binHead) }

// Add appends a whole message, which must fit.
//
// It writes the bin by hand, since it is called once a message: a fuzz test holds
// it to what the library writes.
func (b *Builder) Add(message []byte) {
	w := b.e.w.b
	if n := len(message); n < 1<<8 {
		w = append(w, msgpcode.Bin8, byte(n))
	} else {
		w = append(w, msgpcode.Bin16, byte(n>>8), byte(n))
	}
	b.e.w.b = append(w, message...)
	b.count++
}

// AddRun appends whole messages, as long as they fit, and returns how many and how
// many bytes they have: Add for many, at a lower cost for each.
func (b *Builder) AddRun(messages [][]byte) (n, bytes int) {
	w := b.e.w.b
	for _, message := range messages {
		size := len(message)
		head := chunkHead(size)
		at := len(w)
		end := at + head + size
		if end > b.limit {
			break
		}
		w = w[:end]
		if head == 2 {
			w[at], w[at+1] = msgpcode.Bin8, byte(size)
		} else {
			w[at], w[at+1], w[at+2] = msgpcode.Bin16, byte(size>>8), byte(size)
		}
		copy(w[at+head:], message)
		bytes += size
		n++
	}
	b.e.w.b = w
	b.count += n
	return n, bytes
}

// Start appends the first part of a message that doesn't fit, as long as there is
// room for it, and returns the part's length: 0 if there is none. The frame is
// then full.
func (b *Builder) Start(message []byte) int {
	n := min(b.limit-len(b.e.w.b)-markSize-binHead, len(message)-1)
	if n <= 0 {
		return 0
	}
	_ = b.e.enc.EncodeUint32(uint32(len(message)))
	b.e.bin(message[:n])
	b.count += 2
	b.flags |= Unfinished
	return n
}

// Continue appends the next part of a message to an empty frame and returns how
// much of rest, what is left of the message, it took.
func (b *Builder) Continue(rest []byte) int {
	b.flags |= Continues
	n := len(rest)
	if !b.Fits(n) {
		n = b.limit - len(b.e.w.b) - binHead
		b.flags |= Unfinished
	}
	b.e.bin(rest[:n])
	b.count++
	return n
}

// Skip appends a chunk that stands for n messages that were dropped, MaxSkip at
// most, and reports whether there was room.
func (b *Builder) Skip(n uint64) bool {
	if n == 0 {
		return true
	}
	if len(b.e.w.b)+SkipSize > b.limit {
		return false
	}
	_ = b.e.enc.EncodeUint64(n)
	b.count++
	return true
}

// Seal closes the frame and returns it. With full it is padded to the buffer's
// capacity.
func (b *Builder) Seal(full bool) []byte {
	if full {
		pad := b.e.w.b[len(b.e.w.b):max(b.limit, len(b.e.w.b))]
		for i := range pad {
			pad[i] = msgpcode.Nil
		}
		b.e.w.b = b.e.w.b[:len(b.e.w.b)+len(pad)]
		b.count += len(pad)
	}
	frame := b.e.w.b
	binary.BigEndian.PutUint16(frame[flagsAt:], uint16(b.flags))
	binary.BigEndian.PutUint16(frame[chunksAt+1:], uint16(b.count))
	b.open = false
	return b.e.end(0)
}

// chunkHead returns the length of the head of a chunk of n bytes.
func chunkHead(n int) int {
	if n < 1<<8 {
		return 2
	}
	return binHead
}

// Frames returns how many DATA frames a message of n bytes takes at the most,
// where DataRoom is room: the open one counts, though it may have no room for any
// of it.
func Frames(n, room int) int {
	part := room - minPart
	return 1 + max(1, (n+part-1)/part)
}
