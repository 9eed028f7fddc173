package checker

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// hear takes a packet that is handed to the receiver.
func (v *view) hear(d *world.Datagram) {
	now, f := v.c.w.Now(), d.Frame
	v.arrivals.atZero = v.arrivals.atZero || now == 0
	v.delays.note(now.Sub(d.Sent))
	switch f.Kind {
	case frame.Repair:
		if f.Responder == f.Session {
			v.pulse.repaired = now
		}
		v.hearRepair(now, f.Data)
		return
	case frame.Gone, frame.Confirm:
		v.help = now
		if f.Kind == frame.Confirm {
			v.requests.confirm(now, f)
		}
		if f.Kind == frame.Confirm || v.requests.issued(f.Request) {
			v.pulse.aliveBy(now, f.Time)
		}
		return
	case frame.Digest:
		v.start.digest(f)
		v.holders.knows(f)
		return
	case frame.Nack, frame.Status, frame.Find:
		return
	}
	v.forget()
	if !v.pulse.heard {
		v.meet(d)
		v.start.age = v.follower.age
		if f.Kind == frame.Bye && v.s.Start.Add(v.start.age) < v.sub.Joined() &&
			v.cfg.Receiver.Start == reliable.Latest && !v.holders.found {
			return // it was over before anything of it was heard
		}
		v.pulse.heard, v.pulse.lastHeard, v.addr.source = true, now, d.From
		v.pulse.aside = v.app.phase == reliable.SessionNew
	}
	if f.Kind != frame.Data {
		v.pulse.aliveBy(now, f.Time)
	}
	v.delays.mostSinceMade = max(v.delays.mostSinceMade, now.Sub(v.s.Start)-time.Duration(f.Time))
	switch f.Kind {
	case frame.Session:
		v.start.named = true
	case frame.Data:
		v.addr.source = d.From
		v.hearData(now, v.help, f)
	case frame.Heartbeat, frame.Bye:
		v.hearBeat(now, f)
	}
}

// meet notes the first packet of the session, which tells how old that is.
func (v *view) meet(d *world.Datagram) {
	if w := v.follower; !w.heard {
		w.heard = true
		w.age = max(0, v.c.w.Now().Sub(v.s.Start)-time.Duration(d.Frame.Time))
		w.addr.source = d.From
	}
}

// hearRepair takes the DATA frame in a REPAIR, or nil, if it can't be read.
func (v *view) hearRepair(now reliable.Time, f *frame.Frame) {
	helped := v.help
	v.help = now
	switch {
	case f == nil:
	case v.app.phase != 0 || v.start.hasData:
		v.arrivals.repair(f.Seq)
		v.hearData(now, helped, f)
	case v.pulse.heard: // the session may have begun at a HEARTBEAT, or pass this over
		v.arrivals.exists(now, f.Seq+1, f.EndOffset(), v.app.next)
		v.arrivals.early.set(f.Seq - v.s.FirstSeq)
	}
}

// hearData takes a DATA frame; helped is when anything was last done about what is
// missing, but for this.
func (v *view) hearData(now, helped reliable.Time, f *frame.Frame) {
	a := &v.arrivals
	v.data = true
	if f.Seq >= a.high {
		v.pulse.alive(now) // what may be repeated, or was given up, tells nothing for sure
	}
	v.start.data(f.StartOffset())
	a.exists(now, f.Seq, 0, v.app.next)
	if a.note(now, f.Seq, &v.app) {
		if a.latest = now; f.Seq < a.high {
			v.noteSlow(now, helped, f.Seq)
		}
	}
	a.take(now, f.Seq)
	a.exists(now, f.Seq+1, f.EndOffset(), v.app.next)
}

// hearBeat takes a HEARTBEAT or BYE.
func (v *view) hearBeat(now reliable.Time, f *frame.Frame) {
	if f.Kind == frame.Bye {
		v.pulse.ends(now)
	} else {
		v.pulse.interval = f.Interval
	}
	if v.app.phase != reliable.SessionEnded { // what goes on to say BYE is listened to no more
		v.statuses.announced(f)
	}
	v.delays.announced(f.RTT)
	v.certificates.announced(f)
	v.holders.hold(now, f.OldestSeq)
	v.start.beat(f)
	v.arrivals.exists(now, f.NextSeq, f.NextOffset, v.app.next)
}

// noteSlow notes a frame that was found missing, and comes after more than the stated time.
// Helped is when anything was last done about what is missing, but for this.
func (v *view) noteSlow(now, helped reliable.Time, seq uint64) {
	found := v.arrivals.gaps.foundAt(seq)
	if found == 0 {
		return
	}
	since := max(found, helped, v.t.woken, v.app.begun)
	if now.Sub(since) <= v.bound() {
		return
	}
	if waited := now.Sub(max(since, v.roomAt(seq))); waited > v.bound() {
		v.arrivals.slow = append(v.arrivals.slow, slow{seq, waited})
	}
}

// forget notes that the receiver has forgotten a session of which it heard too little to
// begin: it is heard for the first time again.
func (v *view) forget() {
	if v.app.phase == 0 && v.pulse.heard && !v.start.hasData && !v.start.hasBeat &&
		v.c.w.Now().Sub(v.pulse.lastHeard) >= v.pulse.silence() {
		v.pulse.heard = false
		v.follower.heard = slices.ContainsFunc(v.siblings(),
			func(o *view) bool { return o != nil && o.pulse.heard })
	}
}

// wake notes that the subscriber's process goes on after a pause: what wasn't
// heard meanwhile says nothing about the publisher.
func (v *view) wake(since reliable.Time) {
	now := v.c.w.Now()
	v.help, v.woke = now, now
	v.certificates.woke = true
	if v.follower.heard && now.Sub(since) > v.c.unnoticed() && v.pulse.shifted != now {
		v.pulse.lastHeard += now - since
		v.pulse.shifted = now
	}
}

// unnoticed returns how long a process may be paused without noticing: it must miss a
// deadline, of which the next STATUS is one, by 250 ms. What it would have heard
// meanwhile still waits at its socket.
func (c *Checker) unnoticed() time.Duration {
	status := max(500*time.Millisecond, time.Duration(len(c.w.Subscribers()))*10*time.Millisecond)
	return 250*time.Millisecond + status*5/4
}
