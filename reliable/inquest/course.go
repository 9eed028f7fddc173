package inquest

import (
	"time"

	"crier/nack"
	"crier/reliable"
)

// A course is where an inquest is in time. A round begins with the silence, and again whenever
// there is something to amend; it ends by agreement, or when its time is over.
type course struct {
	rand *nack.Rand
	// counted is the publisher's count of subscribers, and trip the group's round trip.
	counted int
	trip    time.Duration

	silence reliable.Time // when the inquest began
	begun   reliable.Time // when this round did; Never while there is no place in the Room
	polled  reliable.Time
	closed  bool

	// When the next DIGEST is due, when the last one went, when the first of this round, and
	// what was proposed in the last one.
	digestAt, sent, first reliable.Time
	proposed              uint64

	// The finding is to be computed at checkAt; it was at checked.
	stale            bool
	checkAt, checked reliable.Time

	// since is when all were first found to agree on a hash, and verdictAt when to look again.
	since, verdictAt reliable.Time
	hash             uint64
	// liveSince is when somebody first said that it hears the publisher.
	liveSince reliable.Time
	// end is when the time is over, and most the numbers that it has time for.
	end  reliable.Time
	most uint64

	outcome Outcome
	// open says that there is something to amend; over is when the last round ended, and quickly
	// until when DIGESTs go on as in a round.
	open          bool
	over, quickly reliable.Time
	cert          *reliable.Certificate
	amended       bool
	amendments    int
}

const (
	leastGather = 50 * time.Millisecond
	// wait is for how long one that hears the publisher is waited for, and the least time until
	// the end.
	wait    = 2 * time.Second
	longest = 30 * time.Second
	// repairRate is that at which the deadline takes members to repair, in bytes a second.
	repairRate = 16 << 20
	// lonely is for how long a survivor that hears no other waits for those that the publisher had
	// counted: they may be slower to find it silent, or have no processor.
	lonely = time.Second
	// leastChange is the shortest time between two DIGESTs.
	leastChange = 10 * time.Millisecond
	// afterwards is how often members tell what they have when all is over.
	afterwards = 10 * time.Second
	// liveFresh is for how long the word counts that somebody hears the publisher.
	liveFresh = time.Second
	// perRange is by how much DIGESTs are rarer for each range in them.
	perRange = 20 * time.Microsecond
	// longestTrip bounds the round trip that times are made from.
	longestTrip = time.Second
)

func (c *course) begin(now reliable.Time, cfg *Config) {
	*c = course{
		rand: nack.NewRand(cfg.Seed^cfg.Session, cfg.ID), counted: cfg.Counted,
		trip: min(max(cfg.RoundTrip, 0), longestTrip), silence: now, begun: reliable.Never,
		digestAt: reliable.Never, sent: -1, first: reliable.Never, checkAt: reliable.Never,
		since: reliable.Never, verdictAt: reliable.Never, liveSince: reliable.Never,
		end: reliable.Never,
	}
}

// runs reports whether a round is held.
func (c *course) runs() bool { return c.outcome == Running || c.open }

// group returns the number of members that there may be.
func (q *Inquest) group() int {
	return min(max(q.course.counted, q.table.len()+1), MaxMembers)
}

// gather returns the time G in which each member is heard several times.
func (q *Inquest) gather() time.Duration {
	return max(leastGather, 4*q.course.trip) + time.Duration(q.group())*time.Millisecond
}

// start begins the first round once there is a place in the Room.
func (c *course) start(now reliable.Time, q *Inquest) {
	c.polled = now
	if c.begun != reliable.Never || c.closed || !q.own.known || !q.cfg.Room.enter(q) {
		return
	}
	c.round(now, q)
}

// round begins a round.
func (c *course) round(now reliable.Time, q *Inquest) {
	c.begun, c.first, c.since, c.liveSince = now, reliable.Never, reliable.Never, reliable.Never
	c.most, c.stale = 0, true
	c.checkAt = now
	first := max(c.trip, time.Duration(q.group())*time.Millisecond)
	c.digestAt = max(now.Add(c.rand.Duration(first)), c.sent.Add(q.spacing()))
	c.extend(q)
}

