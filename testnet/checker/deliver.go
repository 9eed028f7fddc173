package checker

import (
	"time"

	"crier/reliable"
)

// slow is a frame that came after more than the stated time.
type slow struct {
	seq    uint64
	waited time.Duration
}

// noteArrival remembers when a frame came first, and whether that was too late.
// Since is when anything was last done about what is missing, but for this.
func (v *view) noteArrival(now, since reliable.Time, seq uint64) {
	if seq < v.arrivedFrom {
		return // nothing waits for it any more
	}
	if seq-v.arrivedFrom >= uint64(cap(v.arrived)) {
		v.forgetArrivals()
	}
	i := seq - v.arrivedFrom
	for uint64(len(v.arrived)) <= i {
		v.arrived = append(v.arrived, 0)
	}
	if v.arrived[i] != 0 {
		return
	}
	v.arrived[i] = now
	if seq >= v.high {
		return
	}
	if found := v.foundAt(seq); found != 0 {
		since = max(found, since, v.t.woken, v.begun)
		if now.Sub(since) <= v.bound() {
			return
		}
		if waited := now.Sub(max(since, v.roomAt(seq))); waited > v.bound() {
			v.slow = append(v.slow, slow{seq, waited})
		}
	}
}

// forgetArrivals forgets when those frames came of which the application has been
// told all.
func (v *view) forgetArrivals() {
	if v.inOrder {
		if v.known {
			v.told = v.next
		}
	} else {
		for v.seen.has(v.told - v.s.FirstOffset) {
			v.told++
		}
	}
	from := min(v.t.first(v.told), v.arrivedFrom+uint64(len(v.arrived)))
	if from <= v.arrivedFrom {
		return
	}
	n := copy(v.arrived, v.arrived[from-v.arrivedFrom:])
	v.arrived, v.arrivedFrom = v.arrived[:n], from
}

// judgeDelivery asks whether a message is delivered within the stated time: its
// frames within that of when they were found missing, and the message within that of
// when all that it waits for had come or was lost.
func (v *view) judgeDelivery(offset uint64) {
	first, last := v.t.first(offset), v.t.last(offset+1)
	ready, known := reliable.Time(0), true
	for q := first; q < last; q++ {
		i := q - v.arrivedFrom
		if q < v.arrivedFrom || i >= uint64(len(v.arrived)) || v.arrived[i] == 0 {
			known = false
			continue
		}
		ready = max(ready, v.arrived[i])
	}
	if v.inOrder {
		v.ready = max(v.ready, ready)
		ready = v.ready
	}
	if !known || v.works || v.sub.Left() {
		return
	}
	if !v.inOrder && last-first > 1 {
		return // it is put together in its turn: what that waits for isn't followed
	}
	for _, s := range v.slow {
		if first <= s.seq && s.seq < last {
			v.fail("offset %d is delivered, and its frame %d came %v after it was found "+
				"missing, or anything was done about it: the bound is %v",
				offset, s.seq, s.waited, v.bound())
		}
	}
	since := max(ready, v.subWoke, v.begun)
	late := v.c.w.Now().Sub(since)
	if late <= leastBound {
		return // and nothing else needs to be looked at
	}
	bound := v.bound()
	if late > bound && v.threwAway() {
		// it may have come, found no room, and come again
		late = v.c.w.Now().Sub(max(since, v.help))
	}
	if late > bound {
		v.fail("offset %d is delivered %v after all that it waits for had come: the bound is %v",
			offset, late, bound)
	}
}
