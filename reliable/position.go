package reliable

import "net/netip"

// Position is a consumer's place in a stream: the message at Offset comes next. It starts in
// frame Seq or after it. Positions compare with ==.
type Position struct {
	// Group is the group that the session was heard on, if it is known.
	Group netip.AddrPort
	// Topic, Publisher and Key are those of the session's Title, as far as they were known.
	Topic, Publisher, Key string
	Session               SessionID
	Partition             uint32
	Seq, Offset           uint64
}

// Position returns the place behind the event: behind its message, or behind the messages that
// a Loss names. For other events it is the zero Position.
func (e *Event) Position() Position {
	p := Position{Group: e.Group, Session: e.Session, Partition: e.Partition, Seq: e.Seq}
	switch e.Kind {
	case Message:
		p.Offset = e.Offset + 1
	case Loss:
		p.Offset = e.Lost.To
	default:
		return Position{}
	}
	if t := e.Title; t != nil {
		p.Topic, p.Publisher, p.Key = t.Topic, t.Publisher, t.Key
	}
	return p
}
