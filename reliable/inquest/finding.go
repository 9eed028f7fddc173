package inquest

import (
	"crier/nack"
	"crier/reliable"
)

// A finding is what the members' words add up to. It is computed when it is needed.
type finding struct {
	// from is the lowest start of a listed member, to the end of the stream, and offset that of
	// the first message there.
	from, to, offset uint64
	// nobody are the numbers that no member has, as a certificate may name them; lacking are
	// the same, without regard to earlier certificates.
	nobody, lacking []nack.Range
	// hash is that of the listed members, from, to and nobody.
	hash uint64
	// settled says that nobody waits for what another has, and agreed that all listed members
	// said the hash.
	settled, agreed bool
	// mine is how many numbers this survivor waits for that another has, and most the most that
	// any listed member waits for.
	mine, most uint64
	// The members by their state, and those listed or living.
	listed, living, awaited, heard int
	// undone are those listed that hold their inquest yet.
	undone int
	// leaveAt is when the first of them will not have been heard lately.
	leaveAt reliable.Time

	spare []nack.Range
}

const (
	// maxAhead bounds by how many frames members may extend the stream beyond what this survivor
	// knew or holds, and nearHeld how far beyond a frame that somebody holds one of them may.
	maxAhead = 1 << 20
	nearHeld = 4096
)

// compute finds what the members' words add up to. The last one of a round waits for nobody.
func (q *Inquest) compute(now reliable.Time, last bool) {
	f, w := &q.find, q.own.row()
	*f = finding{nobody: f.nobody[:0], lacking: f.lacking[:0], spare: f.spare,
		from: w.start, leaveAt: reliable.Never}
	need := ^uint64(0) // the lowest number that somebody waits for
	if !w.full() {
		need = w.position
	}
	g := q.gather()
	for i := range q.table.ids {
		m := q.table.member(i)
		at := q.course.leaves(g, m)
		switch {
		case now >= at:
			if m.state == listed || m.state == living {
				m.state = awaited // or away: see below
			}
			continue
		case m.live():
			m.state = living
			f.living++
		default:
			m.state = listed
			f.from = min(f.from, m.start)
			f.listed++
			if !m.final() {
				f.undone++
			}
			if !m.full() {
				need = min(need, m.position)
			}
		}
		f.leaveAt = min(f.leaveAt, at)
	}
	f.heard = f.listed + f.living
	end := q.evidence()
	f.to, f.offset = end.Seq, end.Offset
	if q.own.next.Seq == end.Seq {
		f.offset = q.own.next.Offset
	}
	if c := q.course.cert; c != nil && c.Number > 0 && c.Frames.To > f.to {
		f.to, f.offset = c.Frames.To, c.NextOffset
	}
	f.from = min(f.from, f.to)
	q.lacking(&w, need, last)
	q.weigh(&w)
	q.limit()
	f.hash = q.hash()
	f.agreed = true
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state == listed && m.proposal != f.hash && !m.apart() {
			f.agreed = false
			break
		}
	}
}

// lacking finds the numbers that no member has. A member that wasn't heard lately is waited for
// where it alone has something that somebody waits for.
func (q *Inquest) lacking(w *row, need uint64, last bool) {
	f := &q.find
	all := [1]nack.Range{{From: f.from, To: f.to}}
	f.lacking = w.denied(f.lacking, all[:])
	for i := range q.table.ids {
		if len(f.lacking) == 0 {
			break
		}
		if m := q.table.member(i); m.state == listed || m.state == living {
			f.lacking, f.spare = m.denied(f.spare[:0], f.lacking), f.lacking
		}
	}
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state != awaited {
			continue
		}
		if last || !q.course.runs() || !m.holdsSome(f.lacking, need) {
			m.state = away
			q.changes++
			continue
		}
		f.awaited++
		f.lacking, f.spare = m.denied(f.spare[:0], f.lacking), f.lacking
	}
}

