package checker

import (
	"bytes"
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// delivery is a message that an application is told of, with the frames [first, last) that
// have parts of it.
type delivery struct {
	*view
	ev          *reliable.Event
	first, last uint64
}

// message judges a message.
func (v *view) message(ev *reliable.Event) {
	if !v.s.Accepted(ev.Offset) {
		v.fail("offset %d is delivered, and the publisher accepted [%d, %d)", ev.Offset,
			v.s.FirstOffset, v.s.NextOffset())
		return
	}
	v.app.delivered++
	v.c.tally.Delivered++
	if ev.Recovered {
		v.c.tally.Recovered++
	}
	v.advance("delivered", ev.Offset, ev.Offset+1)
	if v.s.Dropped(ev.Offset) {
		v.fail("offset %d is delivered, and the publisher dropped it", ev.Offset)
	}
	d := delivery{v, ev, v.t.first(ev.Offset), v.t.last(ev.Offset + 1)}
	d.judgeTime()
	d.judgeRecovery()
	d.judgeContent()
	v.judgeOrder(ev.Offset)
}

// judgeTime asks whether a message is delivered within the stated time: its frames
// within that of when they were found missing, and the message within that of when all
// that it waits for had come or was lost.
func (d *delivery) judgeTime() {
	ready, known := reliable.Time(0), true
	for q := d.first; q < d.last; q++ {
		at := d.arrivals.when(q)
		known = known && at != 0
		ready = max(ready, at)
	}
	if d.inOrder {
		d.app.ready = max(d.app.ready, ready)
		ready = d.app.ready
	}
	if !known || d.works || d.sub.Left() {
		return
	}
	if !d.inOrder && d.last-d.first > 1 {
		return // it is put together in its turn: what that waits for isn't followed
	}
	for _, s := range d.arrivals.slow {
		if d.first <= s.seq && s.seq < d.last {
			d.fail("offset %d is delivered, and its frame %d came %v after it was found "+
				"missing, or anything was done about it: the bound is %v",
				d.ev.Offset, s.seq, s.waited, d.bound())
		}
	}
	since := max(ready, d.woke, d.app.begun)
	late := d.c.w.Now().Sub(since)
	if late <= leastBound {
		return // and nothing else needs to be looked at
	}
	bound := d.bound()
	if late > bound && d.threwAway() {
		// it may have come, found no room, and come again
		late = d.c.w.Now().Sub(max(since, d.help))
	}
	if late > bound {
		d.fail("offset %d is delivered %v after all that it waits for had come: the bound is %v",
			d.ev.Offset, late, bound)
	}
}

// judgeRecovery asks whether what a message's event says of its frames is what happened:
// when the last of them came, by this machine's wall clock too where the frames told that,
// whether one came as a repair, and how long after it was found missing.
func (d *delivery) judgeRecovery() {
	a, ev := &d.arrivals, d.ev
	var came reliable.Time
	var least, most time.Duration // of Recovery
	may, must, known := false, false, true
	for q := d.first; q < d.last; q++ {
		if d.holders.repaired.has(q - d.s.FirstSeq) {
			return // when a frame counts that a holder repeats, only the receiver knows
		}
		at := a.when(q)
		if at == 0 {
			known = false
			continue
		}
		came = max(came, at)
		found := a.gaps.foundAt(q)
		if found == 0 {
			continue
		}
		most = max(most, at.Sub(a.gaps.runFoundAt(q)))
		fixed := a.repaired.has(q - d.s.FirstSeq)
		may = may || fixed || a.early.has(q-d.s.FirstSeq)
		if asked := d.requests.firstAt(q); asked != 0 && asked <= at { // it surely knew
			must = must || fixed
			missed := max(found, d.app.begun, asked)
			least = max(least, at.Sub(missed.Add(d.recovery.MaxWait/16)))
		}
	}
	var wall time.Time
	if d.copies {
		wall = ev.Received
	}
	if !ev.Arrived.Equal(wall) {
		d.fail("offset %d is said to have come to this machine at %v, and came at %v", ev.Offset,
			ev.Arrived, wall)
	}
	received := d.sub.ClockRead(ev.Received)
	said := ev.Recovered
	if d.holders.found {
		// What a DIGEST told of was missing from the session's begin on, and what the publisher
		// repeats counts from when its address is known.
		return
	}
	if !known || received == came && (said || !must) && (may || !said) &&
		(least <= ev.Recovery || !said) && ev.Recovery <= most {
		return
	}
	if d.works || a.atZero || received <= d.app.begun && came > d.app.begun || d.threwAway() {
		// of what came twice, before it began, or is told long after, it can't be seen which
		// was kept
		return
	}
	d.fail("offset %d is said to have come at %s, recovered %v after %v; it came at %s, "+
		"recovered %v after %v to %v",
		ev.Offset, world.Stamp(received), said, ev.Recovery, world.Stamp(came), may, least, most)
}

// judgeContent asks whether a message has the bytes and the properties that the publisher
// accepted, and times that can be.
func (d *delivery) judgeContent() {
	ev := d.ev
	if want := d.s.Payload(ev.Offset); !bytes.Equal(ev.Payload, want) {
		d.fail("offset %d is delivered with other bytes: %d of them, want %d; they differ from "+
			"byte %d on",
			ev.Offset, len(ev.Payload), len(want), common(ev.Payload, want))
	}
	if want := d.s.Properties(ev.Offset); !bytes.Equal(ev.Properties, want) {
		d.fail("offset %d is delivered with other properties: %x, want %x", ev.Offset,
			[]byte(ev.Properties), []byte(want))
	}
	at := d.s.AcceptedAt(ev.Offset)
	if received := d.sub.ClockRead(ev.Received); received < at || received > d.c.w.Now() {
		d.fail("offset %d was received at %s, and accepted at %s", ev.Offset, world.Stamp(received),
			world.Stamp(at))
	}
	if wall := time.Unix(0, d.t.wall(at)); ev.Sent.After(wall) {
		d.fail("offset %d was sent at %v by the publisher's clock, before it was accepted at %v",
			ev.Offset, ev.Sent, wall)
	}
}
