package every

import (
	"reflect"
	"unsafe"

	"crier/testnet/world"
)

// reason says why a field is left out of the hash of a state: why two states that differ in
// nothing else go on alike, and are judged alike.
type reason uint8

const (
	// fixed: it is set before anything happens, and the same in each schedule.
	fixed reason = iota + 1
	// told: the state has it in another form.
	told
	// scratch: it is written before it is read.
	scratch
	// counted: it is a count that neither a machine nor the Checker decides by.
	counted
	// spare: it is memory for reuse: how many there are, counts, and not what they held.
	spare
	// past: it is a time that means something only while it lies ahead.
	past
)

// omitted are the fields, and types, that are left out, as "package.Type.Field".
// TestOmittedDecidesNothing changes what is scratch, counted or past, and sees the same happen;
// TestHashCovers changes each other field, and sees another hash.
var omitted = map[string]reason{
	"world.World.cfg":                   fixed,
	"world.World.observers":             fixed,
	"world.Publisher.cfg":               fixed,
	"world.Subscriber.tell":             fixed,
	"nack.ResponderConfig.Look":         fixed, // a method of what the state has
	"world.SubscriberConfig.OnEvent":    fixed,
	"world.SubscriberConfig.Wrap":       fixed,
	"world.SubscriberConfig.WrapMember": fixed,
	"world.SubscriberConfig.Finish":     fixed,
	"world.hidingReceiver.hide":         fixed, // of tests
	"checker.Checker.rerun":             fixed,
	"checker.teams.clock":               fixed, // of the World
	"checker.teams.arbiter":             fixed,
	// But for ids, saved positions and the start of a life, which the process has.
	"receive.Config":             fixed,
	"send.Config":                fixed,
	"world.World.queue":          told, // Pending has what is scheduled, in order
	"world.World.fanouts":        told,
	"world.World.calls":          told,
	"world.World.free":           told,
	"world.Pending.order":        told, // by the place in the list
	"world.Datagram.Frame":       told, // decoded from Data, as are the next two
	"world.Datagram.frame":       told,
	"world.Datagram.err":         told,
	"frame.Decoder":              scratch,
	"frame.Encoder":              scratch,
	"world.World.events":         scratch,
	"world.World.drop":           scratch,
	"world.Publisher.teamEvents": scratch,
	"world.World.outcome":        scratch,
	"world.Subscriber.buf":       scratch,
	"world.Subscriber.own":       scratch,
	"receive.outgoing.arena":     scratch,
	"receive.outgoing.scratch":   scratch,
	"repair.Repairer.arena":      scratch,
	"send.control.arena":         scratch,
	"send.control.scratch":       scratch,
	"receive.Receiver.inner":     scratch,
	"receive.ahead.frame":        scratch,
	"repair.Repairer.scratch":    scratch,
	"nack.Gaps.spare":            spare,
	"receive.copies.spare":       spare,
	"receive.pool.spare":         spare,
	"receive.pool.dirty":         spare,
	"store.Pool.spare":           spare,
	"link.Link.now":              past,
	"link.Link.ordered":          past,
	"link.Link.furthest":         counted,
	"link.Link.stats":            counted,
	"world.World.stats":          counted,
	"world.World.kept":           counted,
	"checker.Checker.tally":      counted,
	"send.Sender.stats":          counted,
	"receive.Receiver.stats":     counted,
	"inquest.Inquest.refused":    counted,

	"receive.SessionStats.Answers":        counted,
	"receive.SessionStats.BeforeStart":    counted,
	"receive.SessionStats.Beyond":         counted,
	"receive.SessionStats.Certificates":   counted,
	"receive.SessionStats.Contested":      counted,
	"receive.SessionStats.DeliveredBytes": counted,
	"receive.SessionStats.DigestsHeard":   counted,
	"receive.SessionStats.DigestsSent":    counted,
	"receive.SessionStats.Duplicates":     counted,
	"receive.SessionStats.Found":          counted,
	"receive.SessionStats.Heartbeats":     counted,
	"receive.SessionStats.Inquests":       counted,
	"receive.SessionStats.Late":           counted,
	"receive.SessionStats.Losses":         counted,
	"receive.SessionStats.Moved":          counted,
	"receive.SessionStats.Nacks":          counted,
	"receive.SessionStats.Overrun":        counted,
	"receive.SessionStats.Recovered":      counted,
	"receive.SessionStats.Repairs":        counted,
	"receive.SessionStats.Resumed":        counted,
	"receive.SessionStats.Retaken":        counted,
	"receive.SessionStats.Skipped":        counted,
}

// used names the field of a type, a flag or a pointer, that says whether the others mean
// anything.
var used = map[string]string{
	"receive.slot": "used",
	"nack.mark":    "asker",
}

// alike are the types whose things never change: which of two that are equal it is, doesn't
// count.
var alike = map[string]bool{"world.Datagram": true}

// hasher hashes the states of Plays.
type hasher struct {
	*walker
	pending []world.Pending
}

func newHasher() *hasher { return &hasher{walker: newWalker(omitted, alike)} }

// state returns the hash of a play's state, and of what else decides how it goes on: of the
// instant, which is not left out, all that the World and the Judge lead to, and what is
// scheduled. It is zero where something of that can't be told: where there are functions that
// are neither of the script nor fixed, and may hold anything.
func (h *hasher) state(p *Play, more ...int) Sum {
	sum := h.whole(p, more...)
	calls := 0
	for i := range h.pending {
		if h.pending[i].Call {
			calls++
		}
	}
	if h.blind || calls != p.script-p.done {
		return Sum{}
	}
	return sum
}

// whole returns the hash of what can be told of a play's state.
func (h *hasher) whole(p *Play, more ...int) Sum {
	h.anew = true
	for h.anew {
		h.anew = false
		h.walkState(p, more)
	}
	return h.sum()
}

func (h *hasher) walkState(p *Play, more []int) {
	h.begin()
	h.now = int64(p.World.Now())
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
		h.at("pending", -1, h.plan(reflect.TypeFor[world.Pending]()), unsafe.Pointer(&h.pending[i]))
	}
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