// weigh finds whether somebody waits for what another has.
func (q *Inquest) weigh(w *row) {
	f := &q.find
	waits := func(m *row) uint64 {
		if m.full() {
			return 0
		}
		n := m.lacks(m.position, f.to)
		if n == 0 || len(f.lacking) == 0 {
			return n
		}
		return n - countIn(f.lacking, m.position, f.to)
	}
	f.mine = waits(w)
	f.most = f.mine
	for i := range q.table.ids {
		if m := q.table.member(i); m.state == listed {
			f.most = max(f.most, waits(m))
		}
	}
	f.settled = f.most == 0 && f.awaited == 0 && f.living == 0
}

// limit keeps what a certificate names to what an earlier one allows: below its end, no more than
// it named.
func (q *Inquest) limit() {
	f, c := &q.find, q.course.cert
	if c == nil || c.Number == 0 {
		f.nobody = append(f.nobody, f.lacking...)
		return
	}
	f.spare = append(f.spare[:0], c.Nobody...)
	f.spare = join(f.spare, nack.Range{From: c.Frames.To, To: ^uint64(0)})
	f.nobody = common(f.nobody, f.lacking, f.spare)
}

// Evidence returns where the stream ends as far as anyone credible says. The caller takes it as
// it takes a publisher's word (with its own doubts, such as of how much can have been sent), and
// asks for what it lacks below.
func (q *Inquest) Evidence() Place {
	q.fresh()
	end := q.evidence()
	if f := &q.find; f.to > end.Seq {
		end = Place{f.to, f.offset}
	}
	return end
}

// evidence returns the end of the stream. The word of one member counts near a frame that it or
// another holds, and that of members at two addresses beyond.
func (q *Inquest) evidence() Place {
	w := q.own.row()
	limit := q.own.base + maxAhead
	near := max(w.top(), w.next)
	var first, second uint64 // the highest words of two addresses
	var whose *row
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state != listed && m.state != living || m.next > limit || m.next < m.oldest {
			continue
		}
		if m.next > near {
			near = max(near, m.top())
		}
		switch {
		case whose != nil && m.addr.Addr() == whose.addr.Addr():
			if m.next > first {
				first, whose = m.next, m
			}
		case m.next > first:
			first, second, whose = m.next, first, m
		default:
			second = max(second, m.next)
		}
	}
	near = min(near, limit)
	end := q.own.next
	for i := range q.table.ids {
		m := q.table.member(i)
		if m.state != listed && m.state != living {
			continue
		}
		if m.next <= second || m.next <= near || m.next-near <= nearHeld {
			if m.next > end.Seq || m.next == end.Seq && m.nextOffset > end.Offset {
				end = Place{m.next, m.nextOffset}
			}
		}
	}
	return end
}

const fnvOffset, fnvPrime = 0xcbf29ce484222325, 0x100000001b3

// A hash is FNV-1a of 64 bits, over big-endian numbers.
type hash uint64

func (h hash) u32(n uint32) hash {
	for shift := 24; shift >= 0; shift -= 8 {
		h = (h ^ hash(n>>shift&0xff)) * fnvPrime
	}
	return h
}

func (h hash) u64(n uint64) hash { return h.u32(uint32(n >> 32)).u32(uint32(n)) }

// hash returns that of the finding: see docs/PROTOCOL.md.
func (q *Inquest) hash() uint64 {
	f := &q.find
	h := hash(fnvOffset).u64(q.cfg.Session).u32(q.cfg.Channel).u32(uint32(f.listed + 1))
	mine := false
	for i, id := range q.table.ids {
		if q.table.member(i).state != listed {
			continue
		}
		if !mine && q.cfg.ID < id {
			h, mine = h.u64(q.cfg.ID), true
		}
		h = h.u64(id)
	}
	if !mine {
		h = h.u64(q.cfg.ID)
	}
	h = h.u64(f.from).u64(f.to)
	for _, r := range f.nobody {
		h = h.u64(r.From).u64(r.To)
	}
	return max(uint64(h), 1) // 0 is none
}
