package team

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// A team is a number of members that share the work on all streams.
type team struct {
	arbiter *Arbiter
	name    string
	bytes   []byte // the name
	share   frame.Share
	// members are in the order of their joining.
	members []*member
	byID    map[uint64]*member
	// counts says that it had a member that was eligible, or was restored: one that never had is
	// none to anybody, and goes with its last member.
	counts bool
	// left are members that left lately: CLAIMs that they had sent before may come late.
	left  []gone
	lefts int
	// rows has a team that shares by partition, and work one that shares by message.
	rows []row
	work *work
	// settled is when the first grants may be made. At change, the members that are eligible are
	// given their parts anew. Before held, nothing that has run out is granted anew.
	settled, change, held reliable.Time
	// rests is until when the members' parts aren't determined anew.
	rests reliable.Time
	// back is the highest epoch that was restored, if the wall clock is behind it.
	back uint64
	// oldest says that it began with the oldest messages. It does if one of the members says so
	// that claim before open.
	oldest bool
	open   reliable.Time
	// redelivered counts messages that were granted once more, where partitions are shared.
	redelivered uint64
	// empty is since when it has had no members; Never while it has some.
	empty reliable.Time
	// forgotten says that no lease of it is extended any more: it ends with the last.
	forgotten bool
	// finished says that nothing more is to be done, since finishedAt.
	finished   bool
	finishedAt reliable.Time
	// due is when advance must be called.
	due reliable.Time
	// of, candidates are for target.
	of         []int
	candidates []candidate
}

// A gone is a member that left, and its newest CLAIM.
type gone struct{ id, request uint64 }

// maxGone bounds the members that a team remembers after they left.
const maxGone = 64

// A row is a partition of a team that shares by partition.
type row struct {
	// owner holds it until until, by the grant with epoch, as far as CLAIM extended of its shows.
	owner    *member
	until    reliable.Time
	extended uint64
	epoch    uint64
	// last is the id of the member that had the grant with epoch.
	last uint64
	// span is how many messages beyond done its member may have handed out, or 0 for any number.
	span uint32
	// target is the member that it is to go to. If that isn't the owner, it was told to prepare
	// at prepared, and ready says that it has. The owner was asked to give back at asked, if state
	// is GiveBack.
	target          *member
	state           frame.GrantState
	prepared, asked reliable.Time
	// Its last member gets it again no sooner than at again, if it gave it back unasked.
	again reliable.Time
	ready bool
	// done is the offset below which all is done, which starts in frame seq or later. beyond
	// are done besides.
	done, seq uint64
	beyond    []nack.Range
	// The messages below marked may have been handed out, and are granted for the attempt-th time;
	// those from there on for the first time.
	marked  uint64
	attempt uint32
}

// newTeam returns a team that begins with a CLAIM.
func (a *Arbiter) newTeam(lease reliable.Time, name string, share frame.Share, oldest bool) *team {
	t := &team{arbiter: a, name: name, bytes: []byte(name), share: share,
		byID: make(map[uint64]*member), change: reliable.Never, due: reliable.Never,
		settled: lease.Add(max(a.cfg.Settle, 0)), empty: lease,
	}
	t.open = t.settled
	if share == frame.ByPartition {
		t.rows = make([]row, a.streams.Partitions())
		t.of = make([]int, a.streams.Partitions())
	}
	t.start(oldest)
	a.teams = append(a.teams, t)
	return t
}

// count has a team count from now on.
func (t *team) count() {
	if !t.counts {
		t.counts = true
		t.arbiter.movesAll()
		t.arbiter.tell(t, reliable.TeamEvent{Kind: reliable.TeamNew})
	}
}

// admit makes a member eligible.
func (t *team) admit(m *member) {
	t.count()
	if m.eligible = true; !m.joined {
		m.joined = true
		t.tell(reliable.MemberJoined, m)
	}
}

