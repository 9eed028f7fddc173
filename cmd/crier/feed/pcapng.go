package feed

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/gopacket/gopacket/layers"
)

// Blocks of a pcapng. Each is its type and its length in bytes, u32 each, a body
// that is padded to 4 bytes, and its length again.
const (
	ngSection    = 0x0a0d0d0a
	ngInterface  = 1
	ngOldPacket  = 2
	ngSimple     = 3
	ngPacket     = 6
	ngOrderMagic = 0x1a2b3c4d
)

// ngInterfaces bounds the interfaces of a section.
const ngInterfaces = 1 << 16

// ngFile reads a pcapng: sections, each with interfaces and packets.
type ngFile struct {
	src        *source
	order      binary.ByteOrder
	interfaces []ngInterfaceInfo // of the section
	lead       [8]byte           // of the block
}

// ngInterfaceInfo is the content of an interface description.
type ngInterfaceInfo struct {
	link   layers.LinkType
	snap   uint32
	unit   byte  // 2^-n seconds with the high bit set, else 10^-n
	offset int64 // of its times, in seconds
}

func newNgFile(src *source) (*ngFile, error) {
	f := &ngFile{src: src}
	kind, body, err := f.block()
	if err != nil {
		return nil, within(err)
	}
	return f, f.note(kind, body)
}

// block returns the next block's type and body, a view. Of a section header the
// body begins behind the byte order, which is noted.
func (f *ngFile) block() (kind uint32, body []byte, err error) {
	head, err := f.src.take(8)
	if err != nil {
		return 0, nil, cutOff(err, len(head))
	}
	used := uint32(8)
	f.lead = [8]byte(head)                          // the view ends with the next take
	if binary.BigEndian.Uint32(head) == ngSection { // the same in either order
		magic, err := f.src.take(4)
		if err != nil {
			return 0, nil, within(err)
		}
		switch uint32(ngOrderMagic) {
		case binary.BigEndian.Uint32(magic):
			f.order = binary.BigEndian
		case binary.LittleEndian.Uint32(magic):
			f.order = binary.LittleEndian
		default:
			return 0, nil, damaged("a section header has an unknown byte order")
		}
		used += 4
	}
	kind = f.order.Uint32(f.lead[:])
	length := f.order.Uint32(f.lead[4:])
	switch {
	case length%4 != 0:
		return 0, nil, damaged("a block's length of %d is not a multiple of 4", length)
	case length < used+4:
		return 0, nil, damaged("a block's length of %d is less than its own head and tail", length)
	case length > math.MaxInt32:
		return 0, nil, damaged("a block says that it has %d bytes", length)
	}
	body, err = f.src.take(int(length - used))
	if err != nil {
		return 0, nil, within(err)
	}
	end := len(body) - 4
	if again := f.order.Uint32(body[end:]); again != length {
		return 0, nil, damaged("a block's length is %d at its beginning and %d at its end", length,
			again)
	}
	return kind, body[:end], nil
}

func (f *ngFile) next(p *captured) error {
	for {
		kind, b, err := f.block()
		if err != nil {
			return err
		}
		switch kind {
		case ngPacket:
			if len(b) < 20 {
				return damaged("its block has no room for its head")
			}
			f.packet(p, f.order.Uint32(b), b[4:], b[20:])
			return nil
		case ngOldPacket: // the interface's number has 16 bits, before a count of drops
			if len(b) < 20 {
				return damaged("its block has no room for its head")
			}
			f.packet(p, uint32(f.order.Uint16(b)), b[4:], b[20:])
			return nil
		case ngSimple: // of the first interface, and without a time
			if len(b) < 4 {
				return damaged("its block has no room for its head")
			}
			*p = captured{odd: len(f.interfaces) == 0}
			if p.odd {
				return nil
			}
			length := f.order.Uint32(b)
			have := min(length, uint32(len(b)-4))
			if snap := f.interfaces[0].snap; snap > 0 {
				have = min(have, snap)
			}
			p.link, p.data, p.cut = f.interfaces[0].link, b[4:4+have], have < length
			return nil
		}
		if err := f.note(kind, b); err != nil {
			return err
		}
	}
}

