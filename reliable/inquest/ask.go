package inquest

import (
	"crier/reliable/frame"
	"crier/reliable/mix"
)

// Ask returns the member to ask for a number, and up to where it is that one's, at most up to the
// end of the number's block of 64. skip, if not nil, tells which members were asked in vain. It
// reports false if no member has the number, and up to where that is so.
//
// All that miss the same ask the same, so that one repair serves them: recorders first, and then
// in an order that differs from block to block. An address counts once in that order, however many
// ids it has, and comes last where others of its ids were asked in vain: a stranger that made up
// ids can't keep the others from being asked.
func (q *Inquest) Ask(seq uint64, skip func(id uint64) bool) (who Member, until uint64, ok bool) {
	block := seq / askedBlock
	end := (block + 1) * askedBlock
	if end == 0 { // the last block of all
		end = ^uint64(0)
	}
	until = ^uint64(0)
	q.vain = q.vain[:0]
	if skip != nil {
		for i, id := range q.table.ids {
			if len(q.vain) < maxVain && skip(id) {
				q.vain = append(q.vain, q.table.member(i).addr.Addr())
			}
		}
	}
	var best *row
	var most preference
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state == away || skip != nil && skip(m.id) {
			continue
		}
		has, to := m.has(seq)
		until = min(until, to)
		if !has {
			continue
		}
		p := preference{
			recorder: m.role == frame.Recorder,
			home:     mix.Uint64(block ^ Home(m.addr.Addr())),
			id:       mix.Uint64(block ^ mix.Uint64(m.id)),
		}
		for _, a := range q.vain {
			if a == m.addr.Addr() {
				p.vain++
			}
		}
		if best == nil || p.before(most) {
			best, most = m, p
		}
	}
	if best == nil {
		return Member{}, until, false
	}
	return q.memberOf(best), min(until, end), true
}

// A preference is how soon a member is asked.
type preference struct {
	// vain is how many of its address were asked in vain.
	vain     int
	recorder bool
	home, id uint64
}

// before reports whether one is asked sooner than another.
func (p preference) before(o preference) bool {
	switch {
	case p.vain != o.vain:
		return p.vain < o.vain
	case p.recorder != o.recorder:
		return p.recorder
	case p.home != o.home:
		return p.home > o.home
	}
	return p.id > o.id
}

// maxVain bounds the members asked in vain whose addresses are looked at.
const maxVain = 64

// askedBlock is the number of frames in a row that the same member is asked for.
const askedBlock = 64