// start has a new team begin with what is published next, or with the oldest messages.
func (t *team) start(oldest bool) {
	a := t.arbiter
	a.movesAll()
	t.oldest = oldest
	if t.share == frame.ByMessage {
		t.work = newWork(t, oldest)
	}
	for channel := range t.rows {
		r := &t.rows[channel]
		if r.seq, r.done = a.streams.Next(uint32(channel)); oldest {
			r.seq, r.done = a.streams.Oldest(uint32(channel))
		}
		r.attempt, r.epoch = 1, a.epoch
	}
}

// term returns for how long a member holds what it is granted.
func (t *team) term() time.Duration {
	n := time.Duration(len(t.members))
	return max(t.arbiter.cfg.Lease, n*4*time.Second/claimsPerSecond)
}

// early has advance called at a time, or sooner.
func (t *team) early(at reliable.Time) {
	t.due = min(t.due, at)
	t.arbiter.due = min(t.arbiter.due, at)
}

// changed has the members' parts determined anew, some time after a change.
func (t *team) changed(lease reliable.Time, after time.Duration) {
	t.change = min(t.change, max(lease.Add(max(after, 0)), t.rests))
}

// woke notices that the process was suspended, or paused, beyond its deadline. CLAIMs that came
// meanwhile wait to be read, and have the time for it.
func (t *team) woke(lease reliable.Time) {
	if t.due != reliable.Never && lease.Sub(t.due) > t.term()/4 {
		t.held = lease.Add(t.term() / 4)
		t.due = t.held
	}
}

// advance lets time pass.
func (t *team) advance(lease reliable.Time) {
	if lease < t.due {
		return
	}
	t.woke(lease)
	t.settle(lease)
}

// settle lets what has run out end, moves what is to move, and determines the deadline.
func (t *team) settle(lease reliable.Time) {
	if lease >= t.held {
		t.lapse(lease)
	}
	if at := max(t.settled, t.change, t.held); lease >= at {
		t.retarget(lease)
	}
	if t.share == frame.ByPartition && lease >= t.held {
		t.move(lease)
	}
	if t.work != nil {
		t.work.assign(lease)
	}
	t.finish(lease)
	t.repeat(lease)
	t.schedule(lease)
	t.arbiter.due = min(t.arbiter.due, t.due)
}

// lapse ends the leases that have run out, and the members that are silent.
func (t *team) lapse(lease reliable.Time) {
	if t.work != nil {
		t.work.lapse(lease)
	}
	for channel := range t.rows {
		r := &t.rows[channel]
		if r.owner != nil && r.until <= lease {
			if t.arbiter.stats.Lapsed++; r.state == frame.GiveBack && r.owner.until > lease {
				t.arbiter.stats.Unfinished++
			}
			t.abandon(uint32(channel), r)
			t.changed(lease, 0)
		}
	}
	kept := t.members[:0]
	for _, m := range t.members {
		if m.eligible && m.until <= lease {
			m.eligible = false
			if t.work != nil {
				t.work.release(m)
			}
			t.changed(lease, 0)
		}
		if m.gone <= lease {
			t.forget(m)
			if m.joined {
				t.tell(reliable.MemberLapsed, m)
			}
			continue
		}
		if m.deaf != 0 && m.deaf <= lease {
			m.deaf = 0
			t.changed(lease, 0)
		}
		kept = append(kept, m)
	}
	clear(t.members[len(kept):])
	t.members = kept
	t.emptied(lease)
}

// emptied notes that a team has no members any more.
func (t *team) emptied(lease reliable.Time) {
	if len(t.members) == 0 && t.empty == reliable.Never {
		if t.empty = lease; t.counts {
			t.arbiter.tell(t, reliable.TeamEvent{Kind: reliable.TeamEmpty})
		}
	}
}

// tell adds an event about a member.
func (t *team) tell(kind reliable.TeamEventKind, m *member) {
	t.arbiter.tell(t, reliable.TeamEvent{Kind: kind, Member: m.name})
}

