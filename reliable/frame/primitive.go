package frame

import (
	"io"

	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// The library's integer primitives also accept nil and negative numbers, and its bytes
// primitives accept strings and allocate as much as a length claims. Therefore the methods
// below check an element's code first, and slice the datagram instead of reading from it.

// reader lets the library read from a datagram.
type reader struct {
	b  []byte
	at int
}

func (r *reader) reset(b []byte) { r.b, r.at = b, 0 }

func (r *reader) left() int { return len(r.b) - r.at }

func (r *reader) Read(p []byte) (int, error) {
	if r.at == len(r.b) {
		return 0, io.EOF
	}
	n := copy(p, r.b[r.at:])
	r.at += n
	return n, nil
}

func (r *reader) ReadByte() (byte, error) {
	if r.at == len(r.b) {
		return 0, io.EOF
	}
	c := r.b[r.at]
	r.at++
	return c, nil
}

func (r *reader) UnreadByte() error {
	if r.at == 0 {
		return io.ErrNoProgress
	}
	r.at--
	return nil
}

// peek returns the next element's code. It costs a fraction of the library's PeekCode.
func (d *Decoder) peek() (byte, bool) {
	if d.r.at >= len(d.r.b) {
		return 0, false
	}
	return d.r.b[d.r.at], true
}

// code reports whether the next element's code is c.
func (d *Decoder) code(c byte) bool {
	next, ok := d.peek()
	return ok && next == c
}

// fix reads a positive fixint.
func (d *Decoder) fix() (uint8, bool) {
	c, ok := d.peek()
	if !ok || c > msgpcode.PosFixedNumHigh {
		return 0, false
	}
	v, err := d.dec.DecodeUint64()
	return uint8(v), err == nil
}

func (d *Decoder) u16() (uint16, bool) {
	if !d.code(msgpcode.Uint16) {
		return 0, false
	}
	v, err := d.dec.DecodeUint64()
	return uint16(v), err == nil
}

func (d *Decoder) u32() (uint32, bool) {
	if !d.code(msgpcode.Uint32) {
		return 0, false
	}
	v, err := d.dec.DecodeUint64()
	return uint32(v), err == nil
}

func (d *Decoder) u32to(to *uint32) bool {
	v, ok := d.u32()
	*to = v
	return ok
}

func (d *Decoder) u64() (uint64, bool) {
	if !d.code(msgpcode.Uint64) {
		return 0, false
	}
	v, err := d.dec.DecodeUint64()
	return v, err == nil
}

func (d *Decoder) u64s(to ...*uint64) bool {
	for _, p := range to {
		v, ok := d.u64()
		if !ok {
			return false
		}
		*p = v
	}
	return true
}

// uint reads an unsigned integer of any width, including a positive fixint.
func (d *Decoder) uint() (uint64, bool) {
	c, ok := d.peek()
	if !ok {
		return 0, false
	}
	switch {
	case c <= msgpcode.PosFixedNumHigh:
	case c == msgpcode.Uint8, c == msgpcode.Uint16, c == msgpcode.Uint32, c == msgpcode.Uint64:
	default:
		return 0, false
	}
	v, err := d.dec.DecodeUint64()
	return v, err == nil
}

// arrayLen reads the head of an array of up to 65,535 elements.
func (d *Decoder) arrayLen() (int, bool) {
	c, ok := d.peek()
	if !ok || !(msgpcode.IsFixedArray(c) || c == msgpcode.Array16) {
		return 0, false
	}
	n, err := d.dec.DecodeArrayLen()
	return n, err == nil
}

// bin reads a bin of at most limit bytes as a view of the datagram.
func (d *Decoder) bin(to *[]byte, limit int) bool {
	c, ok := d.peek()
	if !ok || (c != msgpcode.Bin8 && c != msgpcode.Bin16) {
		return false
	}
	n, err := d.dec.DecodeBytesLen()
	if err != nil || n > limit || n > d.r.left() {
		return false
	}
	*to = d.r.b[d.r.at : d.r.at+n : d.r.at+n]
	d.r.at += n
	return true
}

// skip passes over one element of any type, including nested ones. The library's own Skip
// recurses and allocates on a sender's word.
func (d *Decoder) skip() bool {
	for pending := 1; pending > 0; {
		c, ok := d.peek()
		if !ok {
			return false
		}
		fixed, more := 1, 0
		switch {
		case msgpcode.IsFixedNum(c), c == msgpcode.Nil, c == msgpcode.True, c == msgpcode.False:
		case msgpcode.IsFixedString(c):
			fixed += int(c & msgpcode.FixedStrMask)
		case msgpcode.IsFixedArray(c):
			more = int(c & msgpcode.FixedArrayMask)
		case msgpcode.IsFixedMap(c):
			more = 2 * int(c&msgpcode.FixedMapMask)
		case c == msgpcode.Uint8, c == msgpcode.Int8:
			fixed += 1
		case c == msgpcode.Uint16, c == msgpcode.Int16:
			fixed += 2
		case c == msgpcode.Uint32, c == msgpcode.Int32, c == msgpcode.Float:
			fixed += 4
		case c == msgpcode.Uint64, c == msgpcode.Int64, c == msgpcode.Double:
			fixed += 8
		case c == msgpcode.FixExt1, c == msgpcode.FixExt2, c == msgpcode.FixExt4,
			c == msgpcode.FixExt8, c == msgpcode.FixExt16:
			fixed += 1 + 1<<(c-msgpcode.FixExt1)
		default:
			n, ok := d.longLen(c)
			if !ok {
				return false
			}
			switch c {
			case msgpcode.Array16:
				fixed, more = 0, n
			case msgpcode.Map16:
				fixed, more = 0, 2*n
			case msgpcode.Ext8, msgpcode.Ext16:
				fixed = n + 1
			default:
				fixed = n
			}
		}
		// Each pending element takes at least one byte.
		pending += more - 1
		if pending > d.r.left()-fixed {
			return false
		}
		d.r.at += fixed
	}
	return true
}

// longLen reads the code and the length of a string, bin, ext, array or map with a length
// field of one or two bytes. An element that needs four doesn't fit in a datagram.
func (d *Decoder) longLen(c byte) (int, bool) {
	width := 0
	switch c {
	case msgpcode.Str8, msgpcode.Bin8, msgpcode.Ext8:
		width = 1
	case msgpcode.Str16, msgpcode.Bin16, msgpcode.Ext16, msgpcode.Array16, msgpcode.Map16:
		width = 2
	default:
		return 0, false
	}
	if d.r.left() < 1+width {
		return 0, false
	}
	n := 0
	for _, b := range d.r.b[d.r.at+1 : d.r.at+1+width] {
		n = n<<8 | int(b)
	}
	d.r.at += 1 + width
	return n, true
}
