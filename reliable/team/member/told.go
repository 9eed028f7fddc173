package member

import (
	"slices"

	"crier/nack"
	"crier/reliable/frame"
)

// What CLAIMs say of messages.

// entry returns what a CLAIM of a number says of the partition's messages, and false if nothing.
func (d *desk) entry(s *seat, request uint64) (frame.ClaimEntry, bool) {
	c, cl := s.court, &s.court.m.claim
	e := frame.ClaimEntry{Channel: s.channel}
	any := d.repeated() > 0
	from, next := 0, uint64(endless)
	list := func() []nack.Range {
		done := nack.Normalize(cl.ranges[from:])
		cl.ranges = cl.ranges[:from+len(done)]
		return done[:len(done):len(done)]
	}
	// add adds a word to a list, ascending, and reports false if it hasn't been said and there is
	// no room for it.
	add := func(said bool, offset uint64) bool {
		if !said && offset != next && !cl.takes(!any) {
			c.waiting++
			return false
		}
		any, next = true, offset+1
		cl.ranges = append(cl.ranges, nack.Range{From: offset, To: next})
		return true
	}
	words := func(freed bool) []nack.Range {
		from, next = len(cl.ranges), endless
		for i := range d.said {
			w := &d.said[i]
			if w.freed == freed && add(w.request != 0, w.offset) && w.request == 0 {
				w.request = request
			}
		}
		return list()
	}
	e.Ranges = words(false)
	e.Freed = words(true)
	from, next = len(cl.ranges), endless
	for i := range d.items {
		one := &d.items[i]
		if !one.working && one.asked == 0 && !one.tires(c) || !add(one.asked != 0, one.offset) {
			continue
		}
		if one.working || one.asked == 0 {
			one.working, one.asked, one.askedAt = false, request, c.m.lease()
		}
	}
	e.Working = list()
	return e, any
}

// repeated returns the number of ranges of words that a CLAIM has said and that isn't answered.
func (d *desk) repeated() (n int) {
	next := [3]uint64{endless, endless, endless}
	add := func(list int, offset uint64) {
		if offset != next[list] {
			n++
		}
		next[list] = offset + 1
	}
	for i := range d.said {
		if w := &d.said[i]; w.request != 0 && w.freed {
			add(1, w.offset)
		} else if w.request != 0 {
			add(0, w.offset)
		}
	}
	for i := range d.items {
		if one := &d.items[i]; one.asked != 0 {
			add(2, one.offset)
		}
	}
	return n
}

// answered takes the answer to a CLAIM: what that said is known.
func (d *desk) answered(request uint64) {
	d.said = slices.DeleteFunc(d.said, func(w word) bool {
		return w.request != 0 && request >= w.request
	})
}