// forget takes a member that has gone out of all that refers to it, but for the list.
func (t *team) forget(m *member) {
	delete(t.byID, m.id)
	one := gone{m.id, m.request}
	if len(t.left) < maxGone {
		t.left = append(t.left, one)
	} else {
		t.left[t.lefts%maxGone] = one
	}
	t.lefts++
	if t.work != nil {
		t.work.release(m)
	}
	for channel := range t.rows {
		r := &t.rows[channel]
		if r.target == m {
			r.target, r.prepared, r.ready = nil, 0, false
		}
		if r.owner == m {
			t.abandon(uint32(channel), r)
		}
	}
}

// lost reports whether a member is none any more.
func (t *team) lost(m *member) bool { return t.byID[m.id] != m }

// epoch returns the highest epoch of a grant of the team.
func (t *team) epoch() (highest uint64) {
	if t.work != nil {
		return t.work.epoch
	}
	for channel := range t.rows {
		highest = max(highest, t.rows[channel].epoch)
	}
	return highest
}

// over reports whether a team has ended.
func (t *team) over(lease reliable.Time) bool {
	if len(t.members) > 0 {
		return false
	}
	expiry := t.arbiter.cfg.Expiry
	return t.forgotten || expiry > 0 && t.empty != reliable.Never && lease >= t.empty.Add(expiry)
}

// abandon ends a grant whose member may have handed out what its window allows: it knows no
// done position above the one that is known here.
func (t *team) abandon(channel uint32, r *row) {
	_, newest := t.arbiter.streams.Next(channel)
	if r.span > 0 && !t.arbiter.streams.Closed() { // after BYE all may come as orphans
		newest = min(newest, r.done+uint64(r.span))
	}
	t.mark(r, newest)
	t.end(channel, r)
}

// mark notes that messages below an offset may have been handed out.
func (t *team) mark(r *row, to uint64) {
	if to <= r.done {
		return
	}
	if r.marked <= r.done { // all that had been handed out before is done
		r.attempt = 1
	}
	r.attempt++
	r.marked = max(r.marked, to)
}

// end ends a grant.
func (t *team) end(channel uint32, r *row) {
	t.arbiter.tell(t, reliable.TeamEvent{Kind: reliable.PartitionReleased, Member: r.owner.name,
		Partition: channel, Epoch: r.epoch, Offset: r.done, Attempt: r.attempt})
	r.owner.owns--
	r.owner, r.state = nil, frame.Hold
	r.prepared, r.asked, r.ready = 0, 0, false
}

// repeat has the GRANTs sent again that no CLAIM has shown.
func (t *team) repeat(lease reliable.Time) {
	for _, m := range t.members {
		if m.unseen != 0 && m.repeat <= lease {
			t.arbiter.queue(m)
		}
	}
}

// schedule determines when advance must be called next.
func (t *team) schedule(lease reliable.Time) {
	at := reliable.Never
	if t.change != reliable.Never {
		at = max(t.change, t.settled)
	}
	for channel := range t.rows {
		r := &t.rows[channel]
		if r.owner != nil {
			at = min(at, r.until)
		}
		if r.owner == nil && r.again > lease {
			at = min(at, r.again)
		}
		if to := r.target; r.prepared != 0 && r.state == frame.Hold && to.until > lease {
			at = min(at, r.prepared.Add(t.term()/4))
		}
	}
	for _, m := range t.members {
		if at = min(at, m.gone); m.eligible {
			at = min(at, m.until)
		}
		if m.deaf != 0 {
			at = min(at, m.deaf)
		}
	}
	if t.work != nil {
		at = min(at, t.work.due())
	}
	if expiry := t.arbiter.cfg.Expiry; expiry > 0 && t.empty != reliable.Never {
		at = min(at, t.empty.Add(expiry))
	}
	if at != reliable.Never {
		at = max(at, t.held)
	}
	for _, m := range t.members {
		if m.unseen != 0 && !m.queued {
			at = min(at, m.repeat)
		}
	}
	if t.forgotten && len(t.members) == 0 {
		at = lease
	}
	t.due = at
}
