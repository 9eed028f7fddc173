package testnet

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
	i := seq - v.s.FirstSeq
	for uint64(len(v.arrived)) <= i {
		v.arrived = append(v.arrived, 0)
	}
	if v.arrived[i] != 0 {
		return
	}
	v.arrived[i] = now
	if found := v.foundAt(seq); found != 0 && seq < v.high {
		if waited := now.Sub(max(found, since, v.t.woken, v.begun)); waited > v.bound() {
			v.slow = append(v.slow, slow{seq, waited})
		}
	}
}

// judgeDelivery asks whether a message is delivered within the stated time: its
// frames within that of when they were found missing, and the message within that of
// when all that it waits for had come or was lost.
func (v *view) judgeDelivery(offset uint64) {
	first, last := v.t.first(offset), v.t.last(offset+1)
	ready, known := reliable.Time(0), true
	for q := first; q < last; q++ {
		i := q - v.s.FirstSeq
		if i >= uint64(len(v.arrived)) || v.arrived[i] == 0 {
			known = false
			continue
		}
		ready = max(ready, v.arrived[i])
	}
	if v.sub.cfg.Receiver.Order == reliable.InOrder {
		v.ready = max(v.ready, ready)
		ready = v.ready
	}
	if !known || v.sub.cfg.Work > 0 || v.sub.left {
		return
	}
	if v.sub.cfg.Receiver.Order == reliable.OnArrival && last-first > 1 {
		return // it is put together in its turn: what that waits for isn't followed
	}
	for _, s := range v.slow {
		if first <= s.seq && s.seq < last {
			v.fail("offset %d is delivered, and its frame %d came %v after it was found missing, or anything was done about it: the bound is %v",
				offset, s.seq, s.waited, v.bound())
		}
	}
	since := max(ready, v.subWoke, v.begun)
	if v.threwAway() {
		since = max(since, v.help) // it may have come, found no room, and come again
	}
	if late := v.c.w.now.Sub(since); late > v.bound() {
		v.fail("offset %d is delivered %v after all that it waits for had come: the bound is %v", offset, late, v.bound())
	}
}
