package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strconv"
)

// streamsMost bounds the source's sessions.
const streamsMost = 256

// streams are the sessions that a feed's source numbers its messages in. One that is
// sent to two addresses, as the two feeds of an exchange, is two.
type streams struct {
	mold     bool
	list     []stream
	last     int    // of list: that of the last datagram
	more     uint64 // datagrams of sessions that had no room in it
	happened []happening
}

// stream is one of them.
type stream struct {
	key sessionKey
	to  netip.AddrPort
	Session
	open gaps
}

// Session describes a session of the source. Numbers are the source's sequence numbers of
// messages.
type Session struct {
	Session string `json:"session"`
	// To is the destination of its datagrams, in a capture.
	To    string `json:"to,omitempty"`
	First uint64 `json:"first"`
	Next  uint64 `json:"next"` // that would come next
	// Gaps counts runs of numbers that are missing, and Missing the numbers. What comes late is
	// none of them, but behind the next 1,024 gaps. Late counts datagrams that came behind a
	// later one, or again.
	Gaps    uint64 `json:"gaps"`
	Missing uint64 `json:"missing"`
	Late    uint64 `json:"late_or_again"`
	// Ended reports that the source ended it. IEX-TP has no such message.
	Ended bool `json:"ended"`
}

// happening is an oddity of the source.
type happening struct {
	kind telling
	text string
}

// note counts a datagram of the feed, and returns the oddities that it shows, valid until the
// next call.
func (s *streams) note(e *envelope, to netip.AddrPort) []happening {
	s.happened = s.happened[:0]
	t := s.find(e, to)
	if t == nil {
		s.more++
		return nil
	}
	next := e.sequence + uint64(e.count)
	if next < e.sequence { // no feed gets there
		next = math.MaxUint64
	}
	switch {
	case e.sequence > t.Next:
		t.Gaps++
		t.Missing += e.sequence - t.Next
		t.open.add(t.Next, e.sequence)
		s.say(tellGap, "its source lacks %s of %s", numbers(t.Next, e.sequence), t.name())
	case e.sequence < t.Next:
		t.Late++
		filled, more := t.open.fill(e.sequence, next)
		t.Missing -= filled
		t.Gaps += uint64(more) // which may be less than 0
		if t.Late == 1 {
			s.say(tellLate,
				"its source brings messages from %d on of %s late or again; they go out as "+
					"they come", e.sequence, t.name())
		}
	}
	t.Next = max(t.Next, next)
	if e.end && !t.Ended {
		t.Ended = true
		s.say(tellEnd, "its source ends %s, before number %d", t.name(), t.Next)
	}
	return s.happened
}

// known returns the stream of a datagram to no known address, or nil.
func (s *streams) known(e *envelope) *stream {
	for i := range s.list {
		if t := &s.list[i]; t.key == e.session {
			return t
		}
	}
	return nil
}

// find returns the stream of a datagram; nil if there are too many.
func (s *streams) find(e *envelope, to netip.AddrPort) *stream {
	if s.last < len(s.list) {
		if t := &s.list[s.last]; t.key == e.session && t.to == to {
			return t
		}
	}
	for i := range s.list {
		if t := &s.list[i]; t.key == e.session && t.to == to {
			s.last = i
			return t
		}
	}
	if len(s.list) == streamsMost {
		return nil
	}
	t := stream{key: e.session, to: to,
		Session: Session{Session: s.session(e.session), First: e.sequence, Next: e.sequence}}
	if to.IsValid() {
		t.To = to.String()
	}
	s.last = len(s.list)
	s.list = append(s.list, t)
	if s.last > 0 {
		s.say(tellBegin, "its source begins %s, with number %d", t.name(), e.sequence)
	}
	return &s.list[s.last]
}

func (s *streams) say(kind telling, text string, args ...any) {
	s.happened = append(s.happened, happening{kind, fmt.Sprintf(text, args...)})
}

// session returns a session's name.
func (s *streams) session(key sessionKey) string {
	if !s.mold {
		return fmt.Sprintf("%d of channel %d, protocol %#x", binary.LittleEndian.Uint32(key[6:]),
			binary.LittleEndian.Uint32(key[2:]), binary.LittleEndian.Uint16(key[:]))
	}
	name := string(bytes.TrimRight(key[:], " \x00"))
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// sessions returns the counted sessions.
func (s *streams) sessions() []Session {
	var list []Session
	for i := range s.list {
		list = append(list, s.list[i].Session)
	}
	return list
}

// name returns a session's name for a sentence.
func (s *Session) name() string {
	if s.To == "" {
		return "session " + s.Session
	}
	return fmt.Sprintf("session %s to %s", s.Session, s.To)
}

// text describes the session's gaps.
func (s *Session) text() string {
	text := fmt.Sprintf("its source's %s, numbers %d to before %d:", s.name(), s.First, s.Next)
	if s.Gaps > 0 {
		text += fmt.Sprintf(" %d missing in %s", s.Missing, counted(s.Gaps, "gap", "gaps"))
	}
	if s.Gaps > 0 && s.Late > 0 {
		text += ","
	}
	if s.Late > 0 {
		text += " " + counted(s.Late, "datagram", "datagrams") + " late or again"
	}
	return text
}

// numbers formats the run [from, to) of messages.
func numbers(from, to uint64) string {
	if to-from == 1 {
		return fmt.Sprintf("message %d", from)
	}
	return fmt.Sprintf("messages %d to %d", from, to-1)
}
