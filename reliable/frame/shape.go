package frame

import (
	"encoding/binary"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// What looks at other programs' datagrams too, such as a capture's, needs to tell whether one
// is a frame that is damaged or cut short, or no frame at all. Chance or another program's
// msgpack passes Resembles with a probability below 2^-48.

// Header holds the fields that start every frame.
type Header struct {
	Kind    Kind
	Flags   Flags
	Session uint64
	Channel uint32
}

// HeaderOf returns the header that b begins with, if it is one of this version, of whatever
// kind.
func HeaderOf(b []byte) (Header, bool) {
	b, ok := fixedHead(b)
	if !ok || b[1] != Version {
		return Header{}, false
	}
	return Header{Kind(b[2]), Flags(binary.BigEndian.Uint16(b[4:])),
		binary.BigEndian.Uint64(b[7:]), binary.BigEndian.Uint32(b[16:])}, true
}

// Glance returns the session, the channel and the sequence number of a plain DATA frame, by its
// header alone. The frame may be damaged, there and elsewhere.
func Glance(b []byte) (session uint64, channel uint32, seq uint64, ok bool) {
	if len(b) < dataHead+tagSize {
		return 0, 0, 0, false
	}
	h := (*[dataHead]byte)(b)
	if h[0] != msgpcode.FixedArrayLow|(headerFields+4+1) || h[1] != Version ||
		h[2] != byte(Data) || h[3] != msgpcode.Uint16 ||
		h[6] != msgpcode.Uint64 || h[15] != msgpcode.Uint32 || h[20] != msgpcode.Uint64 {
		return 0, 0, 0, false
	}
	return binary.BigEndian.Uint64(h[7:]), binary.BigEndian.Uint32(h[16:]),
		binary.BigEndian.Uint64(h[21:]), true
}

// fixedHead returns b with an array head of one byte, or what stands for one, and reports
// whether a header's codes follow.
func fixedHead(b []byte) ([]byte, bool) {
	switch {
	case len(b) >= 3 && b[0] == msgpcode.Array16:
		b = b[2:]
	case len(b) == 0 || !msgpcode.IsFixedArray(b[0]):
		return nil, false
	}
	return b, len(b) >= headerSize && b[3] == msgpcode.Uint16 && b[6] == msgpcode.Uint64 &&
		b[15] == msgpcode.Uint32
}

// heads are the codes of the fields of each kind behind the header, as far as they lie at fixed
// places: U is a uint 64, u a uint 32, b a bin and a an array.
var heads = [...]string{
	Data: "UUUa", Repair: "UUb", Heartbeat: "UUUUUUuU", Session: "UUUUb", Nack: "UUUUa",
	Status: "UUUUb", Confirm: "UUa", Gone: "UUUUUa", Bye: "UUUUUUuU",
	Digest: "UUUUUUUUUUUUUub", Find: "UUuUb",
	Announce: "UUb", Claim: "UUUb", Grant: "UUUb", Team: "Uuub",
}

// Resembles returns the header of a frame of this version and of a known kind, if b is one, or
// the beginning of one, by the codes of the fields that lie at fixed places. The frame may be
// damaged elsewhere. The beginning has to have the whole header.
func Resembles(b []byte) (Header, bool) {
	h, ok := HeaderOf(b)
	if !ok || int(h.Kind) >= len(heads) || heads[h.Kind] == "" {
		return Header{}, false
	}
	b, _ = fixedHead(b)
	at := headerSize
	for _, head := range heads[h.Kind] {
		if at >= len(b) {
			break
		}
		c, fits := b[at], false
		switch head {
		case 'U':
			fits = c == msgpcode.Uint64
			at += 9
		case 'u':
			fits = c == msgpcode.Uint32
			at += 5
		case 'b':
			fits = c == msgpcode.Bin8 || c == msgpcode.Bin16
		case 'a':
			fits = msgpcode.IsFixedArray(c) || c == msgpcode.Array16
		}
		if !fits {
			return Header{}, false
		}
	}
	return h, true
}

// Tag is the state of a datagram's tag.
type Tag int

// The states of a tag.
const (
	// TagNone means that no tag ends the datagram.
	TagNone Tag = iota
	// TagWrong means that the checksum is wrong.
	TagWrong
	// TagRight means that the checksum is right.
	TagRight
	// TagLong means a tag of 16 bytes, which this version doesn't know.
	TagLong
)

// longTag is the size of a tag of 16 bytes.
const longTag = 2 + 16

// CheckTag returns the state of the tag that ends a datagram.
func CheckTag(packet []byte) Tag {
	if _, ok := checkTag(packet); ok {
		return TagRight
	}
	if n := len(packet) - tagSize; n >= headerSize && packet[n] == msgpcode.Bin8 &&
		packet[n+1] == 4 {
		return TagWrong
	}
	if n := len(packet) - longTag; n >= headerSize && packet[n] == msgpcode.Bin8 &&
		packet[n+1] == 16 {
		return TagLong
	}
	return TagNone
}

// Size returns the size of the frame that b begins with, by its elements. A host may hand out
// the datagrams of one sender merged, one frame behind the other.
func (d *Decoder) Size(b []byte) (int, bool) {
	if len(b) == 0 || !(msgpcode.IsFixedArray(b[0]) || b[0] == msgpcode.Array16) {
		return 0, false
	}
	d.r.reset(b)
	ok := d.skip()
	return d.r.at, ok
}
