package frame

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// SkipSize is the size of a skip chunk, in bytes.
const SkipSize = 9

// The fields of a DATA frame have fixed places.
const (
	// flagsAt is the place of the flags' two bytes.
	flagsAt = 4
	// seqAt, offsetAt and timeAt are the places of the numbers' eight bytes.
	seqAt    = headerSize + 1
	offsetAt = seqAt + 9
	timeAt   = offsetAt + 9
	// chunksAt is the place of the chunk array's head.
	chunksAt = headerSize + 3*9
)

const (
	// binHead is the size of the longest head of a chunk.
	binHead = 3
	// markSize is the size of the length mark before an unfinished message.
	markSize = 5
	// PartHead bounds the size of a part of a message without its data.
	PartHead = markSize + binHead
)

// Builder fills a DATA frame in place. The zero value is ready for Open. A Builder is not
// safe for concurrent use.
type Builder struct {
	e     Encoder
	limit int
	count int
	// Always are the flags that each frame has.
	Always Flags
	flags  Flags
	open   bool

	// head is the encoded beginning of the frames of session and channel, with room for
	// the numbers.
	head    [dataHead]byte
	session uint64
	channel uint32
}

// Open starts a frame in buf and overwrites its content. The capacity of buf is the
// frame's full size, at most MaxDatagram.
func (b *Builder) Open(buf []byte, session uint64, channel uint32, seq, offset, time uint64) {
	b.limit, b.count, b.flags, b.open = cap(buf)-tagSize, 0, b.Always, true
	if b.session != session || b.channel != channel || b.head[0] == 0 {
		b.begin(session, channel)
	}
	b.e.w.b = append(buf[:0], b.head[:]...)
	binary.BigEndian.PutUint64(b.e.w.b[seqAt:], seq)
	binary.BigEndian.PutUint64(b.e.w.b[offsetAt:], offset)
	binary.BigEndian.PutUint64(b.e.w.b[timeAt:], time)
}

// begin encodes the beginning of the frames of a session and channel.
func (b *Builder) begin(session uint64, channel uint32) {
	b.session, b.channel = session, channel
	b.e.begin(b.head[:0], Data, 0, session, channel)
	b.e.u64s(0, 0, 0)
	// This length makes the head three bytes wide. Seal writes the count.
	_ = b.e.enc.EncodeArrayLen(1<<16 - 1)
}

// IsOpen reports whether a frame was opened and not yet sealed.
func (b *Builder) IsOpen() bool { return b.open }

// Empty reports whether the open frame has no chunk.
func (b *Builder) Empty() bool { return b.count == 0 }

// Fits reports whether a whole message of n bytes fits in the room left.
func (b *Builder) Fits(n int) bool { return len(b.e.w.b)+chunkHead(n)+n <= b.limit }

// Left returns the number of bytes that Start would take of a message that doesn't fit
// whole.
func (b *Builder) Left() int { return max(0, b.limit-len(b.e.w.b)-PartHead) }

// Add appends a whole message, which must fit.
//
// Add runs once a message, so it writes the bin by hand. A fuzz test compares the result
// with the library's.
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

// FitsWith reports whether a whole message of n bytes with properties fits in the room left.
func (b *Builder) FitsWith(properties Properties, n int) bool {
	return len(b.e.w.b)+withProperties(properties)+chunkHead(n)+n <= b.limit
}

// LeftWith returns the number of bytes that StartWith would take of a message that doesn't fit
// whole.
func (b *Builder) LeftWith(properties Properties) int {
	return max(0, b.Left()-withProperties(properties))
}

// AddWith appends a whole message with its properties, which must fit. It is Add if there are
// none.
func (b *Builder) AddWith(properties Properties, message []byte) {
	if len(properties) == 0 {
		b.Add(message)
		return
	}
	w := b.e.w.b
	if n := len(message); n < 1<<8 {
		w = append(w, msgpcode.FixedArrayLow|2, msgpcode.Bin8, byte(n))
	} else {
		w = append(w, msgpcode.FixedArrayLow|2, msgpcode.Bin16, byte(n>>8), byte(n))
	}
	w = append(w, message...)
	b.e.w.b = append(w, properties...)
	b.count++
}

