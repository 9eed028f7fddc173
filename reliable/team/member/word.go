package member

import (
	"slices"
	"time"

	"crier/reliable"
)

// What is handed out of a desk, and what is said of it.

// hand reports whether a message, or a Loss, may be handed out.
func (d *desk) hand(s *seat, ev *reliable.Event) bool {
	m := s.court.m
	if ev.Kind == reliable.Loss {
		any := false
		for offset := ev.Lost.From; offset < ev.Lost.To; offset++ {
			if i, ok := d.find(offset); ok && d.items[i].grant.Epoch == ev.Grant.Epoch {
				orphan := d.items[i].grant.Orphan
				d.remove(i)
				d.say(s, offset, ev.Grant.Epoch, orphan) // it is lost here, others may do it yet
				any = true
			}
		}
		return any
	}
	i, ok := d.find(ev.Offset)
	if !ok {
		return false
	}
	one := &d.items[i]
	if one.grant != ev.Grant || one.state != granted && !(one.state == lapsed && s.silent) ||
		m.leaving || !one.grant.Orphan && !one.holds(s.court) {
		return false
	}
	if one.apart && !one.brought {
		d.apart--
	}
	d.unhanded--
	one.state = handed
	one.begin(s.court)
	return true
}

// handAgain reports whether a message that was handed out may be so again. Otherwise it is given
// back: nobody works on it here.
func (d *desk) handAgain(s *seat, ev *reliable.Event) bool {
	i, ok := d.find(ev.Offset)
	if !ok || d.items[i].grant.Epoch != ev.Grant.Epoch || d.items[i].state != handed {
		return false
	}
	one := &d.items[i]
	if !one.grant.Orphan && !one.holds(s.court) {
		d.giveBack(s, i, false)
		return false
	}
	one.begin(s.court)
	return true
}

// begin notes that a handler begins to work on the message: where much of its time is over, the
// publisher is told so.
func (one *item) begin(c *court) {
	c.turns++
	c.moved = c.m.now
	if c.m.lease().Sub(one.worked) > c.workTime/8 {
		one.working = true
		c.by(c.m.now.Add(c.gather()))
	}
}

// say has the publisher told that a message is done, or freed.
func (d *desk) say(s *seat, offset, epoch uint64, freed bool) {
	c, m := s.court, s.court.m
	if len(d.said) >= maxWords {
		d.said = slices.Delete(d.said, 0, 1)
	}
	d.said = slices.Insert(d.said, d.place(offset+1),
		word{offset: offset, epoch: epoch, freed: freed})
	c.unsaid++
	switch {
	case c.waiting > 0: // an answer makes room
	case c.unsaid >= max(1, m.cfg.Room/4), c.idle():
		c.by(m.now.Add(wordDelay))
	default:
		c.by(m.now.Add(c.gather()))
	}
}

// giveBack has the publisher told that an item is freed; released says that the application has
// freed it.
func (d *desk) giveBack(s *seat, i int, released bool) {
	offset, epoch := d.items[i].offset, d.items[i].grant.Epoch
	d.remove(i)
	d.say(s, offset, epoch, true)
	d.said[d.place(offset+1)-1].released = released
}

// isToldOf reports whether the application has said that a message is done, or has released it, and
// the publisher isn't known to know.
func (d *desk) isToldOf(offset, epoch uint64) bool {
	for i := d.place(offset); i < len(d.said) && d.said[i].offset == offset; i++ {
		if w := &d.said[i]; !w.freed || w.released && w.epoch == epoch {
			return true
		}
	}
	return false
}

// wordDelay is for how long what is done is gathered where much is, or there is nothing else to do.
const wordDelay = 100 * time.Microsecond

// idle reports whether nothing is left to be handed out.
func (c *court) idle() bool {
	for _, s := range c.seats {
		if s != nil && s.desk != nil && s.desk.unhanded > 0 {
			return false
		}
	}
	return true
}

// doneOne says that a message is done.
func (d *desk) doneOne(s *seat, g *reliable.Grant, offset uint64) error {
	m := s.court.m
	i, ok := d.find(offset)
	if ok = ok && d.items[i].grant.Epoch == g.Epoch && d.items[i].state != granted; !ok {
		if d.isToldOf(offset, g.Epoch) {
			m.stats.DoneTwice++
			return reliable.ErrDoneTwice
		}
		d.say(s, offset, g.Epoch, false) // done is done
		m.stats.DoneLate++
		return reliable.ErrRevoked
	}
	late := !d.items[i].grant.Orphan && m.lease() >= d.items[i].until
	if d.items[i].state == resting {
		m.stats.DoneTwice++
		return reliable.ErrDoneTwice
	}
	d.remove(i)
	s.court.moved = m.now
	d.say(s, offset, g.Epoch, false)
	m.stats.Done++
	if late {
		m.stats.DoneLate++
		return reliable.ErrRevoked
	}
	return nil
}

// release gives a message back after a time, and working prolongs the time for it.
func (d *desk) release(s *seat, g *reliable.Grant, offset uint64, after time.Duration) error {
	m := s.court.m
	one, err := d.inHand(g, offset)
	if err != nil {
		return err
	}
	if after <= 0 || m.leaving {
		i, _ := d.find(offset)
		d.giveBack(s, i, true)
		return nil
	}
	one.state, one.freed = resting, m.now.Add(min(after, maxRest))
	return nil
}

// maxRest bounds the time after which a message is given back.
const maxRest = 24 * time.Hour

func (d *desk) work(s *seat, g *reliable.Grant, offset uint64) error {
	one, err := d.inHand(g, offset)
	if err != nil {
		return err
	}
	one.working = true
	s.court.moved = s.court.m.now
	s.court.by(s.court.m.now.Add(s.court.gather()))
	return nil
}

// inHand returns an item that is in hand.
func (d *desk) inHand(g *reliable.Grant, offset uint64) (*item, error) {
	i, ok := d.find(offset)
	switch {
	case ok && d.items[i].grant.Epoch == g.Epoch && d.items[i].state == handed:
		return &d.items[i], nil
	case d.isToldOf(offset, g.Epoch) || ok && d.items[i].state == resting:
		return nil, reliable.ErrDoneTwice
	}
	return nil, reliable.ErrRevoked
}