// packet fills p from a packet block: head has its time, the captured length and
// the packet's.
func (f *ngFile) packet(p *captured, number uint32, head, data []byte) {
	have, length := f.order.Uint32(head[8:]), f.order.Uint32(head[12:])
	*p = captured{odd: have > length || uint64(have) > uint64(len(data)) ||
		uint64(number) >= uint64(len(f.interfaces))}
	if p.odd {
		return
	}
	of := &f.interfaces[number]
	p.ns = of.nanos(uint64(f.order.Uint32(head))<<32 | uint64(f.order.Uint32(head[4:])))
	p.timed, p.link, p.data, p.cut = true, of.link, data[:have], have < length
}

// note takes a block that holds no packet.
func (f *ngFile) note(kind uint32, b []byte) error {
	switch kind {
	case ngSection:
		if len(b) < 12 {
			return damaged("a section header has %d bytes, fewer than 12", len(b))
		}
		// Minor version 2 was written by mistake, and is the same.
		if major, minor := f.order.Uint16(b), f.order.Uint16(b[2:]); major != 1 ||
			minor != 0 && minor != 2 {
			return damaged("it says version %d.%d of pcapng instead of 1.0", major, minor)
		}
		f.interfaces = f.interfaces[:0]
	case ngInterface:
		if len(b) < 8 {
			return damaged("an interface's description has %d bytes, fewer than 8", len(b))
		}
		if len(f.interfaces) == ngInterfaces {
			return damaged("a section has more than %d interfaces", ngInterfaces)
		}
		of := ngInterfaceInfo{link: layers.LinkType(f.order.Uint16(b)),
			snap: f.order.Uint32(b[4:]), unit: 6}
		for code, value := range f.options(b[8:]) {
			switch {
			case code == 9 && len(value) >= 1:
				of.unit = value[0]
			case code == 14 && len(value) >= 8:
				of.offset = int64(f.order.Uint64(value))
			}
		}
		f.interfaces = append(f.interfaces, of)
	}
	return nil
}

// options yields a block's options: code and length, u16 each, and a value that is
// padded to 4 bytes. It stops at one that is longer than the block: what it
// would say is not known.
func (f *ngFile) options(b []byte) func(yield func(code uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, n := f.order.Uint16(b), int(f.order.Uint16(b[2:]))
			if code == 0 || n > len(b)-4 {
				return
			}
			if !yield(code, b[4:4+n]) {
				return
			}
			b = b[min(len(b), 4+(n+3)&^3):]
		}
	}
}

// nanos turns an interface's time into nanoseconds since 1970, from 0 to 2^63-1:
// the nearest for one outside.
func (of *ngInterfaceInfo) nanos(t uint64) int64 {
	hi, lo := uint64(0), uint64(0)
	if n := uint(of.unit &^ 0x80); of.unit&0x80 != 0 {
		hi, lo = bits.Mul64(t, 1e9)
		if n > 0 { // to the nearest
			half, carry := uint64(0), uint64(0)
			if n <= 64 {
				half = 1 << (n - 1)
			}
			lo, carry = bits.Add64(lo, half, 0)
			hi += carry
		}
		switch {
		case n >= 64:
			hi, lo = 0, hi>>(n-64)
		case n > 0:
			hi, lo = hi>>n, hi<<(64-n)|lo>>n
		}
	} else if n <= 9 {
		hi, lo = bits.Mul64(t, power10(9-n))
	} else {
		lo = t / power10(n-9)
	}
	if hi > 0 || lo > math.MaxInt64 {
		hi, lo = 0, math.MaxInt64
	}
	const most = math.MaxInt64 / 1_000_000_000
	switch ns := int64(lo); {
	case of.offset < -most:
		return 0
	case of.offset > most || of.offset > 0 && ns > math.MaxInt64-of.offset*1e9:
		return math.MaxInt64
	default:
		return max(0, ns+of.offset*1e9)
	}
}

// power10 is 10^n, or the largest number where that is too large.
func power10(n uint) uint64 {
	p := uint64(1)
	for range n {
		hi, lo := bits.Mul64(p, 10)
		if hi > 0 {
			return math.MaxUint64
		}
		p = lo
	}
	return p
}
