package checker

import (
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// The Checker judges teams by what a publisher may promise without a consensus: for each session
// and team,
//
//   - no message is handed out unmarked once anybody was handed it, and no two members have a
//     right to a partition at the same time;
//   - nobody hands out what it has no right to: its right ends a lease after it sent the CLAIM
//     that the GRANT answers, by its own lease clock, and when it gives back;
//   - in a tenure, which is one grant of a partition, messages come in order, from the first one
//     that isn't done, and no more than the window beyond what is confirmed as done;
//   - what is done is what was done, and at the end all is done, lost by name, or given up by
//     name;
//   - messages come again only marked, at most a window of them in a tenure, and none after a
//     partition was given back;
//   - epochs only grow, over restarts of the publisher too; attempts count one by one;
//   - CLAIM and GRANT stay within their budgets.
//
// Rights and clocks are the Checker's own: it takes them from the frames that members and
// publishers sent and got, and from the clocks of hosts, and asks no machine.

// teams is what is known of all teams.
type teams struct {
	c    *Checker
	list []*team
	// clock and arbiter return the lease clock of a member's host and of a publisher's.
	clock   func(sub *world.Subscriber) reliable.Time
	arbiter func(p *world.Publisher) reliable.Time
}

// team is a team at one session.
type team struct {
	*teams
	name    string
	share   frame.Share
	pub     *world.Publisher
	session reliable.SessionID
	began   bool // the publisher heard a CLAIM
	// oldest says that it begins with the oldest messages; until open, a member may have it so.
	oldest bool
	open   reliable.Time
	parts  []*portion
	seats  []*seat
	tally  TeamTally
}

// TeamTally counts what happened in teams.
type TeamTally struct {
	// Teams counts teams at sessions, Tenures grants of partitions.
	Teams, Tenures uint64
	// Handed counts messages that were handed out, Repeated those of them that were handed out
	// before, Marked those that were said to, and Orphans those of silent publishers.
	Handed, Repeated, Marked, Orphans uint64
	// GivenBack counts tenures that ended gracefully.
	GivenBack uint64
	// GivenUp counts messages that were given up, Lost those that were reported lost.
	GivenUp, Lost  uint64
	Claims, Grants uint64
}

// Add adds up tallies.
func (t *TeamTally) Add(u TeamTally) {
	t.Teams += u.Teams
	t.Tenures += u.Tenures
	t.Handed += u.Handed
	t.Repeated += u.Repeated
	t.Marked += u.Marked
	t.Orphans += u.Orphans
	t.GivenBack += u.GivenBack
	t.GivenUp += u.GivenUp
	t.Lost += u.Lost
	t.Claims += u.Claims
	t.Grants += u.Grants
}

// fail notes a violation.
func (t *team) fail(format string, args ...any) {
	t.c.fail("team %s of %v, session %v: "+format, append([]any{t.name, t.pub, t.session},
		args...)...)
}

// find returns a team, or nil.
func (x *teams) find(session reliable.SessionID, name string) *team {
	for _, t := range x.list {
		if t.session == session && t.name == name {
			return t
		}
	}
	return nil
}

// team returns a team.
func (x *teams) team(s *world.Session, name string, share frame.Share) *team {
	t := x.find(s.ID, name)
	if t == nil {
		t = &team{teams: x, name: name, share: share, pub: s.Publisher, session: s.ID}
		x.list = append(x.list, t)
	}
	return t
}

// portion is a partition as a team has it.
type portion struct {
	*team
	s     *world.Session
	begin uint64 // where the team begins
	least uint64 // the epoch that was saved of an earlier session
	done  uint64 // all from begin up to it is settled
	work  []work // by message, from begin on
	// rights are all grants so far, the newest last.
	rights []*right
	latest *right // the one of the highest epoch under which a message was handed out
}

// work is what became of a message.
type work struct {
	handed  uint32 // how often it was handed out
	attempt uint32 // that it was granted for
	told    uint64 // the attempts for which it was handed out, as bits
	last    *right // under which it was handed out last
	orphan  bool   // it was handed out last as an orphan
	right   *right // by message: the newest grant of it
	until   reliable.Time
	done    bool // an application finished it
	heard   bool // the publisher was told so
	lost    bool
	givenUp bool
	freed   bool // the member that was granted it gave it back
}

// settled reports whether nobody needs to do the message any more.
func (w *work) settled() bool { return w.done || w.lost || w.givenUp }

// part returns a partition of the team, or nil if there is none.
func (t *team) part(channel uint32) *portion {
	s := t.c.w.Session(t.session, channel)
	if s == nil {
		return nil
	}
	for uint32(len(t.parts)) <= channel {
		t.parts = append(t.parts, nil)
	}
	p := t.parts[channel]
	if p == nil {
		p = &portion{team: t, s: s}
		t.parts[channel] = p
	}
	return p
}

// at returns what became of a message, or nil of one before the team's begin.
func (p *portion) at(offset uint64) *work {
	if !p.began || offset < p.begin || !p.s.Accepted(offset) {
		return nil
	}
	for uint64(len(p.work)) <= offset-p.begin {
		p.work = append(p.work, work{})
	}
	return &p.work[offset-p.begin]
}

// open returns the first message from one on, below another, that isn't settled.
func (p *portion) open(from, to uint64) (uint64, bool) {
	for o := max(from, p.begin); o < to; o++ {
		if w := p.at(o); w == nil || !w.settled() {
			return o, true
		}
	}
	return 0, false
}

// settled returns the message up to which all is settled.
func (p *portion) settled() uint64 {
	for p.done = max(p.done, p.begin); p.done < p.s.NextOffset() &&
		p.at(p.done).settled(); p.done++ {
	}
	return p.done
}

// right is what a member was granted under one epoch.
type right struct {
	seat    *seat
	epoch   uint64
	from    uint64        // where it begins
	granted reliable.Time // when it was granted first
	// came says that a GRANT with it reached the member: until then it has none.
	came      bool
	until     reliable.Time // by the member's lease clock
	confirmed uint64        // what is done, by the GRANTs that came
	// extended is when the publisher's lease for it ends, by the publisher's clock.
	extended reliable.Time
	released bool   // the member said that it gave it back
	graceful bool   // the publisher heard that in time
	back     uint64 // all below was done then
	begun    bool
	assigned bool // its application was told that it has it
	revoked  bool // and that it hasn't any more
	next     uint64
	repeats  uint64 // messages that were handed out before
	window   uint64 // the greatest window of those that did so
}

// add notes a new grant.
func (p *portion) add(r *right) {
	i := len(p.rights)
	for i > 0 && p.rights[i-1].epoch > r.epoch {
		i--
	}
	p.rights = slices.Insert(p.rights, i, r)
	p.tally.Tenures++
}

// right returns the grant with an epoch, or nil.
func (p *portion) right(epoch uint64) *right {
	for i := len(p.rights) - 1; i >= 0 && p.rights[i].epoch >= epoch; i-- {
		if p.rights[i].epoch == epoch {
			return p.rights[i]
		}
	}
	return nil
}

// of returns a member's grant with an epoch, or nil. By message an epoch is that of many messages,
// and of several members: it grows for a message that is granted again.
func (p *portion) of(m *seat, epoch uint64) *right {
	for i := len(p.rights) - 1; i >= 0 && p.rights[i].epoch >= epoch; i-- {
		if r := p.rights[i]; r.epoch == epoch && r.seat == m {
			return r
		}
	}
	return nil
}

// seat is one life of a member at a session.
type seat struct {
	*team
	sub    *world.Subscriber
	id     uint64
	name   string
	weight uint32
	room   uint32
	window uint64
	claims []claim
	heard  reliable.Time // when the publisher heard it last
	newest uint64        // the highest number of a CLAIM that it heard
	left   bool
	says   budget // of its CLAIMs
	gets   budget // of GRANTs to it
}

// claim is a CLAIM that a member sent.
type claim struct {
	request  uint64
	sent     reliable.Time // by the member's lease clock
	received reliable.Time // by the publisher's
	heard    bool          // it was received
}

// seatOf returns the seat of a subscriber's life, or nil.
func (t *team) seatOf(id uint64) *seat {
	for _, s := range t.seats {
		if s.id == id {
			return s
		}
	}
	return nil
}

// keepClaims is for how many CLAIMs is known when they were sent. An older one's lease is over.
const keepClaims = 4096

// claim returns what is known of a CLAIM, or nil.
func (s *seat) claim(request uint64) *claim {
	for i := len(s.claims) - 1; i >= 0; i-- {
		if s.claims[i].request == request {
			return &s.claims[i]
		}
	}
	return nil
}

// lives reports whether the seat's process runs, and hasn't left.
func (s *seat) lives() bool { return s.sub.Running() && s.sub.ID() == s.id && !s.left }

// has reports whether a member may hand out under a right now.
func (r *right) has() bool {
	return r.came && !r.released && r.seat.lives() && r.seat.clock(r.seat.sub) < r.until
}

// budget bounds how often something is sent.
type budget struct {
	tokens, most time.Duration
	at           reliable.Time
}

// take takes what one of them costs, and reports whether there was as much.
func (b *budget) take(now reliable.Time, cost, burst time.Duration) bool {
	b.tokens = min(b.tokens+now.Sub(b.at), burst)
	if b.most == 0 {
		b.tokens, b.most = burst, burst
	}
	b.at = now
	b.tokens -= cost
	return b.tokens >= 0
}

// give allows for more.
func (b *budget) give(more time.Duration) { b.tokens += more }
