package member

import (
	"crier/nack"
	"crier/reliable"
)

// The time for a message that is granted, from the GRANT on until it is handed out.

// holds reports whether a message may be handed out: neither its lease nor its time has run out.
// The publisher may have granted it to somebody else then.
func (one *item) holds(c *court) bool {
	lease := c.m.lease()
	return lease < one.until && lease < one.worked.Add(c.workTime)
}

// mayTire reports whether its time is to be prolonged after a while. That is also told once of what
// was handed out, so that the publisher knows that the member has it.
func (one *item) mayTire() bool {
	return one.asked == 0 && !one.working && !one.grant.Orphan &&
		(one.state == granted || one.state == resting || one.state == handed && !one.shown)
}

// tires reports whether its time is to be prolonged now.
func (one *item) tires(c *court) bool {
	return one.mayTire() && c.m.lease().Sub(one.worked) > c.workTime/4
}

// prolonged takes the word that the member has it, in the answer to a CLAIM.
func (one *item) prolonged(request uint64) {
	if one.asked != 0 && request >= one.asked {
		one.worked = max(one.worked, one.askedAt)
		one.asked, one.shown = 0, true
	}
}

// extend takes the word that it is still granted. One that has lapsed is the member's again only
// within its time: the publisher may count that from a word on which it took long ago.
func (one *item) extend(c *court, until reliable.Time, request uint64) {
	one.prolonged(request)
	if one.state == lapsed {
		if one.grant.Orphan || c.m.lease() >= one.worked.Add(c.workTime) {
			return
		}
		one.state = granted
	}
	one.until = max(one.until, until)
}

// stuck reports whether a message ought to have been handed out long ago: others were that came
// later, or nothing happens at all.
func (one *item) stuck(c *court) bool {
	m := c.m
	idle := m.now.Sub(max(c.moved, one.taken)) > max(c.workTime, c.lease)
	return idle || c.turns-one.turn > 2*uint64(m.cfg.Room) && m.now.Sub(one.taken) > c.lease
}

// freeUnheard gives back what wasn't handed out where nothing is heard of it.
func (c *court) freeUnheard() {
	for _, s := range c.seats {
		if s == nil || s.desk == nil {
			continue
		}
		for i := len(s.desk.items) - 1; i >= 0; i-- {
			if one := &s.desk.items[i]; one.state == granted && !one.grant.Orphan {
				s.desk.drop(s, i)
			}
		}
	}
}

// drop gives back a message that wasn't handed out, and passes it over.
func (d *desk) drop(s *seat, i int) {
	offset, epoch := d.items[i].offset, d.items[i].grant.Epoch
	d.remove(i)
	d.known = nack.Normalize(append(d.known, nack.Range{From: offset, To: offset + 1}))
	d.say(s, offset, epoch, true)
}
