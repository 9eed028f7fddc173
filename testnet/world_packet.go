package testnet

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/link"
)

// packet is one datagram on its way. It never changes once it is made, so that
// all who receive it share it, and the frame that was decoded from it. The
// garbage collector takes it back: a Receiver may keep it as long as it likes.
type packet struct {
	frame frame.Frame
	err   error // why it doesn't decode
	from  netip.AddrPort
	at    reliable.Time // when it was sent

	sender  *Publisher  // where it comes from: one of the two
	asker   *Subscriber //
	session *Session    // the sender's when it was sent
	target  *Subscriber // whom it goes to; nil: the group, unless nowhere
	nowhere bool        // it goes to an address that nobody has any more
}

// toGroup says whether a publisher's packet goes to all.
func (p *packet) toGroup() bool { return p.target == nil && !p.nowhere }

// newPacket copies and decodes a datagram.
func (w *World) newPacket(data []byte) *packet {
	p := &packet{at: w.now}
	raw := make([]byte, len(data))
	copy(raw, data)
	p.decode(&w.dec, raw)
	return p
}

func (p *packet) decode(dec *frame.Decoder, raw []byte) {
	if p.err = dec.Decode(raw, &p.frame); p.err != nil {
		p.frame.Raw = raw
		return
	}
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
func (w *World) damaged(p *packet, l *link.Link) *packet {
	bad := &packet{from: p.from, at: p.at, sender: p.sender, asker: p.asker, session: p.session, target: p.target}
	raw := make([]byte, len(p.frame.Raw))
	copy(raw, p.frame.Raw)
	l.Corrupt(raw)
	bad.decode(&w.dec, raw)
	return bad
}
