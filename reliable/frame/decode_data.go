package frame

import (
	"encoding/binary"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// dataHead is the length of a DATA frame up to its chunks, in bytes.
const dataHead = chunksAt + 3

// plainData parses the DATA frames that nearly all traffic consists of: with all
// fields at their places, none unknown, and chunks that are bins, length marks and
// padding. It is Decode by hand, at a fraction of the cost, and a fuzz test holds
// the two together. It reports false for all others, malformed ones among them,
// which are then the library's to judge; f may have been written to.
func plainData(b []byte, f *Frame) bool {
	if len(b) < dataHead {
		return false
	}
	h := (*[dataHead]byte)(b)
	if h[0] != msgpcode.FixedArrayLow|(headerFields+4+1) || h[1] != Version || h[2] != byte(Data) || h[3] != msgpcode.Uint16 ||
		h[6] != msgpcode.Uint64 || h[15] != msgpcode.Uint32 || h[20] != msgpcode.Uint64 ||
		h[29] != msgpcode.Uint64 || h[38] != msgpcode.Uint64 || h[chunksAt] != msgpcode.Array16 {
		return false
	}
	f.Kind, f.Flags = Data, Flags(binary.BigEndian.Uint16(h[4:]))
	f.Session, f.Channel = binary.BigEndian.Uint64(h[7:]), binary.BigEndian.Uint32(h[16:])
	f.Seq, f.Offset = binary.BigEndian.Uint64(h[21:]), binary.BigEndian.Uint64(h[30:])
	f.Time = binary.BigEndian.Uint64(h[39:])
	if f.Flags&criticalFlags&^(Continues|Unfinished) != 0 || f.Time > maxTime || f.Seq == math.MaxUint64 {
		return false
	}
	return f.plainChunks(b[dataHead:], int(binary.BigEndian.Uint16(h[chunksAt+1:])))
}

// plainChunks parses n chunks, which must be all of b.
func (f *Frame) plainChunks(b []byte, n int) bool {
	chunks := f.Chunks[:0]
	total := uint32(0) // the length of the message that starts next
	for ; n > 0; n-- {
		if len(b) < 2 {
			if len(b) == 0 || b[0] != msgpcode.Nil || n > 1 || total != 0 {
				return false
			}
			b = b[1:]
			break
		}
		head, size := 2, int(b[1])
		switch b[0] {
		case msgpcode.Bin8:
		case msgpcode.Bin16:
			if len(b) < 3 {
				return false
			}
			head, size = 3, size<<8|int(b[2])
		case msgpcode.Nil:
			if total != 0 {
				return false
			}
			b = b[1:]
			continue
		case msgpcode.Uint32:
			if len(b) < markSize || total != 0 {
				return false
			}
			total = binary.BigEndian.Uint32(b[1:])
			if total == 0 || total > MaxMessage {
				return false
			}
			b = b[markSize:]
			continue
		default:
			return false
		}
		end := head + size
		if end > len(b) {
			return false
		}
		chunks = append(chunks, Chunk{Data: b[head:end:end], Total: total})
		b, total = b[end:], 0
	}
	f.Chunks, f.Messages = chunks, uint64(len(chunks))
	return len(b) == 0 && total == 0 && f.plainConsistent()
}

// plainConsistent is consistent for a frame without skips: only the last chunk can
// be of a message that doesn't end, and has a length mark if it starts there.
func (f *Frame) plainConsistent() bool {
	if f.Messages > math.MaxUint64-f.Offset {
		return false
	}
	last := len(f.Chunks) - 1
	if last < 0 {
		return f.Flags&(Continues|Unfinished) == 0
	}
	for i := range f.Chunks[:last] {
		if f.Chunks[i].Total != 0 {
			return false
		}
	}
	c := &f.Chunks[last]
	starts := last > 0 || f.Flags&Continues == 0
	if c.Total == 0 {
		return f.Flags&Unfinished == 0 || !starts
	}
	return f.Flags&Unfinished != 0 && starts && len(c.Data) < int(c.Total)
}