// AddMessage appends a whole message with a key and headers, and reports whether it fitted. The
// error is that of AppendProperties. It costs less than that and AddWith.
func (b *Builder) AddMessage(key []byte, headers []MessageHeader, message []byte) (bool, error) {
	if b.addUsual(key, headers, message) {
		return true, nil
	}
	size, err := propertiesSize(key, headers)
	if err != nil {
		return false, err
	}
	n := len(message)
	if size == 0 {
		if b.Fits(n) {
			b.Add(message)
			return true, nil
		}
		return false, nil
	}
	if len(b.e.w.b)+1+chunkHead(n)+n+size > b.limit {
		return false, nil
	}
	w := append(b.e.w.b, msgpcode.FixedArrayLow|2)
	if n < 1<<8 {
		w = append(w, msgpcode.Bin8, byte(n))
	} else {
		w = append(w, msgpcode.Bin16, byte(n>>8), byte(n))
	}
	w = append(w, message...)
	b.e.w.b = w[:len(w)+size]
	putProperties(b.e.w.b[len(w):], key, headers)
	b.count++
	return true, nil
}

// addUsual is AddMessage for what most publishers send: a payload of up to 255 bytes with a key,
// and up to 15 headers with names of up to 31 bytes of ASCII and values of up to 255. It does
// nothing and reports false for anything else, and where there is no room.
func (b *Builder) addUsual(key []byte, headers []MessageHeader, message []byte) bool {
	w := b.e.w.b
	at := len(w)
	to := at + 3 + len(message) // where the properties begin
	end := to + 4 + len(key)
	if len(message) > 255 || len(key) == 0 || len(key) > 255 || len(headers) > 15 ||
		end > b.limit {
		return false
	}
	w = w[:b.limit]
	head := w[at : at+3]
	head[0], head[1], head[2] = msgpcode.FixedArrayLow|2, msgpcode.Bin8, byte(len(message))
	copy(w[at+3:], message)
	head = w[to : to+4]
	head[0], head[1] = msgpcode.FixedMapLow|1, keyMessageKey
	head[2], head[3] = msgpcode.Bin8, byte(len(key))
	copy(w[to+4:], key)
	if len(headers) > 0 {
		if end+2 > len(w) {
			return false
		}
		head[0]++
		w[end], w[end+1] = keyHeaders, msgpcode.FixedMapLow|byte(len(headers))
		end += 2
	}
	for i := range headers {
		h := &headers[i]
		name, value := h.Name, h.Value
		at := end + 1 + len(name)
		if len(name) == 0 || len(name) > 31 || len(value) > 255 || at+2+len(value) > len(w) ||
			i > 0 && h.check(headers[:i]) != nil {
			return false
		}
		w[end] = msgpcode.FixedStrLow | byte(len(name))
		all := byte(0)
		to := w[end+1:][:len(name)]
		for j := range to {
			to[j] = name[j]
			all |= name[j]
		}
		if all >= utf8.RuneSelf {
			return false
		}
		w[at], w[at+1] = msgpcode.Bin8, byte(len(value))
		copy(w[at+2:], value)
		end = at + 2 + len(value)
	}
	if end-to > MaxProperties {
		return false
	}
	b.e.w.b = w[:end]
	b.count++
	return true
}

// AddRun appends whole messages up to the first that doesn't fit, and returns their number
// and the sum of their sizes. It costs less for each message than Add.
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

// Start appends the first part of a message that doesn't fit whole, and returns the
// part's length. The frame is then full. Start returns 0 and appends nothing if there is
// no room for a part.
func (b *Builder) Start(message []byte) int { return b.StartWith(nil, message) }

// StartWith is Start for a message with properties, which come with its first part.
func (b *Builder) StartWith(properties Properties, message []byte) int {
	n := min(b.limit-len(b.e.w.b)-PartHead-withProperties(properties), len(message)-1)
	if n <= 0 {
		return 0
	}
	_ = b.e.enc.EncodeUint32(uint32(len(message)))
	if len(properties) > 0 {
		b.e.w.b = append(b.e.w.b, msgpcode.FixedArrayLow|2)
	}
	b.e.bin(message[:n])
	b.e.w.b = append(b.e.w.b, properties...)
	b.count += 2
	b.flags |= Unfinished
	return n
}

// Continue appends the next part of a message to an empty frame, and returns the part's
// length. The part is taken from rest, the remainder of the message.
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

// Skip appends a chunk that stands for n dropped messages, at most MaxSkip, and reports
// whether it fitted.
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

// Seal closes the frame and returns it. If full is set, Seal pads the frame to the
// buffer's capacity.
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

// withProperties returns by how many bytes properties make a chunk longer.
func withProperties(p Properties) int {
	if len(p) == 0 {
		return 0
	}
	return 1 + len(p)
}

// chunkHead returns the length of the head of a chunk of n bytes.
func chunkHead(n int) int {
	if n < 1<<8 {
		return 2
	}
	return binHead
}

// Frames returns an upper bound of the number of DATA frames that a message of n bytes
// takes, where DataRoom is room. The open frame counts, even if it has no room for a part.
// Properties count as one byte more of the message than they have.
func Frames(n, room int) int {
	part := room - PartHead
	return 1 + max(1, (n+part-1)/part)
}
