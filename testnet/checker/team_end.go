package checker

import (
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// FinishTeams judges teams at the end of a run. After calm there were no faults; what was accepted
// more than patience before now, and with that much after calm, is settled.
func (c *Checker) FinishTeams(calm reliable.Time, patience time.Duration) error {
	for _, t := range c.teams.list {
		if t.pub.Session() == nil || t.pub.Session().ID != t.session || !t.pub.Running() ||
			t.pub.Paused() || t.pub.Session().Closed != reliable.Never {
			continue
		}
		live := t.living()
		if len(live) == 0 || c.w.Now().Sub(calm) < patience {
			continue
		}
		for _, s := range t.pub.Streams() {
			t.part(s.Partition).finish(live, patience)
		}
	}
	return c.Err()
}

// living returns the members that live.
func (t *team) living() (list []*seat) {
	for _, m := range t.seats {
		if m.lives() && !m.sub.Paused() {
			list = append(list, m)
		}
	}
	return list
}

// finish judges a partition at the end.
func (p *portion) finish(live []*seat, patience time.Duration) {
	now := p.c.w.Now()
	for o := p.settled(); o < p.s.NextOffset(); o++ {
		if w := p.at(o); !w.settled() && now.Sub(p.s.AcceptedAt(o)) > patience &&
			!p.s.Dropped(o) {
			p.fail("offset %d of partition %d isn't done, lost or given up: it was handed out %d "+
				"times, %s", o, p.s.Partition, w.handed, lastOf(w))
			return
		}
	}
	if p.share == frame.ByMessage {
		return
	}
	last := (*right)(nil)
	if n := len(p.rights); n > 0 {
		last = p.rights[n-1]
	}
	if last == nil || !last.has() {
		p.fail("nobody has partition %d, and %d members live", p.s.Partition, len(live))
	}
}

// lastOf tells under which grant a message was handed out last.
func lastOf(w *work) string {
	if w.last == nil {
		return "never"
	}
	return fmt.Sprintf("last to %v under epoch %d", w.last.seat.sub, w.last.epoch)
}

// TeamTally returns what happened in all teams so far.
func (c *Checker) TeamTally() (sum TeamTally) {
	for _, t := range c.teams.list {
		t.tally.Teams = 1
		sum.Add(t.tally)
	}
	return sum
}

// String tells the counts on one line.
func (t TeamTally) String() string {
	return fmt.Sprintf("%d teams at sessions, %d grants, %d messages handed out, %d of them again, "+
		"%d marked, %d orphans; %d given back, %d messages given up, %d lost; %d CLAIMs, %d GRANTs",
		t.Teams, t.Tenures, t.Handed, t.Repeated, t.Marked, t.Orphans, t.GivenBack, t.GivenUp,
		t.Lost, t.Claims, t.Grants)
}
