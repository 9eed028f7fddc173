package journal

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// A segment is a row of blocks. A block is a header of 64 bytes and a payload. All numbers
// are big-endian. docs/LOG.md lists the fields.

const (
	// headSize is the size of a block's header.
	headSize = 64
	// version is the version of the format.
	version = 1
	// maxPayload is the largest payload of a block of frames: their sizes and themselves.
	maxPayload = 2*MaxFrames + MaxBlock
	// maxFooter is the largest payload of any other block.
	maxFooter = 64 << 20
)

// magic begins each block.
const magic = "crlg"

// A kind is what a block is.
type kind uint8

const (
	kindSession kind = iota + 1
	kindData
	kindHole
	kindEnd
	kindFooter
)

// A head is a block's header.
type head struct {
	crc     uint32
	version uint8
	kind    kind
	codec   uint8
	// length is that of the payload, in bytes.
	length uint32
	// prev is the checksum of the block before in the segment, or 0.
	prev uint32
	// count is the number of frames.
	count uint16
	// seq is the number of the first frame, or of the one that comes next.
	seq uint64
	// offset is that of the first message that starts there or after it, and end that of the
	// first message that starts after the block.
	offset, end uint64
	// first is the time of the first frame, and span how much later the last one is, in
	// microseconds.
	first int64
	span  uint32
	// lag tells how far synced lay below seq when the block was written: noLag if
	// nothing was known to be synced.
	lag uint32
}

const noLag = math.MaxUint32

// last returns the time of the last frame.
func (h *head) last() int64 { return h.first + int64(h.span)*int64(time.Microsecond) }

// synced returns the number below which all frames were synced when the block was
// written.
func (h *head) synced() uint64 {
	if h.lag == noLag || uint64(h.lag) > h.seq {
		return 0
	}
	return h.seq - uint64(h.lag)
}

// spanOf returns the span of a block from first to last, rounded up.
func spanOf(first, last int64) uint32 {
	if last <= first {
		return 0
	}
	return uint32(min((uint64(last)-uint64(first)+999)/1000, math.MaxUint32))
}

func lagOf(seq, synced uint64) uint32 {
	if synced == 0 || seq > synced && seq-synced >= noLag {
		return noLag
	}
	return uint32(seq - min(seq, synced))
}

// put writes a header without its checksum to b, which has headSize bytes.
func (h *head) put(b []byte) {
	_ = b[headSize-1]
	copy(b, magic)
	b[8], b[9], b[10], b[11] = h.version, byte(h.kind), h.codec, 0
	binary.BigEndian.PutUint32(b[12:], h.length)
	binary.BigEndian.PutUint32(b[16:], h.prev)
	binary.BigEndian.PutUint16(b[20:], h.count)
	b[22], b[23] = 0, 0
	binary.BigEndian.PutUint64(b[24:], h.seq)
	binary.BigEndian.PutUint64(b[32:], h.offset)
	binary.BigEndian.PutUint64(b[40:], h.end)
	binary.BigEndian.PutUint64(b[48:], uint64(h.first))
	binary.BigEndian.PutUint32(b[56:], h.span)
	binary.BigEndian.PutUint32(b[60:], h.lag)
}

// parse reads a header. It reports whether b begins with one of this version that may be
// true; the checksum is not looked at.
func (h *head) parse(b []byte) bool {
	if len(b) < headSize || string(b[:4]) != magic {
		return false
	}
	*h = head{
		crc:     binary.BigEndian.Uint32(b[4:]),
		version: b[8], kind: kind(b[9]), codec: b[10],
		length: binary.BigEndian.Uint32(b[12:]),
		prev:   binary.BigEndian.Uint32(b[16:]),
		count:  binary.BigEndian.Uint16(b[20:]),
		seq:    binary.BigEndian.Uint64(b[24:]),
		offset: binary.BigEndian.Uint64(b[32:]),
		end:    binary.BigEndian.Uint64(b[40:]),
		first:  int64(binary.BigEndian.Uint64(b[48:])),
		span:   binary.BigEndian.Uint32(b[56:]),
		lag:    binary.BigEndian.Uint32(b[60:]),
	}
	if h.version != version || h.codec != 0 || h.kind < kindSession || h.kind > kindFooter {
		return false
	}
	if h.kind == kindData {
		return h.count > 0 && h.count <= MaxFrames && h.length <= maxPayload &&
			int(h.length) > 2*int(h.count) && h.seq <= math.MaxUint64-uint64(h.count)
	}
	return h.count == 0 && h.length <= maxFooter
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seedOf returns what the checksums of a tape's blocks begin with, so that a block of
// another tape is none of this one, wherever its bytes lie.
func seedOf(key Key) uint32 {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], key.Session)
	binary.BigEndian.PutUint32(b[8:], key.Channel)
	return crc32.Checksum(b[:], castagnoli)
}

// checksum returns the checksum of a block whose header, and the beginning of the payload,
// are in front, and the rest in data.
func checksum(seed uint32, front, data []byte) uint32 {
	crc := crc32.Update(seed, castagnoli, front[8:])
	return crc32.Update(crc, castagnoli, data)
}

// sealBlock sets the checksum of a block.
func sealBlock(seed uint32, front, data []byte) uint32 {
	crc := checksum(seed, front, data)
	binary.BigEndian.PutUint32(front[4:], crc)
	return crc
}

// A block is a block that verifies.
type block struct {
	head
	// at is its position in the segment, and payload a view of its content.
	at      int64
	payload []byte
}

// size returns the block's size on disk.
func (b *block) size() int64 { return headSize + int64(b.length) }

// next returns the number that follows the block, where it lies in a tape.
func (b *block) next() uint64 {
	switch b.kind {
	case kindData:
		return b.seq + uint64(b.count)
	case kindHole:
		return binary.BigEndian.Uint64(b.payload)
	}
	return b.seq
}

// whole reports whether a block's payload is what its header says.
func (b *block) whole() bool {
	switch b.kind {
	case kindData:
		left := len(b.payload) - 2*int(b.count)
		for i := range int(b.count) {
			n := int(binary.BigEndian.Uint16(b.payload[2*i:]))
			if n == 0 || n > left {
				return false
			}
			left -= n
		}
		return left == 0
	case kindHole:
		return len(b.payload) >= holeSize && b.next() > b.seq
	case kindEnd:
		return len(b.payload) >= endSize
	}
	return true
}

// frames calls f for each frame of a block of frames, with views of the block, until it
// returns false.
func (b *block) frames(f func(seq uint64, frame []byte) bool) {
	data := b.payload[2*int(b.count):]
	for i := range int(b.count) {
		n := int(binary.BigEndian.Uint16(b.payload[2*i:]))
		if !f(b.seq+uint64(i), data[:n:n]) {
			return
		}
		data = data[n:]
	}
}

// BlockSize returns the size on disk of a block of so many frames, of so many bytes
// together.
func BlockSize(frames, bytes int) int64 { return int64(headSize + 2*frames + bytes) }
