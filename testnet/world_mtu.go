package testnet

import (
	"time"

	"crier/reliable/frame"
)

// A network whose MTU changes under a publisher.

// narrowWait is how soon it is looked again whether a publisher has sent what it had.
const narrowWait = time.Millisecond

// Narrow lets the publisher's interface take datagrams of so many bytes, or fewer than
// it is configured for, from now on: once what it has is sent, since the Checker knows
// of frames by their being sent.
func (p *Publisher) Narrow(datagram int) {
	if p.state != running {
		return
	}
	if p.busy || p.asleep.on || p.m.Pending() {
		p.w.At(p.w.now.Add(narrowWait), func() { p.Narrow(datagram) })
		return
	}
	p.w.trace("narrow %v to %d", p, datagram)
	p.m.SetDatagram(p.w.now, datagram)
	p.settle()
}

// tooLarge says whether a frame that was sent can't be repaired, by the publisher's MTU
// of now.
func (t *truth) tooLarge(seq uint64) bool {
	p := t.s.Publisher
	if p.Session() != t.s || seq < t.s.FirstSeq || seq >= t.next() {
		return false
	}
	return frame.RepairSize(t.frames[seq-t.s.FirstSeq].size) > p.m.Datagram()
}

// judgeFit asks whether a datagram is one that the publisher's interface takes.
func (t *truth) judgeFit(p *packet) {
	if most := t.s.Publisher.m.Datagram(); len(p.frame.Raw) > most {
		t.c.fail("%v sends %d bytes, and its interface takes %d: %v", t.s.Publisher, len(p.frame.Raw), most, &p.frame)
	}
}
