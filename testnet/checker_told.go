package testnet

import (
	"sort"
	"time"

	"crier/reliable"
)

// judgeTold asks whether what a message's event says beside its bytes is what happened:
// when the last of its frames came, by this machine's wall clock too where the frames
// told that, whether one came as a repair, and how long after it was found missing.
func (v *view) judgeTold(ev *reliable.Event) {
	first, last := v.t.first(ev.Offset), v.t.last(ev.Offset+1)
	var came reliable.Time
	var least, most time.Duration // of Recovery
	fixed, known := false, true
	for q := first; q < last; q++ {
		i := q - v.arrivedFrom
		if q < v.arrivedFrom || i >= uint64(len(v.arrived)) || v.arrived[i] == 0 {
			known = false
			continue
		}
		at := v.arrived[i]
		came = max(came, at)
		fixed = fixed || v.repaired.has(q-v.s.FirstSeq)
		if found := v.foundAt(q); found != 0 {
			most = max(most, at.Sub(v.runFoundAt(q)))
			least = max(least, at.Sub(v.countsFrom(q, found)))
		}
	}
	wall := int64(0)
	if v.sub.copies {
		wall = wallStart + int64(ev.Received)
	}
	if ev.Arrived != wall {
		v.fail("offset %d is said to have come to this machine at %d, and came at %d", ev.Offset, ev.Arrived, wall)
	}
	early := came <= v.begun // and not known to be missing yet
	if !known || ev.Received == came && (ev.Recovered == fixed || early) &&
		(least <= ev.Recovery || !ev.Recovered) && ev.Recovery <= most {
		return
	}
	if v.works || v.first0 || ev.Received <= v.begun && came > v.begun || v.threwAway() {
		return // of what came twice, before it began, or is told long after, it can't be seen which was kept
	}
	v.fail("offset %d is said to have come at %s, recovered %v after %v; it came at %s, recovered %v after %v to %v",
		ev.Offset, stamp(ev.Received), ev.Recovered, ev.Recovery, stamp(came), fixed, least, most)
}

// countsFrom returns when, at the latest, a frame that was found missing begins to count
// as that: once it is known where the session begins; and where there was no room for
// it, once it was asked for. Of parts that grow while there is no room the last counts.
func (v *view) countsFrom(seq uint64, found reliable.Time) reliable.Time {
	from := max(found, v.begun)
	if i := seq - v.s.FirstSeq; i < uint64(len(v.asking.frames)) {
		from = max(from, v.asking.frames[i].first)
	}
	return from.Add(v.sub.cfg.Receiver.MaxWait / 16)
}

// runFoundAt returns when the first part of a run of frames was found missing: where there
// is no room, what is found next to a gap is part of it.
func (v *view) runFoundAt(seq uint64) reliable.Time {
	i := sort.Search(len(v.gaps), func(i int) bool { return v.gaps[i].to > seq })
	for i > 0 && v.gaps[i-1].to == v.gaps[i].from {
		i--
	}
	return v.gaps[i].at
}
