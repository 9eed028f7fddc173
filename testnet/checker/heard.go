package checker

import (
	"sort"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// heard notes a packet that is handed to the receiver.
func (v *view) heard(p *world.Datagram) {
	now, f := v.c.w.Now(), p.Frame
	took, helped := now.Sub(p.Sent), v.help
	v.first0 = v.first0 || now == 0
	v.minDelay, v.maxDelay = min(v.minDelay, took), max(v.maxDelay, took)
	switch f.Kind {
	case frame.Repair:
		v.help = now
		if v.phase == 0 && !v.hasData {
			// It may have begun at a HEARTBEAT, or pass this over.
			if v.any && f.Data != nil {
				v.exists(now, f.Data.Seq+1, f.Data.EndOffset())
				v.early.set(f.Data.Seq - v.s.FirstSeq)
			}
			return
		}
		if f.Data != nil {
			v.cameRepaired(f.Data.Seq)
			v.came(now, helped, f.Data)
		}
		return
	case frame.Gone, frame.Confirm:
		v.help = now
		if f.Kind == frame.Confirm {
			v.confirmed = true
			v.noteConfirm(now, f)
		}
		if f.Kind == frame.Confirm || v.issued(f.Request) {
			v.aliveBy(now, f.Time)
		}
		return
	case frame.Nack, frame.Status:
		return
	}
	v.forget()
	if !v.any {
		v.age = max(0, now.Sub(v.s.Start)-time.Duration(f.Time))
		if f.Kind == frame.Bye && v.s.Start.Add(v.age) < v.sub.Joined() &&
			v.cfg.Receiver.Start == reliable.Latest {
			return // it was over before anything of it was heard
		}
		v.any, v.lastHeard, v.source = true, now, p.From
	}
	if f.Kind != frame.Data {
		v.aliveBy(now, f.Time)
	}
	v.maxTook = max(v.maxTook, now.Sub(v.s.Start)-time.Duration(f.Time))
	switch f.Kind {
	case frame.Session:
		v.named = true
	case frame.Data:
		v.source = p.From
		v.came(now, helped, f)
	case frame.Heartbeat, frame.Bye:
		if f.Kind == frame.Bye {
			if !v.bye {
				v.bye, v.byeAt = true, now
			}
		} else {
			v.interval = f.Interval
		}
		v.noteGroup(f)
		if f.RTT > 0 && (v.groupTrip == 0 || f.RTT < v.groupTrip) {
			v.groupTrip = f.RTT
		}
		if v.first == 0 {
			v.first = frame.Heartbeat // a BYE tells as much
		}
		if !v.hasBeat {
			v.hasBeat, v.firstNext, v.firstOld = true, f.NextOffset, f.OldestOffset
		}
		v.exists(now, f.NextSeq, f.NextOffset)
	}
}

// forget notes that the receiver has forgotten a session of which it heard too little to
// begin: it is heard for the first time again.
func (v *view) forget() {
	if v.phase == 0 && v.any && !v.hasData && !v.hasBeat &&
		v.c.w.Now().Sub(v.lastHeard) >= v.silence() {
		v.any = false
	}
}

// issued reports whether a request is one of the subscriber's: the answer to another's
// tells it nothing.
func (v *view) issued(request uint64) bool {
	last := v.asking.request
	return last != 0 && request>>32 == last>>32 && uint32(request) <= uint32(last)
}

// aliveBy notes that the publisher was heard by a frame that was made at a time of its
// own: one that is repeated tells nothing.
func (v *view) aliveBy(now reliable.Time, made uint64) {
	if made > v.newest || v.newest == 0 {
		v.newest = made
		v.alive(now)
	}
}

// alive notes that the publisher was heard.
func (v *view) alive(now reliable.Time) {
	v.quiet = max(v.quiet, now.Sub(v.lastHeard))
	v.lastHeard = now
}

// came notes a DATA frame; since is when anything was last done about what is
// missing, but for this.
func (v *view) came(now, since reliable.Time, f *frame.Frame) {
	start := f.StartOffset()
	if f.Seq >= v.high {
		v.alive(now) // what may be repeated, or was given up, tells nothing for sure
	}
	if !v.hasData {
		v.hasData, v.firstData, v.lowData = true, start, start
		if v.first == 0 {
			v.first = frame.Data
		}
	}
	v.lowData = min(v.lowData, start)
	v.exists(now, f.Seq, 0)
	v.noteArrival(now, since, f.Seq)
	if v.overdue(now, f.Seq) {
		v.late.set(f.Seq - v.s.FirstSeq)
	} else {
		v.got.set(f.Seq - v.s.FirstSeq)
	}
	v.exists(now, f.Seq+1, f.EndOffset())
}

// cameRepaired notes a frame that comes as a repair, before came does.
func (v *view) cameRepaired(seq uint64) {
	if i := seq - v.s.FirstSeq; v.foundAt(seq) != 0 && !v.got.has(i) && !v.late.has(i) {
		v.repaired.set(i)
	}
}

// exists notes that frames below seq and messages below offset are known to
// exist.
func (v *view) exists(now reliable.Time, seq, offset uint64) {
	if seq > v.high {
		if !v.got.has(seq - 1 - v.s.FirstSeq) {
			v.gaps = append(v.gaps,
				gapFound{v.high, seq, now, v.t.first(max(v.next, v.s.FirstOffset))})
		}
		v.high = seq
	}
	v.offset = max(v.offset, offset)
}

// overdue says whether a frame that comes now may have been given up already.
func (v *view) overdue(now reliable.Time, seq uint64) bool {
	if seq >= v.high || v.got.has(seq-v.s.FirstSeq) {
		return false
	}
	cfg, found := &v.cfg.Receiver, v.foundAt(seq)
	wait := v.patience()
	if cfg.Recovery.MaxWait > 0 {
		wait = min(wait, cfg.Recovery.MaxWait)
	}
	return found != 0 && (cfg.Recovery.Off || now.Sub(found) >= wait)
}

// foundAt returns when a frame was found missing, or 0.
func (v *view) foundAt(seq uint64) reliable.Time {
	if n := len(v.gaps); n == 0 || v.gaps[n-1].to <= seq {
		return 0 // the common case, which leaves the others alone
	}
	i := sort.Search(len(v.gaps), func(i int) bool { return v.gaps[i].to > seq })
	if i < len(v.gaps) && v.gaps[i].from <= seq {
		return v.gaps[i].at
	}
	return 0
}

// roomAt returns when a frame that was found missing was asked for first, if it was so far
// ahead of delivery then that the buffer had no room for it: what has no room is asked for
// once there is some. It returns 0 for other frames.
func (v *view) roomAt(seq uint64) reliable.Time {
	i := sort.Search(len(v.gaps), func(i int) bool { return v.gaps[i].to > seq })
	span := uint64(v.c.ear(v.sub).limits.buffer / reliable.MinHeld)
	if i == len(v.gaps) || v.gaps[i].from > seq || seq < v.gaps[i].next+span {
		return 0
	}
	return v.askedFirst(seq)
}

// asked notes a NACK that the receiver sends.
func (v *view) asked(p *world.Datagram) {
	now := v.c.w.Now()
	if p.Frame.Kind == frame.Status {
		v.judgeStatus(now, p.Frame)
	}
	if p.Frame.Kind != frame.Nack {
		return
	}
	for _, r := range p.Frame.Ranges {
		if r.To > v.high {
			v.fail("it asks for frames %v, and knows of none from %d on", r, v.high)
		}
		for q := r.From; q < min(r.To, v.high); q++ {
			if v.got.has(q-v.s.FirstSeq) && !v.threwAway() {
				v.fail("it asks for frame %d, which it has", q)
				break
			}
		}
	}
	v.judgeNack(now, p.Frame)
	if n := len(v.nacks); n > 64 && now.Sub(v.nacks[n/2].at) > keepLog {
		v.nacks = trimRanges(v.nacks, v.nacks[n/2].at)
	}
	v.nacks = append(v.nacks, rangesAt{at: now, sent: now, ranges: p.Frame.Ranges})
}

// woke notes that the subscriber's process goes on after a pause: what wasn't
// heard meanwhile says nothing about the publisher.
func (v *view) woke(since reliable.Time) {
	now := v.c.w.Now()
	v.help, v.subWoke = now, now
	if v.any && now.Sub(since) > v.unnoticed() {
		v.lastHeard += now - since
	}
}

// unnoticed is how long a process may be paused without noticing: it must miss a
// deadline, of which the next STATUS is one, by 250 ms. What it would have heard
// meanwhile still waits at its socket.
func (v *view) unnoticed() time.Duration {
	status := max(500*time.Millisecond, time.Duration(len(v.c.w.Subscribers()))*10*time.Millisecond)
	return 250*time.Millisecond + status*5/4
}
