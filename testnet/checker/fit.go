package checker

import (
	"crier/reliable/frame"
	"crier/testnet/world"
)

// tooLarge reports whether a frame that was sent can't be repaired, by the publisher's MTU
// of now.
func (t *truth) tooLarge(seq uint64) bool {
	p := t.s.Publisher
	if p.Session() != t.s || seq < t.s.FirstSeq || seq >= t.next() {
		return false
	}
	return frame.RepairSize(t.frames[seq-t.s.FirstSeq].size) > p.Datagram()
}

// judgeFit asks whether a datagram is one that the publisher's interface takes.
func (t *truth) judgeFit(p *world.Datagram) {
	if most := t.s.Publisher.Datagram(); len(p.Data) > most {
		t.c.fail("%v sends %d bytes, and its interface takes %d: %v", t.s.Publisher, len(p.Data),
			most, p.Frame)
	}
}
