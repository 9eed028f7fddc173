package world

import (
	"math/bits"

	"crier/testnet/schedule"
)

// hop is one arrival of a packet that goes to many.
type hop struct {
	at   int64  // nanoseconds since the start of the run
	rank uint32 // of hops at one time, the lowest comes first
	node uint32 // the subscriber's number
}

// fanout is a packet on its way to many: one event in the schedule, which is
// that of the next arrival, instead of one each.
type fanout struct {
	pkt   *Datagram
	hops  []hop  // the earliest first
	next  int    // of hops
	order uint64 // a hop's place among the events of its time is this and its rank
}

// fanouts are the packets on their way to many.
type fanouts struct {
	list []fanout
	free []uint32 // places in list
	open int      // the one that takes hops now; -1: none
	keys [256]uint32
	room []hop // to sort with
}

// begin opens a fanout: until it is finished, arrivals of its packet are hops of it.
func (w *World) beginFanout(p *Datagram) {
	f := &w.fanouts
	if last := len(f.free) - 1; last >= 0 {
		f.open = int(f.free[last])
		f.free = f.free[:last]
	} else {
		f.open = len(f.list)
		f.list = append(f.list, fanout{})
	}
	one := &f.list[f.open]
	one.pkt, one.next, one.order = p, 0, w.queue.Order()+1
}

// land schedules the arrival of a packet at a subscriber.
func (w *World) land(at int64, s *Subscriber, p *Datagram) {
	if f := &w.fanouts; f.open >= 0 {
		if one := &f.list[f.open]; one.pkt == p {
			rank := uint32(w.queue.Take() - one.order)
			one.hops = append(one.hops, hop{at: at, rank: rank, node: uint32(s.index)})
			return
		}
	}
	w.queue.Push(at, happening{kind: eventArrive, node: uint32(s.index), pkt: p})
}

// finishFanout schedules the hops of the fanout that is open.
func (w *World) finishFanout() {
	f := &w.fanouts
	n := uint32(f.open)
	f.open = -1
	one := &f.list[n]
	if len(one.hops) == 0 {
		f.release(n)
		return
	}
	f.sort(one)
	w.queue.Insert(one.event(n))
}

// event is the arrival of the next hop, of the fanout with a number.
func (f *fanout) event(n uint32) schedule.Event[happening] {
	h := &f.hops[f.next]
	return schedule.Event[happening]{
		At: h.at, Order: f.order + uint64(h.rank), What: happening{kind: eventHop, node: n},
	}
}

// release takes a fanout back.
func (f *fanouts) release(n uint32) {
	one := &f.list[n]
	one.pkt, one.hops = nil, one.hops[:0]
	f.free = append(f.free, n)
}

// hop lets the next hop of a fanout happen, which is the first event scheduled.
func (w *World) hop(n uint32) {
	p, node := w.takeHop(n)
	w.subs[node].arrive(p)
}

// takeHop takes the next hop of a fanout, which is the first event scheduled, out of the
// schedule.
func (w *World) takeHop(n uint32) (p *Datagram, node uint32) {
	one := &w.fanouts.list[n]
	p, node = one.pkt, one.hops[one.next].node
	if one.next++; one.next < len(one.hops) {
		w.queue.Replace(one.event(n))
	} else {
		w.queue.Pop()
		w.fanouts.release(n)
	}
	return p, node
}

// few is how many hops are sorted by insertion.
const few = 48

// sort puts hops in the order in which they happen. They stand in that of their
// ranks, and each pass keeps that among equals (LSD radix sort, a byte a pass).
func (f *fanouts) sort(one *fanout) {
	h := one.hops
	least, most, sorted := h[0].at, h[0].at, true
	for i := 1; i < len(h); i++ {
		sorted = sorted && h[i-1].at <= h[i].at
		least, most = min(least, h[i].at), max(most, h[i].at)
	}
	if sorted {
		return
	}
	if len(h) <= few {
		for i := 1; i < len(h); i++ {
			x, j := h[i], i
			for ; j > 0 && h[j-1].at > x.at; j-- {
				h[j] = h[j-1]
			}
			h[j] = x
		}
		return
	}
	if cap(f.room) < len(h) {
		f.room = make([]hop, len(h))
	}
	from, to := h, f.room[:len(h)]
	for shift := 0; shift < bits.Len64(uint64(most-least)); shift += 8 {
		clear(f.keys[:])
		for i := range from {
			f.keys[byte(uint64(from[i].at-least)>>shift)]++
		}
		place := uint32(0)
		for k, n := range f.keys {
			f.keys[k] = place
			place += n
		}
		for i := range from {
			k := &f.keys[byte(uint64(from[i].at-least)>>shift)]
			to[*k] = from[i]
			*k++
		}
		from, to = to, from
	}
	one.hops, f.room = from, to
}
