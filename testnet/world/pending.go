package world

import (
	"cmp"
	"slices"

	"crier/reliable"
)

// Pending is something that is scheduled: a datagram that will arrive, or something that a
// process, or a function given to World.At, will do.
type Pending struct {
	At reliable.Time
	// Kind and Node say what happens, and where: two with the same are of the same process
	// or network, and do the same.
	Kind, Node uint32
	Datagram   *Datagram
	// Call says that it is a function given to World.At.
	Call bool

	order uint64
}

// Pending appends all that is scheduled, in the order in which it will happen, and returns
// the result. Two Worlds of which all else is the same, too, go on alike.
func (w *World) Pending(to []Pending) []Pending {
	from := len(to)
	w.queue.Each(func(at int64, order uint64, e *happening) {
		if e.kind != eventHop {
			to = append(to, Pending{At: reliable.Time(at), Kind: uint32(e.kind), Node: e.node,
				Datagram: e.pkt, Call: e.kind == eventCall, order: order})
			return
		}
		one := &w.fanouts.list[e.node]
		for _, h := range one.hops[one.next:] {
			to = append(to, Pending{At: reliable.Time(h.at), Kind: uint32(eventArrive),
				Node: h.node, Datagram: one.pkt, order: one.order + uint64(h.rank)})
		}
	})
	list := to[from:]
	slices.SortFunc(list, func(a, b Pending) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.order, b.order))
	})
	for i := range list {
		if list[i].Call { // its place among the calls says nothing
			list[i].Node = 0
		}
	}
	return to
}
