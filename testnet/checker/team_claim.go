package checker

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// What members say, and what publishers hear of it.

// The budget of CLAIMs: one each time that something was done for 10 ms, and one a quarter of a
// lease, which is 50 ms at the least.
const (
	claimCost  = 8 * time.Millisecond
	claimBurst = time.Second
)

// claimed follows a CLAIM that a member sends.
func (x *teams) claimed(d *world.Datagram) {
	f, b := d.Frame, d.Frame.Claim
	s := x.c.w.SessionOf(f)
	if s == nil || b.Share == frame.Watch {
		return
	}
	t := x.team(s, string(b.Team), b.Share)
	m := t.seatOf(f.Subscriber)
	if m == nil {
		m = &seat{team: t, sub: d.Subscriber, id: f.Subscriber}
		t.seats = append(t.seats, m)
	}
	m.name, m.weight, m.room, m.window = string(f.Name), b.Weight, b.Room, uint64(b.Window)
	if len(m.claims) == keepClaims {
		m.claims = m.claims[:copy(m.claims, m.claims[keepClaims/2:])]
	}
	if m.claim(f.Request) != nil {
		t.fail("%v sends two CLAIMs with the request %d", m.sub, f.Request)
	}
	m.claims = append(m.claims, claim{request: f.Request, sent: x.clock(m.sub)})
	t.tally.Claims++
	if !m.says.take(x.c.w.Now(), claimCost, claimBurst) {
		t.fail("%v sends CLAIMs more often than each %v", m.sub, claimCost)
	}
	for i := range b.Entries {
		m.says1(&b.Entries[i])
	}
	m.left = m.left || f.Flags&frame.Leaving != 0
}

// says1 judges what a member says of a partition.
func (m *seat) says1(e *frame.ClaimEntry) {
	p := m.part(e.Channel)
	if p == nil {
		m.fail("%v claims partition %d, which there isn't", m.sub, e.Channel)
		return
	}
	r := p.of(m, e.Epoch)
	if r != nil && e.State != frame.Holds && e.State != frame.Ready {
		r.released = true
	}
	if m.share == frame.ByPartition && r != nil {
		if o, ok := p.open(r.from, e.Done); ok {
			m.fail("%v says that partition %d is done up to offset %d, and %d isn't", m.sub,
				e.Channel, e.Done, o)
		}
	}
	for _, a := range e.Ranges {
		if o, ok := p.open(a.From, a.To); ok {
			m.fail("%v says that offset %d of partition %d is done, and it isn't", m.sub, o,
				e.Channel)
		}
	}
}

// heardClaim follows a CLAIM that reaches its publisher.
func (x *teams) heardClaim(d *world.Datagram) {
	f, b := d.Frame, d.Frame.Claim
	t := x.find(d.Session.ID, string(b.Team))
	if t == nil || f.Session != uint64(t.session) {
		return
	}
	m := t.seatOf(f.Subscriber)
	if m == nil {
		return
	}
	now := x.arbiter(t.pub)
	switch {
	case f.Flags&frame.Leaving != 0 && !t.began: // it makes no team
	case !t.began:
		t.begin(b.Oldest)
		cfg, _ := t.pub.Config().Sender.Teams.Complete()
		t.open = now.Add(cfg.Settle)
	case b.Oldest && !t.oldest && now < t.open:
		t.begin(true)
	}
	m.heard = x.c.w.Now()
	if c := m.claim(f.Request); c != nil {
		c.received, c.heard = max(c.received, now), true
	}
	newest := f.Request > m.newest // an older one tells nothing
	m.newest = max(m.newest, f.Request)
	for i := range b.Entries {
		e := &b.Entries[i]
		p := t.part(e.Channel)
		if p == nil {
			continue
		}
		r := p.of(m, e.Epoch)
		if r != nil && e.State == frame.Released && now < r.extended &&
			!r.graceful && e.Received <= e.Done && r == p.rights[len(p.rights)-1] {
			r.graceful, r.back = true, e.Done
			t.tally.GivenBack++
		}
		if newest {
			p.hear(e.Ranges, func(w *work) { w.heard = true })
			p.hear(e.Freed, func(w *work) { w.freed = true })
		}
	}
}

// hear notes what the publisher was told of messages.
func (p *portion) hear(ranges []nack.Range, note func(w *work)) {
	for _, a := range ranges {
		for o := max(a.From, p.begin); o < min(a.To, p.s.NextOffset()); o++ {
			if w := p.at(o); w != nil {
				note(w)
			}
		}
	}
}

// begin notes where a team begins, as its publisher hears the first CLAIM: at the oldest message of
// each partition, or after all that were accepted.
func (t *team) begin(oldest bool) {
	t.began, t.oldest = true, oldest
	for _, s := range t.pub.Streams() {
		p := t.part(s.Partition)
		if p.begin = s.FirstOffset; !oldest {
			p.begin = s.NextOffset()
		}
		p.done, p.work = min(p.done, p.begin), nil
	}
}

// restored follows a publisher that starts with the positions that it has saved of teams: a team
// begins where it was, or with the oldest message of a session that hasn't that one.
func (x *teams) restored(pub *world.Publisher, list []reliable.TeamPosition) {
	for i := range list {
		one, s := &list[i], pub.Session()
		t := x.team(s, one.Team, frame.Share(one.Share))
		if !t.began {
			t.begin(true)
		}
		p := t.part(one.Partition)
		if p == nil {
			continue
		}
		if one.Offset <= p.s.NextOffset() {
			p.begin = max(p.begin, one.Offset)
		}
		p.least = one.Epoch
	}
}
