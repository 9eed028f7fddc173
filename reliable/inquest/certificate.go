package inquest

import (
	"slices"

	"crier/nack"
	"crier/reliable"
)

// certify makes a certificate of the finding.
func (q *Inquest) certify(now reliable.Time, outcome Outcome) *reliable.Certificate {
	f, w := &q.find, q.own.row()
	c := &reliable.Certificate{
		Counted: q.cfg.Counted, More: q.table.more, Took: now.Sub(q.course.silence),
		Frames: nack.Range{From: f.from, To: f.to}, NextOffset: f.offset,
	}
	lacks := w.denied(nil, []nack.Range{{From: w.position, To: f.to}})
	if outcome == CutOff {
		for i := range q.table.ids {
			if m := q.table.member(i); m.state == living {
				c.Live = append(c.Live, q.survivor(m))
			}
		}
		c.Unsettled = lacks
		return c
	}
	c.Number = 1
	if last := q.course.cert; last != nil {
		c.Number = last.Number + 1
	}
	c.Hash, c.Agreed = f.hash, outcome == Agreed
	c.Nobody = slices.Clone(f.nobody)
	c.Unsettled = nack.Subtract(nil, lacks, f.nobody)
	self := reliable.Survivor{ID: q.cfg.ID, Name: q.cfg.Name, Role: q.cfg.Role, Confirmed: true}
	mine := false
	for i, id := range q.table.ids {
		m := q.table.member(i)
		if m.state != listed {
			continue
		}
		if !mine && q.cfg.ID < id {
			c.Members, mine = append(c.Members, self), true
		}
		s := q.survivor(m)
		s.Confirmed = m.proposal == f.hash
		c.Members = append(c.Members, s)
	}
	if !mine {
		c.Members = append(c.Members, self)
	}
	return c
}

// Certificate returns the last certificate, or nil while there is none. All is set but Lost,
// LostMessages and Found, which are the caller's. Each call returns a new one.
func (q *Inquest) Certificate() *reliable.Certificate {
	if q.course.cert == nil {
		return nil
	}
	c := *q.course.cert
	c.Members, c.Live = slices.Clone(c.Members), slices.Clone(c.Live)
	c.Nobody, c.Unsettled = slices.Clone(c.Nobody), slices.Clone(c.Unsettled)
	return &c
}

// Amended returns the amended certificate, once, and nil if there is none since the last call.
func (q *Inquest) Amended() *reliable.Certificate {
	if !q.course.amended {
		return nil
	}
	q.course.amended = false
	return q.Certificate()
}
