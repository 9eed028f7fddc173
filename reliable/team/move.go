package team

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// retarget gives the members that are eligible their parts.
func (t *team) retarget(lease reliable.Time) {
	t.change = reliable.Never
	if t.share != frame.ByPartition {
		return
	}
	list := t.candidates[:0]
	for _, m := range t.members {
		if m.eligible && m.deaf == 0 && !t.forgotten {
			list = append(list, candidate{name: m.name, weight: m.weight, member: m})
		}
	}
	t.candidates = list
	for channel, i := range t.arbiter.scores.target(t.of, list) {
		r := &t.rows[channel]
		var to *member
		if i >= 0 {
			to = list[i].member
		}
		if r.target != to {
			r.target = to
			r.prepared, r.ready = 0, false
		}
	}
	clear(t.candidates)
	t.rests = lease.Add(time.Duration(len(list)*len(t.of)/pairsPerMilli) * time.Millisecond)
}

// pairsPerMilli is after how many pairs of a member and a partition their parts aren't determined
// anew for a millisecond: it takes some CPU time.
const pairsPerMilli = 1024

// move takes the partitions that aren't where they are to be a step further.
func (t *team) move(lease reliable.Time) {
	if t.forgotten {
		return
	}
	a := t.arbiter
	for channel := range t.rows {
		r := &t.rows[channel]
		to := r.target
		switch {
		case to == nil || to.until <= lease || t.ended(uint32(channel), r):
		case r.owner == nil && to.id == r.last && lease < r.again:
		case r.owner == nil:
			t.assign(uint32(channel), r, to)
		case r.owner == to:
			if r.state == frame.GiveBack && r.extended == to.extended {
				r.state = frame.Hold
				a.push(to)
			}
		case r.state == frame.GiveBack:
		case t.stays(r):
			r.prepared, r.ready = 0, false
		case r.prepared == 0:
			r.prepared = lease
			a.push(to)
		case r.ready || lease >= r.prepared.Add(t.term()/4):
			r.state, r.asked = frame.GiveBack, lease
			a.push(r.owner)
		}
	}
}

// assign grants a partition that nobody holds.
func (t *team) assign(channel uint32, r *row, to *member) {
	a := t.arbiter
	r.epoch = max(r.epoch+1, a.firstEpoch())
	if r.last != 0 && r.last != to.id {
		a.stats.Moves++
	}
	if n := r.marked - min(r.marked, r.done); r.attempt > 1 {
		t.redelivered += n
		a.stats.Redelivered += n
	}
	r.span = to.span
	r.owner, r.last, r.until, r.extended = to, to.id, to.until, to.extended
	r.state, r.prepared, r.asked, r.ready = frame.Hold, 0, 0, false
	to.owns++
	a.push(to)
	a.tell(t, reliable.TeamEvent{Kind: reliable.PartitionGranted, Member: to.name,
		Partition: channel, Epoch: r.epoch, Offset: r.done, Attempt: r.attempt})
}