// extend sets the end of the round, for what is missing.
func (c *course) extend(q *Inquest) {
	c.most = max(c.most, min(q.find.most, maxAhead))
	bytes := time.Duration(c.most) * time.Duration(q.cfg.FrameSize)
	bytes = min(bytes, repairRate*longest/time.Second) // what would overflow below, too
	d := wait + time.Duration(2*q.group())*time.Millisecond + bytes*time.Second/repairRate
	c.end = c.begun.Add(min(d, longest))
}

// changed says that this survivor's own content changed.
func (c *course) changed(now reliable.Time, q *Inquest) {
	if c.begun == reliable.Never {
		c.start(now, q)
		return
	}
	c.heard(now, q)
	c.tell(now, q)
}

// heard says that members' words changed.
func (c *course) heard(now reliable.Time, q *Inquest) {
	c.stale = true
	if pace := c.pace(q); pace > 0 {
		c.checkAt = min(c.checkAt, max(now, c.checked.Add(pace)))
		return
	}
	c.checkAt = min(c.checkAt, now)
}

// pace returns the shortest time between two findings, which cost more among many.
func (c *course) pace(q *Inquest) time.Duration {
	if n := q.table.len(); n > 16 {
		return time.Duration(n) * time.Millisecond / 4
	}
	return 0
}

// leaves returns when a member will not have been heard lately.
func (c *course) leaves(gather time.Duration, m *row) reliable.Time {
	patience := 3*gather + 9*time.Duration(len(m.absent()))*perRange
	if m.live() {
		patience = max(patience, liveFresh)
	}
	at := m.heard
	switch {
	case !c.runs():
		patience = max(patience, 3*afterwards+time.Second)
	case c.first == reliable.Never:
		return reliable.Never // it wasn't asked yet
	default:
		at = max(at, c.first)
	}
	return at.Add(patience)
}

// Advance lets time pass.
func (q *Inquest) Advance(now reliable.Time) {
	now = q.clock(now)
	c := &q.course
	if c.closed || !q.own.known {
		return
	}
	if c.begun == reliable.Never {
		c.start(now, q)
	}
	if c.begun == reliable.Never && now >= c.silence.Add(longestTurn) {
		c.round(now, q) // which has no place, and is over at once
		q.compute(now, true)
		c.finish(now, q, Overdue)
	}
	if c.begun != reliable.Never && now >= c.checkTime(q) {
		c.check(now, q)
	}
}

// checkTime returns when the next finding is due.
func (c *course) checkTime(q *Inquest) reliable.Time {
	at := min(c.checkAt, q.find.leaveAt)
	if c.runs() {
		at = min(at, c.verdictAt, c.due(q))
	}
	return at
}

// due returns when the round ends without agreement.
func (c *course) due(q *Inquest) reliable.Time {
	if q.find.living > 0 {
		return min(c.end.Add(wait), c.begun.Add(longest))
	}
	return c.end
}

// Deadline returns when to call Advance, and Digest after it.
func (q *Inquest) Deadline() reliable.Time {
	c := &q.course
	at := reliable.Never
	switch {
	case c.closed || !q.own.known:
		return at
	case c.begun == reliable.Never:
		at = c.polled.Add(roomPoll)
	default:
		at = min(c.checkTime(q), c.digestAt)
	}
	return at.Add(q.lag)
}

// fresh computes the finding if it isn't the latest.
func (q *Inquest) fresh() {
	if c := &q.course; c.stale && q.own.known {
		q.compute(c.checked, false)
	}
}

// check computes the finding, and judges it.
func (c *course) check(now reliable.Time, q *Inquest) {
	c.stale, c.checkAt, c.checked = false, reliable.Never, now
	q.compute(now, false)
	switch {
	case !c.runs():
		c.reopen(now, q)
	case !c.judge(now, q):
		c.extend(q)
	}
	if q.proposal() != c.proposed {
		c.tell(now, q)
	}
}

