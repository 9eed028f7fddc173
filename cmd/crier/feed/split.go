package feed

import (
	"encoding/binary"
	"fmt"
)

const (
	iextpHeader = 40     // bytes
	moldHeader  = 20     // bytes
	moldEnd     = 0xffff // the message count at the session's end
)

// sessionKey identifies a session of a source: in IEX-TP by message protocol u16, channel u32
// and session u32, in MoldUDP64 by its session.
type sessionKey [10]byte

// envelope is a market-data datagram: a header and messages, each behind its
// length in two bytes.
type envelope struct {
	session  sessionKey
	sequence uint64 // of the first message; of the next one in a heartbeat
	count    int    // messages; 0 in a heartbeat and at the session's end
	end      bool   // the session's
	body     []byte // the messages with their lengths, a view of the datagram
	order    binary.ByteOrder
}

// openIEXTP takes an IEX-TP 1.0 datagram apart: version u8, reserved u8,
// message protocol u16, channel u32, session u32, payload length u16, message
// count u16, stream offset u64, first sequence number u64, send time u64, all
// little-endian; then the messages. Rest is the bytes behind them.
func openIEXTP(b []byte) (e envelope, rest []byte, err error) {
	if len(b) < iextpHeader {
		return envelope{}, nil, fmt.Errorf("it has %d bytes, fewer than the header of IEX-TP (%d)",
			len(b), iextpHeader)
	}
	if b[0] != 1 {
		return envelope{}, nil, fmt.Errorf("it says version %d of IEX-TP instead of 1", b[0])
	}
	e = envelope{
		session:  sessionKey(b[2:]),
		sequence: binary.LittleEndian.Uint64(b[24:]),
		count:    int(binary.LittleEndian.Uint16(b[14:])),
		body:     b[iextpHeader:],
		order:    binary.LittleEndian,
	}
	length := int(binary.LittleEndian.Uint16(b[12:]))
	if length > len(e.body) {
		return envelope{}, nil, fmt.Errorf("its header says %d bytes of messages, but there are %d",
			length, len(e.body))
	}
	e.body, rest = e.body[:length], e.body[length:]
	left, err := e.walk()
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d bytes are left over behind its %d messages", len(left), e.count)
	}
	return e, rest, err
}

// openMoldUDP64 takes a MoldUDP64 1.0 datagram apart: session of 10 bytes,
// sequence number u64, message count u16, all big-endian; then the messages. Rest
// is the bytes behind them.
func openMoldUDP64(b []byte) (e envelope, rest []byte, err error) {
	if len(b) < moldHeader {
		return envelope{}, nil,
			fmt.Errorf("it has %d bytes, fewer than the header of MoldUDP64 (%d)",
				len(b), moldHeader)
	}
	e = envelope{
		session:  sessionKey(b),
		sequence: binary.BigEndian.Uint64(b[10:]),
		count:    int(binary.BigEndian.Uint16(b[18:])),
		body:     b[moldHeader:],
		order:    binary.BigEndian,
	}
	if e.count == moldEnd {
		e.count, e.end = 0, true
	}
	rest, err = e.walk()
	e.body = e.body[:len(e.body)-len(rest)]
	return e, rest, err
}

// walk returns the rest of the body behind its messages.
func (e *envelope) walk() ([]byte, error) {
	rest := *e
	for i := range e.count {
		if _, ok := rest.take(); !ok {
			return nil, fmt.Errorf("message %d of its %d runs over its end", i+1, e.count)
		}
	}
	return rest.body, nil
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

// splitter takes the messages out of datagrams. It checks the whole of a datagram first.
type splitter struct {
	openOne func([]byte) (envelope, []byte, error)
	streams streams

	outer raw
	parts []envelope // of outer: several, where a host merged datagrams
	i     int        // the part that take is in
	left  int        // its messages that were not taken

	datagrams, merged, unsplit uint64
	why                        error // of the last that could not be split
}

func newSplitter(split string) *splitter {
	s := &splitter{openOne: openIEXTP}
	if split == "moldudp64" {
		s.openOne, s.streams.mold = openMoldUDP64, true
	}
	return s
}

// open begins a datagram, once all of the one before it was taken.
func (s *splitter) open(m raw) error {
	s.outer, s.parts, s.i, s.left = m, s.parts[:0], -1, 0
	if err := s.divide(m.payload); err != nil {
		s.parts = s.parts[:0]
		s.unsplit++
		s.why = err
		return err
	}
	s.datagrams++
	if len(s.parts) > 1 {
		s.merged++
	}
	return nil
}

// divide finds the datagrams in one. A host merges those that follow one another,
// belong together, and are of one size, of which the last may be smaller.
func (s *splitter) divide(b []byte) error {
	size := 0
	for {
		e, rest, err := s.openOne(b)
		n := len(b) - len(rest)
		switch {
		case err == nil && len(s.parts) == 0:
			size = n
		case err == nil && (e.session != s.parts[0].session || n > size || n < size &&
			len(rest) > 0):
			err = fmt.Errorf("%d bytes are left over behind its messages", len(b))
		case err != nil && len(s.parts) > 0:
			err = fmt.Errorf("%d bytes are left over behind its messages, and are no other such "+
				"datagram (%w)", len(b), err)
		}
		if err != nil {
			return err
		}
		s.parts = append(s.parts, e)
		if len(rest) == 0 {
			return nil
		}
		b = rest
	}
}

// more reports whether there is a message to take.
func (s *splitter) more() bool {
	for s.left == 0 {
		if s.i+1 >= len(s.parts) {
			return false
		}
		s.i++
		s.left = s.parts[s.i].count
	}
	return true
}

// take returns the next message, which more has found.
func (s *splitter) take() []byte {
	s.left--
	message, _ := s.parts[s.i].take() // walk has found it there
	return message
}
