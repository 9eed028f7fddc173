package main

import (
	"encoding/binary"
	"fmt"
	"time"
)

const (
	iextpHeader = 40     // bytes
	moldHeader  = 20     // bytes
	moldEnd     = 0xffff // a message count that says: the session has ended
)

// envelope is a market-data datagram: a header and messages, each behind its
// length in two bytes.
type envelope struct {
	sequence uint64 // of the first message; of the next one in a heartbeat
	count    int    // messages; 0 in a heartbeat and at the session's end
	body     []byte // the messages with their lengths, a view of the datagram
	order    binary.ByteOrder
}

// openIEXTP takes an IEX-TP 1.0 datagram apart: version u8, reserved u8,
// message protocol u16, channel u32, session u32, payload length u16, message
// count u16, stream offset u64, first sequence number u64, send time u64, all
// little-endian; then the messages.
func openIEXTP(b []byte) (envelope, error) {
	if len(b) < iextpHeader {
		return envelope{}, fmt.Errorf("it has %d bytes, fewer than the header of IEX-TP (%d)", len(b), iextpHeader)
	}
	if b[0] != 1 {
		return envelope{}, fmt.Errorf("it says version %d of IEX-TP instead of 1", b[0])
	}
	e := envelope{
		sequence: binary.LittleEndian.Uint64(b[24:]),
		count:    int(binary.LittleEndian.Uint16(b[14:])),
		body:     b[iextpHeader:],
		order:    binary.LittleEndian,
	}
	if length := int(binary.LittleEndian.Uint16(b[12:])); length != len(e.body) {
		return envelope{}, fmt.Errorf("its header says %d bytes of messages, but there are %d", length, len(e.body))
	}
	return e, e.check()
}

// openMoldUDP64 takes a MoldUDP64 1.0 datagram apart: session of 10 bytes,
// sequence number u64, message count u16, all big-endian; then the messages.
func openMoldUDP64(b []byte) (envelope, error) {
	if len(b) < moldHeader {
		return envelope{}, fmt.Errorf("it has %d bytes, fewer than the header of MoldUDP64 (%d)", len(b), moldHeader)
	}
	e := envelope{
		sequence: binary.BigEndian.Uint64(b[10:]),
		count:    int(binary.BigEndian.Uint16(b[18:])),
		body:     b[moldHeader:],
		order:    binary.BigEndian,
	}
	if e.count == moldEnd {
		e.count = 0
	}
	return e, e.check()
}

// check walks over the messages: count of them fill the body exactly.
func (e *envelope) check() error {
	rest := *e
	for i := range e.count {
		if _, ok := rest.take(); !ok {
			return fmt.Errorf("message %d of its %d runs over its end", i+1, e.count)
		}
	}
	if len(rest.body) > 0 {
		return fmt.Errorf("%d bytes are left over behind its %d messages", len(rest.body), e.count)
	}
	return nil
}

// take removes the next message; ok is false if there is not a whole one.
func (e *envelope) take() (message []byte, ok bool) {
	if len(e.body) < 2 {
		return nil, false
	}
	n := int(e.order.Uint16(e.body))
	if len(e.body)-2 < n {
		return nil, false
	}
	message, e.body = e.body[2:2+n:2+n], e.body[2+n:]
	return message, true
}

// splitFeed has the messages inside the datagrams of another feed, each at its
// datagram's time. A datagram is looked at whole before any of it is sent.
type splitFeed struct {
	formatFeed
	split string // iextp or moldudp64
	name  string
	open  func([]byte) (envelope, error)
	outer record
	left  int // messages still in inner
	inner envelope
	first time.Duration // when the first message was recorded; -1 before it
}

func newSplitFeed(f formatFeed, split, name string) *splitFeed {
	s := &splitFeed{formatFeed: f, split: split, name: name, open: openIEXTP, first: -1}
	if split == "moldudp64" {
		s.open = openMoldUDP64
	}
	return s
}

func (s *splitFeed) next() (record, error) {
	for s.left == 0 {
		var err error
		if s.outer, err = s.formatFeed.next(); err != nil {
			return record{}, err
		}
		if s.inner, err = s.open(s.outer.payload); err != nil {
			return record{}, &feedError{s.name, fmt.Sprintf("%s can't be split by %s (%v): filter the capture down to that feed, or leave --split out",
				s.where(), s.split, err), err}
		}
		s.left = s.inner.count
	}
	s.left--
	at := s.outer.at
	if at >= 0 {
		if s.first < 0 { // heartbeats before it are not waited for
			s.first = at
		}
		at = max(0, at-s.first)
	}
	message, _ := s.inner.take() // open has checked that it is there
	return record{at: at, payload: message}, nil
}
