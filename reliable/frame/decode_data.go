package frame

import (
	"encoding/binary"
	"math"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// dataHead is the size of a DATA frame before its first chunk, in bytes.
const dataHead = chunksAt + 3

// plainData parses plain DATA frames, which make up nearly all traffic: all fields are at
// their places, none is unknown, and the chunks are bins with or without a key and headers,
// length marks and padding. It
// parses them by hand, at a fraction of the library's cost. A fuzz test compares the two.
//
// plainData returns false for any other frame, also for a malformed one, and may have
// written to f. The caller then parses the frame by the library.
func plainData(b []byte, f *Frame) bool {
	if len(b) < dataHead {
		return false
	}
	h := (*[dataHead]byte)(b)
	if h[0] != msgpcode.FixedArrayLow|(headerFields+4+1) || h[1] != Version ||
		h[2] != byte(Data) || h[3] != msgpcode.Uint16 ||
		h[6] != msgpcode.Uint64 || h[15] != msgpcode.Uint32 || h[20] != msgpcode.Uint64 ||
		h[29] != msgpcode.Uint64 || h[38] != msgpcode.Uint64 || h[chunksAt] != msgpcode.Array16 {
		return false
	}
	f.Kind, f.Flags = Data, Flags(binary.BigEndian.Uint16(h[4:]))
	f.Session, f.Channel = binary.BigEndian.Uint64(h[7:]), binary.BigEndian.Uint32(h[16:])
	f.Seq, f.Offset = binary.BigEndian.Uint64(h[21:]), binary.BigEndian.Uint64(h[30:])
	f.Time = binary.BigEndian.Uint64(h[39:])
	if f.Flags&criticalFlags&^dataFlags != 0 ||
		f.Time > maxTime || f.Seq == math.MaxUint64 {
		return false
	}
	return f.plainChunks(b[dataHead:], int(binary.BigEndian.Uint16(h[chunksAt+1:])))
}

// plainChunks parses n chunks, which must be all of b.
func (f *Frame) plainChunks(b []byte, n int) bool {
	chunks := f.Chunks[:0]
	total := uint32(0)  // the length mark of the next message, or 0
	marked := -1        // the index of the chunk with a length mark
	for i := 0; ; n-- { // i is the index of the next chunk in b
		// Nearly all chunks are short messages.
		for n > 0 && i+1 < len(b) && b[i] == msgpcode.Bin8 {
			from := i + 2
			if i = from + int(b[i+1]); i > len(b) {
				return false
			}
			chunks = appendChunk(chunks, b[from:i:i], total)
			total = 0
			n--
		}
		if n == 0 {
			f.Chunks, f.Messages = chunks, uint64(len(chunks))
			return i == len(b) && total == 0 && f.plainConsistent(marked)
		}
		if i == len(b) {
			return false
		}
		switch b[i] {
		case msgpcode.Bin16:
			if len(b)-i < binHead {
				return false
			}
			from := i + binHead
			if i = from + int(binary.BigEndian.Uint16(b[i+1:])); i > len(b) {
				return false
			}
			chunks = appendChunk(chunks, b[from:i:i], total)
			total = 0
		case msgpcode.FixedArrayLow | 2: // a message with properties
			if total == 0 {
				from := i
				if chunks, i, n = usualChunks(b, i, n, chunks); i > from {
					n++ // which the loop takes off
					continue
				}
			}
			data, at := binAt(b, i+1)
			if at < 0 {
				return false
			}
			if i = propertiesAt(b, at); i < 0 {
				return false
			}
			chunks = appendKeyed(chunks, data, total, b[at:i:i])
			total = 0
		case msgpcode.Nil:
			if total != 0 {
				return false
			}
			i++
		case msgpcode.Uint32:
			if len(b)-i < markSize || total != 0 || marked >= 0 {
				return false // a frame has at most one length mark
			}
			total = binary.BigEndian.Uint32(b[i+1:])
			if total == 0 || total > MaxMessage {
				return false
			}
			marked = len(chunks)
			i += markSize
		default:
			return false
		}
	}
}

// usualChunks parses messages with properties as most publishers write them, at b[i:] and
// following each other, up to n, into elements that chunks has room for: a payload of up to 255
// bytes, a key, and up to 15 headers with names of up to 31 bytes of ASCII and values of up to
// 255. It returns the chunks, the place behind them, and how many are left of n: it leaves to
// others whatever is different.
func usualChunks(b []byte, i, n int, chunks []Chunk) ([]Chunk, int, int) {
	for n > 0 && len(chunks) < cap(chunks) && i+2 < len(b) &&
		b[i] == msgpcode.FixedArrayLow|2 && b[i+1] == msgpcode.Bin8 {
		from := i + 3
		at := from + int(b[i+2])
		next := usualAt(b, at)
		if next < 0 {
			break
		}
		chunks = chunks[:len(chunks)+1]
		c := &chunks[len(chunks)-1]
		c.Data, c.Total, c.Skip, c.Properties = b[from:at:at], 0, 0, b[at:next:next]
		i = next
		n--
	}
	return chunks, i, n
}

// appendChunk appends a chunk. Mostly it reuses an element of the slice, field by field.
func appendChunk(chunks []Chunk, data []byte, total uint32) []Chunk {
	if n := len(chunks); n < cap(chunks) {
		chunks = chunks[:n+1]
		c := &chunks[n]
		c.Data, c.Total, c.Skip = data, total, 0
		if c.Properties != nil {
			c.Properties = nil
		}
		return chunks
	}
	return append(chunks, Chunk{Data: data, Total: total})
}

// appendKeyed is appendChunk with properties.
func appendKeyed(chunks []Chunk, data []byte, total uint32, properties Properties) []Chunk {
	if n := len(chunks); n < cap(chunks) {
		chunks = chunks[:n+1]
		c := &chunks[n]
		c.Data, c.Total, c.Skip, c.Properties = data, total, 0, properties
		return chunks
	}
	return append(chunks, Chunk{Data: data, Total: total, Properties: properties})
}

// plainConsistent is consistent for a frame without skips. Only the last chunk can be of
// an unfinished message, and it has a length mark if the message starts there. The index
// of the only chunk with a length mark is marked, which is negative if there is none.
func (f *Frame) plainConsistent(marked int) bool {
	if f.Messages > math.MaxUint64-f.Offset {
		return false
	}
	last := len(f.Chunks) - 1
	if last < 0 {
		return f.Flags&(Continues|Unfinished) == 0
	}
	if marked >= 0 && marked != last {
		return false
	}
	if f.Flags&Continues != 0 && f.Chunks[0].Properties != nil {
		return false
	}
	c := &f.Chunks[last]
	starts := last > 0 || f.Flags&Continues == 0
	if c.Total == 0 {
		return f.Flags&Unfinished == 0 || !starts
	}
	return f.Flags&Unfinished != 0 && starts && len(c.Data) < int(c.Total)
}
