package every

import (
	"net/netip"
	"reflect"
	"unsafe"

	"crier/testnet/world"
)

// omitted is what is left out of the hash of a state, and why nothing depends on it.
var omitted = map[string]bool{
	// Set once, by the Game, before anything happens.
	"world.World.cfg":       true,
	"world.World.observers": true,
	"world.Publisher.cfg":   true,
	"world.Subscriber.tell": true,
	"checker.Checker.rerun": true,
	// The schedule, which Pending tells in order.
	"world.World.queue":   true,
	"world.World.fanouts": true,
	"world.World.calls":   true,
	"world.World.free":    true,
	// Memory that is written before it is read.
	"world.World.dec":      true,
	"world.World.events":   true,
	"world.World.drop":     true,
	"world.World.outcome":  true,
	"world.Subscriber.buf": true,
	"world.Subscriber.dec": true,
	"world.Subscriber.own": true,
	"frame.Decoder":        true,
	"frame.Encoder":        true,
	// Counts that only their readers outside look at.
	"world.World.stats":                   true,
	"link.Link.stats":                     true,
	"checker.Checker.tally":               true,
	"world.World.kept":                    true,
	"receive.Receiver.stats":              true,
	"receive.SessionStats.DeliveredBytes": true,
	"receive.SessionStats.Recovered":      true,
	"receive.SessionStats.Losses":         true,
	"receive.SessionStats.BeforeStart":    true,
	"receive.SessionStats.Duplicates":     true,
	"receive.SessionStats.Late":           true,
	"receive.SessionStats.Beyond":         true,
	"receive.SessionStats.Overrun":        true,
	"receive.SessionStats.Repairs":        true,
	"receive.SessionStats.Nacks":          true,
	"receive.SessionStats.Answers":        true,
	"receive.SessionStats.Unanswered":     true,
	"receive.SessionStats.Heartbeats":     true,
	"receive.SessionStats.Announced":      true,
	"receive.SessionStats.Resumed":        true,
	"receive.SessionStats.Moved":          true,
	"receive.SessionStats.Contested":      true,
	"receive.SessionStats.Inquests":       true,
	"receive.SessionStats.Certificates":   true,
	"receive.SessionStats.Found":          true,
	"receive.SessionStats.DigestsSent":    true,
	"receive.SessionStats.DigestsHeard":   true,
	"receive.outgoing.arena":              true,
	"receive.outgoing.scratch":            true,
	"repair.Repairer.arena":               true,
	"send.control.arena":                  true,
	"send.control.scratch":                true,
	"send.Sender.stats":                   true,
	"link.Link.furthest":                  true,
	"link.Link.now":                       true,
}

// used names the field of a type that says whether the others mean anything.
var used = map[string]string{
	"receive.slot": "used",
}

// hasher hashes the states of Plays.
type hasher struct {
	*walker
	pending []world.Pending
}

func newHasher() *hasher {
	h := &hasher{walker: newWalker(omitted)}
	h.value[reflect.TypeFor[world.Datagram]()] = func(w *walker, p unsafe.Pointer) {
		h.datagram((*world.Datagram)(p))
	}
	return h
}

// state returns the hash of a play's state, and of what else decides how it goes on.
func (h *hasher) state(p *Play, more ...int) Sum {
	h.begin()
	for _, x := range more {
		h.take(uint64(x))
	}
	h.take(uint64(p.done))
	h.walk(p.World)
	h.walk(p.Checker)
	h.walk(&p.Judge)
	h.pending = p.World.Pending(h.pending[:0])
	h.take(uint64(len(h.pending)))
	for i := range h.pending {
		e := &h.pending[i]
		if h.note != nil {
			h.path = append(h.path, "pending")
		}
		h.take(uint64(e.At))
		h.take(uint64(e.Kind)<<32 | uint64(e.Node))
		if e.Datagram != nil {
			h.datagram(e.Datagram)
		}
		if h.note != nil {
			h.path = h.path[:len(h.path)-1]
		}
	}
	return h.sum()
}

// datagram takes a datagram, which never changes: its bytes, and where it is from.
func (h *hasher) datagram(d *world.Datagram) {
	h.text(d.Data)
	h.take(uint64(d.Sent))
	for _, a := range [...]*netip.AddrPort{&d.From, &d.To} {
		if a.IsValid() {
			b := a.Addr().As16()
			h.text(b[:])
			h.take(uint64(a.Port()))
		} else {
			h.take(0)
		}
	}
	h.take(bit(d.Nowhere) | bit(d.Frame != nil)<<1 | bit(d.Decided())<<2)
	if d.Session != nil {
		h.take(uint64(d.Session.ID))
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
