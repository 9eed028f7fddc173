package member

import (
	"crier/reliable"
	"crier/reliable/frame"
)

// The end of a session, as a member sees it. Its streams may all have ended here, and others still
// work on them: if those fail, this member may be granted what they have left undone. So the end is
// told only once the publisher has said that the team has done all, or doesn't answer any more.

// holdEnds takes the ends that the publisher said of streams out of events, and returns how many
// events are left.
func (m *Member) holdEnds(events []reliable.Run) int {
	kept := 0
	for i := range events {
		ev := &events[i]
		if c := m.ending(ev); c != nil {
			c.ends = append(c.ends, *ev)
			continue
		}
		if kept < i {
			events[kept] = *ev
		}
		kept++
	}
	return kept
}

// ending returns the arbiter that the end of a stream waits for, or nil: it waits for none.
func (m *Member) ending(ev *reliable.Run) *court {
	if ev.Kind != reliable.SessionEnded || ev.Cause != reliable.CauseEnded || m.closed {
		return nil
	}
	c := m.court(uint64(ev.Session))
	if c == nil || c.concluded {
		return nil
	}
	return c
}

// attest has a publisher that has said BYE count as heard while it answers: it says no more to the
// groups of what this member doesn't follow.
func (c *court) attest() {
	m := c.m
	if life, ok := m.Life(c.id); ok && life.Ended && !c.concluded {
		m.Receiver.Attest(m.now, c.id, c.muteAt())
		if m.apart != nil {
			m.apart.Attest(m.now, c.id, c.muteAt())
		}
	}
}

// heardBye takes the word that the publisher is at its end: whether it answers is asked at once.
func (m *Member) heardBye(c *court) {
	if c.byes {
		return
	}
	if life, ok := m.Life(c.id); ok && life.Ended {
		c.byes = true
		c.by(m.now.Add(m.rand.Duration(c.gather())))
	}
}

// over reports whether nothing is to come of a session that was closed: the team has done all, or
// its publisher doesn't answer, and what the member had in hand was handed out.
func (c *court) over() bool {
	life, ok := c.m.Life(c.id)
	switch {
	case !ok, c.nothing(), life.Known && !life.Teams, c.m.closed:
		return true
	case c.m.now < life.SilentAt:
		return false
	}
	for _, s := range c.seats {
		if s != nil && s.pending() {
			return false
		}
	}
	return true
}

// nothing reports whether the publisher has said that it has no more for this member. A name that
// is taken, and room in a team, may get free.
func (c *court) nothing() bool {
	switch c.refused {
	case frame.OtherShare, frame.NoTeams, frame.NoTeam:
		return true
	}
	return c.finished
}

// wake has streams go on that waited for a grant.
func (c *court) wake() {
	for _, s := range c.seats {
		if s != nil {
			c.m.Wake(c.id, s.channel)
		}
	}
}

// pending reports whether something may yet be handed out, though the publisher is silent.
func (s *seat) pending() bool {
	if s.desk != nil {
		return s.desk.unhanded > 0
	}
	if s.limbo != 0 || s.awaits {
		return true
	}
	if s.tenure == nil {
		return false
	}
	p, ok := s.court.m.Place(s.court.id, s.channel)
	return ok && !(p.Over && s.tenure.next() >= p.Newest)
}

// conclude tells of the ends that were held back, once nothing is to come before them.
func (c *court) conclude() {
	m := c.m
	if len(c.ends) == 0 || !c.over() {
		return
	}
	c.concluded = true
	m.told = append(m.told, c.ends...)
	clear(c.ends)
	c.ends = nil
	m.Receiver.Conclude(m.now, c.id)
}
