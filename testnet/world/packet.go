package world

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/link"
)

// Datagram is a datagram on its way between a publisher and its subscribers. It never
// changes, so that all its receivers share it and the frame decoded from it, and may keep
// both.
type Datagram struct {
	// Frame is the datagram decoded, and nil if it was damaged on the way; in a
	// REPAIR, Frame.Data is the frame inside.
	Frame *frame.Frame
	// Data is the datagram.
	Data []byte
	// From and To are addresses; To is zero where it goes to the group.
	From, To netip.AddrPort
	// Group is the group that it goes to, if ToGroup: the zero address in a World without
	// topics.
	Group netip.AddrPort
	// Feed is the network that it goes over.
	Feed int
	// Publisher sent it, or is its destination.
	Publisher *Publisher
	// Subscriber sent it; nil if Publisher did.
	Subscriber *Subscriber
	// Holder sent it, or is its destination, in Publisher's place; else it is nil.
	Holder *Holder
	// Target is the subscriber that it was sent to; nil: the group, unless Nowhere, or
	// Publisher is its destination.
	Target *Subscriber
	// Nowhere reports that nobody is at To. Then Publisher and Session are nil, if
	// Subscriber sent it.
	Nowhere bool
	// Session is the publisher's when the datagram was sent.
	Session *Session
	// Sent is when.
	Sent reliable.Time

	frame   frame.Frame
	err     error // why it doesn't decode
	decided bool  // a Chooser has decided what becomes of it
}

// ToGroup reports whether a datagram of a publisher's, or one aside, goes to all
// subscribers.
func (p *Datagram) ToGroup() bool { return p.Target == nil && !p.Nowhere }

// Aside reports whether a subscriber sent it to others beside the publisher: to one, or to
// the group.
func (p *Datagram) Aside() bool {
	return p.Subscriber != nil && p.Publisher == nil && p.Holder == nil && !p.Nowhere
}

// newPacket copies and decodes a datagram.
func (w *World) newPacket(data []byte) *Datagram {
	p := &Datagram{Sent: w.now}
	raw := make([]byte, len(data))
	copy(raw, data)
	p.decode(&w.dec, raw)
	return p
}

func (p *Datagram) decode(dec *frame.Decoder, raw []byte) {
	p.Data = raw
	if p.err = dec.Decode(raw, &p.frame); p.err != nil {
		p.frame.Raw = raw
		return
	}
	p.Frame = &p.frame
	p.frame.Immutable = true
	if p.frame.Kind != frame.Repair {
		return
	}
	// What isn't a frame inside is left for the receiver to find.
	inner := &frame.Frame{}
	if dec.Decode(p.frame.Inner, inner) == nil {
		inner.Immutable = true
		p.frame.Data = inner
	}
}

// damaged returns a copy of the packet as it comes out of a link that damages
// it.
func (w *World) damaged(p *Datagram, l *link.Link) *Datagram {
	bad := &Datagram{
		From: p.From, To: p.To, Group: p.Group, Feed: p.Feed,
		Publisher: p.Publisher, Subscriber: p.Subscriber, Holder: p.Holder, Target: p.Target,
		Session: p.Session, Sent: p.Sent,
	}
	raw := make([]byte, len(p.frame.Raw))
	copy(raw, p.frame.Raw)
	l.Corrupt(raw)
	bad.decode(&w.dec, raw)
	return bad
}

// Decided reports whether a Chooser has decided what becomes of the datagram.
func (p *Datagram) Decided() bool { return p.decided }
