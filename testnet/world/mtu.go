package world

import "time"

// A network whose MTU changes under a publisher.

// narrowWait is the time between two looks at whether a publisher has sent all it had.
const narrowWait = time.Millisecond

// Narrow lets the publisher's interface take datagrams of so many bytes, or fewer than
// it is configured for, from now on: once all it has is sent, since the Checker knows
// of frames by their being sent.
func (p *Publisher) Narrow(datagram int) {
	if p.state != running {
		return
	}
	if p.busy || p.asleep.on || p.pending() {
		p.w.At(p.w.now.Add(narrowWait), func() { p.Narrow(datagram) })
		return
	}
	p.w.trace("narrow %v to %d", p, datagram)
	p.m.SetDatagram(p.now(), datagram)
	p.settle()
}
