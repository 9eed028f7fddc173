package member

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
)

// A court is the arbiter of a session as its member sees it: what was claimed, and what is granted.
type court struct {
	m  *Member
	id uint64
	// gone says that the session isn't followed any more.
	gone bool
	// seats are by channel, nil where nothing was ever granted.
	seats []*seat
	// preparing is the number of partitions that get ready.
	preparing int

	// The number of the last CLAIM, when the latest were sent, and when the next one is due.
	request uint64
	sent    [sentClaims]sentClaim
	due     reliable.Time
	// The newest Stamp of a GRANT; the lease; the number of members.
	stamp   uint64
	lease   time.Duration
	members uint32
	// heard is when the last GRANT came, or else when the first CLAIM was due. tries counts the
	// CLAIMs since then.
	heard reliable.Time
	tries int
	// refused is the reason for which the last CLAIM was, and mute says that it was told that none
	// is answered.
	refused frame.Refusal
	mute    bool
	// workTime is that of a message, where work is shared so, and unsaid counts what is done or
	// freed since the last CLAIM, and waiting words that it had no room for.
	workTime        time.Duration
	unsaid, waiting int
	// served says that something was granted.
	served bool
	// follows says that all streams are followed, where work is shared so.
	follows bool
	// turns is the number of messages that were handed out, where work is shared so, and moved
	// when the last one was handed out, done, or said to be worked on.
	turns uint64
	moved reliable.Time
	// Of a member that leaves: the first CLAIM that says so, and whether it was answered; how
	// many are yet to be sent after Close, and whether the next one says that it leaves.
	leaves   uint64
	parted   bool
	goodbyes int
	// Of a session that was closed: byes says that all streams have ended here, and finished that
	// the team has done all. ends are the ends of streams that have yet to be told, and concluded
	// says that they were.
	byes, finished, concluded bool
	ends                      []reliable.Run
}

// sentClaim is a CLAIM that was sent: when, by both clocks.
type sentClaim struct {
	request    uint64
	lease, now reliable.Time
}

const (
	// sentClaims is for how many CLAIMs it is remembered when they were sent: an answer to an
	// earlier one grants nothing.
	sentClaims = 64
	// firstLease is the lease as long as none is known.
	firstLease         = 2 * time.Second
	firstWorkTime      = 30 * time.Second
	minLease, maxLease = 200 * time.Millisecond, time.Minute
	// claimsPerSecond is the number of CLAIMs that all members send together while nothing happens.
	claimsPerSecond = 500
	// firstClaim is the time to the second CLAIM, if the first isn't answered.
	firstClaim = 100 * time.Millisecond
	// showDelay is for how long a CLAIM waits that shows that messages came: what is done soon is
	// told with it.
	showDelay = 8 * time.Millisecond
	// doneDelay is for how long what is done is gathered at the least, and donePart for each
	// member of the team.
	doneDelay = 10 * time.Millisecond
	donePart  = 100 * time.Microsecond
	// goodbyes is how often a member that closes tells so.
	goodbyes = 3
	// leaveTries is how often a member that leaves tells so before it takes its publisher for one
	// that doesn't answer.
	leaveTries = 10
)

func newCourt(m *Member, id uint64) *court {
	return &court{m: m, id: id, due: m.now, heard: m.now, lease: firstLease,
		workTime: firstWorkTime, request: uint64(m.now)}
}

// seat returns the seat of a channel, or nil.
func (c *court) seat(channel uint32) *seat {
	if channel < uint32(len(c.seats)) {
		return c.seats[channel]
	}
	return nil
}

// sit returns the seat of a channel.
func (c *court) sit(channel uint32) *seat {
	if n := int(channel) + 1; n > len(c.seats) {
		c.seats = append(c.seats, make([]*seat, n-len(c.seats))...)
	}
	if c.seats[channel] == nil {
		c.seats[channel] = &seat{court: c, channel: channel}
	}
	return c.seats[channel]
}

// every returns the time between two CLAIMs while nothing happens.
func (c *court) every() time.Duration {
	return max(c.lease/4, time.Duration(c.members)*time.Second/claimsPerSecond)
}

// gather returns for how long what is done is gathered.
func (c *court) gather() time.Duration {
	return max(doneDelay, time.Duration(c.members)*donePart)
}

// by has a CLAIM sent at a time, or before.
func (c *court) by(at reliable.Time) { c.due = min(c.due, at) }

// soon has a CLAIM sent now.
func (c *court) soon() { c.by(c.m.now) }

