package feed

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/gopacket/gopacket/layers"
)

const (
	// captureStep bounds the bytes of a packet together with blocks before it that hold no
	// packets.
	captureStep = 16 << 20
	// pcapLongest is the longest packet of a pcap, in bytes, as for tcpdump.
	pcapLongest = 256 << 10
)

// captured is a packet of a capture.
type captured struct {
	ns    int64
	timed bool
	link  layers.LinkType
	data  []byte // a view, valid until the next packet
	cut   bool   // data are only the packet's beginning
	odd   bool   // the record contradicts itself
}

// packets reads a capture file. Its errors are io.EOF between packets, io.ErrUnexpectedEOF
// within one, a damagedError, or those of reading.
type packets interface {
	next(*captured) error
}

// damagedError describes a damaged record, after which no other can be found.
type damagedError string

func (e damagedError) Error() string { return string(e) }

func damaged(format string, args ...any) error { return damagedError(fmt.Sprintf(format, args...)) }

// pcapFile reads the classic format: a header of 24 bytes; then for each packet
// seconds, a fraction, the captured length and the packet's, u32 each, and data.
type pcapFile struct {
	src     *source
	order   binary.ByteOrder
	unit    int64 // of the fraction, in ns
	swapped int   // minor version: before 3 the lengths are swapped, in 3 perhaps
	link    layers.LinkType
}

func newPcapFile(src *source) (*pcapFile, error) {
	head, err := src.take(24)
	if err != nil {
		return nil, err
	}
	f := &pcapFile{src: src, order: binary.LittleEndian, unit: 1000}
	switch binary.BigEndian.Uint32(head) {
	case 0xa1b2c3d4, 0xa1b23c4d:
		f.order = binary.BigEndian
	}
	if f.order.Uint32(head) == 0xa1b23c4d {
		f.unit = 1
	}
	if major := f.order.Uint16(head[4:]); major != 2 {
		return nil, damaged("it says version %d of pcap instead of 2", major)
	}
	f.swapped = int(f.order.Uint16(head[6:]))
	// above are marks, of checksums behind packets
	f.link = layers.LinkType(f.order.Uint32(head[20:]) & 0xffff)
	return f, nil
}

func (f *pcapFile) next(p *captured) error {
	head, err := f.src.take(16)
	if err != nil {
		return cutOff(err, len(head))
	}
	seconds, fraction := f.order.Uint32(head), f.order.Uint32(head[4:])
	have, length := f.order.Uint32(head[8:]), f.order.Uint32(head[12:])
	if f.swapped < 3 || f.swapped == 3 && have > length {
		have, length = length, have
	}
	if have > pcapLongest {
		return damaged("its record says that it has %d bytes, over the limit of %d",
			have, pcapLongest)
	}
	*p = captured{
		ns: int64(seconds)*1e9 + int64(fraction)*f.unit, timed: true,
		link: f.link, cut: have < length, odd: have > length,
	}
	p.data, err = f.src.take(int(have))
	return within(err)
}

// cutOff turns io.EOF after the first byte of a record into io.ErrUnexpectedEOF.
func cutOff(err error, have int) error {
	if err == io.EOF && have > 0 {
		return io.ErrUnexpectedEOF
	}
	return err
}

// within turns io.EOF inside a record into io.ErrUnexpectedEOF.
func within(err error) error { return cutOff(err, 1) }