// proposal returns the hash that this survivor proposes, or 0.
func (q *Inquest) proposal() uint64 {
	switch f, c := &q.find, q.course.cert; {
	case f.settled:
		return f.hash
	case !q.course.runs() && c != nil && c.Number > 0:
		return c.Hash
	}
	return 0
}

// judge ends the round if it is over.
func (c *course) judge(now reliable.Time, q *Inquest) bool {
	f := &q.find
	c.verdictAt = reliable.Never
	if f.living == 0 {
		c.liveSince = reliable.Never
	} else if c.liveSince == reliable.Never {
		c.liveSince = now
	}
	if !f.settled || !f.agreed || c.first == reliable.Never {
		c.since = reliable.Never
	} else if c.since == reliable.Never || c.hash != f.hash {
		c.since, c.hash = now, f.hash
	}
	switch {
	case now >= c.due(q):
		if f.living > 0 {
			c.finish(now, q, CutOff)
			return true
		}
		q.compute(now, true)
		outcome := Overdue
		if f.settled && f.agreed {
			outcome = Agreed
		}
		c.finish(now, q, outcome)
		return true
	case f.living > 0:
		if at := c.liveSince.Add(wait); f.mine > 0 || f.awaited > 0 {
			return false
		} else if now < at {
			c.verdictAt = at
			return false
		}
		c.finish(now, q, CutOff)
		return true
	case c.since == reliable.Never:
		return false
	}
	g := q.gather()
	at := c.since.Add(g)
	switch missing := f.heard+1 < min(c.counted, MaxMembers); {
	case missing && f.heard == 0:
		g = max(4*g, lonely)
	case missing:
		g *= 4 // there may be more
	}
	at = max(at, c.first.Add(g))
	if now < at {
		c.verdictAt = at
		return false
	}
	if !c.confirmed(q) {
		c.verdictAt = now.Add(max(g/8, time.Millisecond))
		return false
	}
	c.finish(now, q, Agreed)
	return true
}

// confirmed reports whether all, this survivor too, said the hash once more since they agreed.
func (c *course) confirmed(q *Inquest) bool {
	if q.find.listed > 0 && (c.sent < c.since || c.proposed != c.hash) {
		return false
	}
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state == listed && m.heard <= c.since && !m.final() {
			return false
		}
	}
	return true
}

// finish ends the round.
func (c *course) finish(now reliable.Time, q *Inquest, outcome Outcome) {
	again := c.open
	q.cfg.Room.forget(q)
	c.open, c.over, c.since, c.verdictAt = false, now, reliable.Never, reliable.Never
	c.quickly = now.Add(3 * q.gather())
	if again {
		c.amendments++
		if outcome == CutOff || !c.news(q) {
			return // nothing is new
		}
		c.amended = true
	}
	c.outcome = outcome
	c.cert = q.certify(now, outcome)
	if c.sent >= 0 {
		c.tell(now, q) // that it is over
	}
}

// news reports whether the finding says more than the last certificate.
func (c *course) news(q *Inquest) bool {
	f := &q.find
	switch {
	case f.living > 0 || c.cert == nil:
		return false
	case c.cert.Number == 0:
		return true
	case f.to > c.cert.Frames.To, nack.Count(f.nobody) < countIn(c.cert.Nobody, 0, f.to):
		return true
	}
	next := 0 // both lists are ascending
	members := c.cert.Members
	for i, id := range q.table.ids {
		if q.table.member(i).state != listed {
			continue
		}
		for next < len(members) && members[next].ID < id {
			next++
		}
		if next == len(members) || members[next].ID != id {
			return true
		}
	}
	return false
}

// reopen begins a round if there is something to amend, the later the more there were.
func (c *course) reopen(now reliable.Time, q *Inquest) {
	if !c.news(q) {
		return
	}
	pause := max(q.gather(), 100*time.Millisecond<<min(c.amendments, 7))
	if at := c.over.Add(pause); now < at {
		c.stale, c.checkAt = true, at
		return
	}
	c.open = true
	c.round(now, q)
}

// Outcome returns how far it is.
func (q *Inquest) Outcome() Outcome { return q.course.outcome }
