package checker

import (
	"sort"
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// judgeTold asks whether what a message's event says beside its bytes is what happened:
// when the last of its frames came, by this machine's wall clock too where the frames
// told that, whether one came as a repair, and how long after it was found missing.
func (v *view) judgeTold(ev *reliable.Event) {
	first, last := v.t.first(ev.Offset), v.t.last(ev.Offset+1)
	var came reliable.Time
	var least, most time.Duration // of Recovery
	may, must, known := false, false, true
	for q := first; q < last; q++ {
		i := q - v.arrivedFrom
		if q < v.arrivedFrom || i >= uint64(len(v.arrived)) || v.arrived[i] == 0 {
			known = false
			continue
		}
		at := v.arrived[i]
		came = max(came, at)
		found := v.foundAt(q)
		if found == 0 {
			continue
		}
		most = max(most, at.Sub(v.runFoundAt(q)))
		fixed := v.repaired.has(q - v.s.FirstSeq)
		may = may || fixed || v.early.has(q-v.s.FirstSeq)
		if asked := v.askedFirst(q); asked != 0 && asked <= at { // it surely knew
			must = must || fixed
			least = max(least,
				at.Sub(max(found, v.begun, asked).Add(v.cfg.Receiver.Recovery.MaxWait/16)))
		}
	}
	var wall time.Time
	if v.cfg.CopyFrames {
		wall = ev.Received
	}
	if !ev.Arrived.Equal(wall) {
		v.fail("offset %d is said to have come to this machine at %v, and came at %v", ev.Offset,
			ev.Arrived, wall)
	}
	received := world.VirtualTime(ev.Received)
	said := ev.Recovered
	if !known || received == came && (said || !must) && (may || !said) &&
		(least <= ev.Recovery || !said) && ev.Recovery <= most {
		return
	}
	if v.works || v.first0 || received <= v.begun && came > v.begun || v.threwAway() {
		// of what came twice, before it began, or is told long after, it can't be seen which
		// was kept
		return
	}
	v.fail("offset %d is said to have come at %s, recovered %v after %v; it came at %s, "+
		"recovered %v after %v to %v",
		ev.Offset, world.Stamp(received), said, ev.Recovery, world.Stamp(came), may, least, most)
}

// askedFirst returns when a frame was asked for first, or 0. Where there was no room for
// it, or it wasn't known yet where the session begins, it counts as missing from then on;
// of parts that grow while there is no room the last counts.
func (v *view) askedFirst(seq uint64) reliable.Time {
	if i := seq - v.s.FirstSeq; i < uint64(len(v.asking.frames)) {
		return v.asking.frames[i].first
	}
	return 0
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