// advance lets time pass.
func (c *court) advance() {
	m := c.m
	life, ok := m.Life(c.id)
	if !ok {
		for _, s := range c.seats {
			if s != nil {
				s.end(reliable.RevokedEnded)
			}
		}
		c.conclude()
		c.gone = true
		return
	}
	for _, s := range c.seats {
		if s != nil {
			s.advance(&life)
		}
	}
	c.conclude()
	if m.cfg.Share == reliable.ByMessage {
		c.follow(&life)
	}
	if life.Known && !life.Teams {
		c.refuse(frame.NoTeams)
	}
	if c.claims(&life) && !c.mute && c.refused == 0 && c.tries > 1 && m.now >= c.muteAt() {
		c.mute = true
		m.stats.Unanswered++
		c.tellRefused()
	}
}

// muteAt returns when an arbiter that doesn't answer is told to be mute.
func (c *court) muteAt() reliable.Time {
	return c.heard.Add(max(c.m.silence(), 3*c.every()))
}

// claims reports whether CLAIMs are sent: the publisher is heard, or something is held.
func (c *court) claims(life *receive.Life) bool {
	if !life.To.IsValid() || c.parted || life.Known && !life.Teams {
		return false
	}
	if c.m.now < life.SilentAt {
		return true
	}
	for _, s := range c.seats {
		if s != nil && (s.tenure != nil && s.tenure.orphan == 0 ||
			s.desk != nil && (c.m.lease() < s.desk.lease() ||
				len(s.desk.said) > 0 && c.m.now < c.heard.Add(c.lease))) {
			return true
		}
	}
	return false
}

// deadline returns when to call advance, and then Next.
func (c *court) deadline() reliable.Time {
	life, ok := c.m.Life(c.id)
	if !ok {
		return c.m.now
	}
	if life.Known && !life.Teams && c.refused == 0 {
		return c.m.now // which is to be told
	}
	at := reliable.Never
	switch {
	case len(c.ends) > 0 && c.over():
		return c.m.now
	case (c.byes || len(c.ends) > 0) && c.m.now < life.SilentAt:
		at = life.SilentAt
	}
	if c.claims(&life) {
		at = c.due
		if !c.mute && c.refused == 0 {
			at = min(at, max(c.muteAt(), c.due))
		}
	}
	for _, s := range c.seats {
		if s != nil {
			at = min(at, s.deadline(&life))
		}
	}
	return at
}

// look has the publisher told of partitions that have got ready.
func (c *court) look() {
	for _, s := range c.seats {
		if s != nil && s.prepared && !s.ready {
			if p, ok := c.m.Place(c.id, s.channel); ok && p.Ready {
				s.ready = true
				c.preparing--
				c.soon()
			}
		}
	}
}

// turn takes the silence of a stream, its end, or its coming back, as it is told.
func (c *court) turn(channel uint32, kind reliable.EventKind) {
	s := c.sit(channel)
	switch kind {
	case reliable.SessionSilent:
		s.silent = true
		s.orphans()
	case 0: // see seat.orphaned
		s.orphans()
	case reliable.SessionResumed:
		s.silent = false
		if t := s.tenure; t != nil && t.orphan != 0 {
			s.part()
		}
		c.soon()
	case reliable.SessionEnded:
		s.ended = true
		if life, ok := c.m.Life(c.id); !ok || c.m.now >= life.SilentAt {
			s.orphans() // else it answers: what ran out it grants anew
		}
		s.finish()
	}
}

// deafen gives up what is held where nothing is heard of it.
func (c *court) deafen() {
	for _, s := range c.seats {
		if s != nil && s.tenure != nil && s.tenure.orphan == 0 {
			s.revoke(reliable.RevokedLapsed, frame.Deaf)
			s.part()
		}
	}
}

// leave gives back what is granted as soon as it may be.
func (c *court) leave() {
	for _, s := range c.seats {
		if s == nil {
			continue
		}
		s.unprepare()
		if t := s.tenure; t != nil && t.orphan == 0 {
			s.giveBack()
		} else if t != nil {
			s.part()
		}
	}
	c.soon()
}

// left reports whether nothing is left to be given back or to be told.
func (c *court) left() bool {
	for _, s := range c.seats {
		if s != nil && (s.tenure != nil && s.tenure.orphan == 0 ||
			s.desk != nil && s.desk.works(c)) {
			return false
		}
	}
	life, ok := c.m.Life(c.id)
	return !ok || c.parted || c.finished || c.stamp == 0 || c.tries > leaveTries || !c.claims(&life)
}

// close gives back what is granted as it is.
func (c *court) close() {
	for _, s := range c.seats {
		if s != nil {
			s.end(reliable.RevokedEnded)
		}
	}
	if c.stamp != 0 && !c.parted {
		c.goodbyes = goodbyes
	}
}
