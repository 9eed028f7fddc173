package main

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// packet is a UDP datagram of a capture.
type packet struct {
	at      time.Duration
	to      string
	payload string
}

// pcapOf is a pcap of IPv4 packets, with times in nanoseconds.
func pcapOf(ps ...packet) string {
	le, be := binary.LittleEndian, binary.BigEndian
	b := []byte("\x4d\x3c\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x00\xff\xff\x00\x00\x65\x00\x00\x00")
	const start = 1700000000
	for _, p := range ps {
		to := netip.MustParseAddrPort(p.to)
		at, n := start*time.Second+p.at, len(p.payload)
		for _, v := range []int64{int64(at / time.Second), int64(at % time.Second), int64(28 + n),
			int64(28 + n)} {
			b = le.AppendUint32(b, uint32(v))
		}
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(28+n))
		b = append(b, 0, 1, 0, 0, 1, 17, 0, 0, 10, 0, 0, 1)
		b = append(b, to.Addr().AsSlice()...)
		b = be.AppendUint16(b, 4000)
		b = be.AppendUint16(b, to.Port())
		b = be.AppendUint16(b, uint16(8+n))
		b = append(b, 0, 0)
		b = append(b, p.payload...)
	}
	return string(b)
}

// iextp is an IEX-TP datagram, mold one of MoldUDP64.
func iextp(sequence uint64, messages ...string) string {
	le := binary.LittleEndian
	body := bodyOf(le, messages)
	b := append([]byte{1, 0, 4, 0x80, 1, 0, 0, 0, 0, 0, 0xb0, 0x4c}, 0, 0, 0, 0)
	le.PutUint16(b[12:], uint16(len(body)))
	le.PutUint16(b[14:], uint16(len(messages)))
	b = append(b, make([]byte, 24)...)
	le.PutUint64(b[24:], sequence)
	return string(append(b, body...))
}

func mold(session string, sequence uint64, messages ...string) string {
	be := binary.BigEndian
	b := be.AppendUint64([]byte(session), sequence)
	b = be.AppendUint16(b, uint16(len(messages)))
	return string(append(b, bodyOf(be, messages)...))
}

func bodyOf(order binary.AppendByteOrder, messages []string) (b []byte) {
	for _, m := range messages {
		b = append(order.AppendUint16(b, uint16(len(m))), m...)
	}
	return b
}
