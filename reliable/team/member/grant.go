package member

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// grant takes a GRANT.
func (m *Member) grant(from netip.AddrPort, f *frame.Frame) {
	g := f.Grant
	c := m.court(f.Session)
	if c == nil || m.closed || g == nil || f.Subscriber != m.cfg.Receive.ID ||
		string(g.Team) != m.cfg.Team || !m.Speaks(f.Session, from) {
		m.stats.Aside++
		return
	}
	sent, ok := c.sentAt(f.Request)
	if !ok || g.Stamp == 0 {
		m.stats.Stale++
		return
	}
	m.stats.Grants++
	first, newest := c.stamp == 0, g.Stamp >= c.stamp
	if newest {
		c.stamp = g.Stamp
	}
	c.heard, c.tries, c.mute = m.now, 0, false
	c.members = g.Members
	if c.leaves != 0 && f.Request >= c.leaves && g.Members == 0 {
		c.parted = true
	}
	c.attest()
	if g.Finished && !c.finished {
		c.finished = true
		c.wake()
		c.soon() // so that the publisher knows that it is told
	}
	if c.refuse(g.Refused); g.Refused != 0 {
		return
	}
	if g.Lease > 0 {
		c.lease = min(max(g.Lease, minLease), maxLease)
	}
	life, _ := m.Life(c.id)
	if g.WorkTime > 0 {
		c.workTime = g.WorkTime
	}
	until := sent.lease.Add(c.lease)
	if m.cfg.Share == reliable.ByMessage {
		if c.items(f, sent.lease, newest) {
			c.by(m.now.Add(showDelay))
		}
		if sent.now >= life.SilentAt { // it speaks, and is silent where its messages come
			c.freeUnheard()
		}
		if c.follow(&life); !first {
			c.answered(f)
			if c.waiting > 0 { // which the words that are known now leave room for
				c.soon()
			}
			m.seek(m.now)
			return
		}
	}
	news := m.cfg.Share == reliable.ByPartition && c.take(f, until)
	c.answered(f)
	if sent.now >= life.SilentAt && !life.Ended { // it speaks, and is silent where its messages come
		c.deafen()
		news = true
	}
	if first || news {
		c.soon()
	} else {
		c.by(m.now.Add(c.every()))
	}
}

// sentAt returns when a CLAIM was sent, and false if it isn't one of the latest.
func (c *court) sentAt(request uint64) (sentClaim, bool) {
	one := c.sent[request%sentClaims]
	return one, one.request == request && request != 0
}

// refuse notes why a CLAIM was refused, or that it wasn't.
func (c *court) refuse(code frame.Refusal) {
	if code == c.refused {
		return
	}
	if c.refused = code; code != 0 {
		c.m.stats.Refused++
		c.tellRefused()
		c.wake()
	}
}

// take takes the entries of a GRANT, which are held until a time of the lease clock, and reports
// whether any is news.
func (c *court) take(f *frame.Frame, until reliable.Time) (news bool) {
	list := f.Grant.Entries
	for i, j := 0, 0; i < len(list); i = j {
		e := &list[i]
		for j = i + 1; j < len(list) && list[j].Channel == e.Channel && list[j].Epoch == e.Epoch &&
			list[j].State == e.State; j++ {
		}
		if e.Channel >= topic.MaxPartitions {
			continue
		}
		s := c.sit(e.Channel)
		if e.State == frame.Prepare {
			news = s.prepare(e, f.Grant.Stamp) || news
		} else {
			news = s.hold(list[i:j], until, f.Grant.Stamp) || news
		}
	}
	return news
}

// answered takes an answer that doesn't list what was said to be released: that is known there.
func (c *court) answered(f *frame.Frame) {
	for _, s := range c.seats {
		if s != nil && s.desk != nil {
			s.desk.answered(f.Request)
		}
		if s == nil || !s.listed || s.since == 0 || f.Request < s.since {
			continue
		}
		lists := false
		for i := range f.Grant.Entries {
			e := &f.Grant.Entries[i]
			lists = lists || e.Channel == s.channel && e.Epoch == s.past.epoch
		}
		s.listed = lists
	}
}
