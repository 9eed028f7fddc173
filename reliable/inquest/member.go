package inquest

import (
	"net/netip"
	"slices"
	"sort"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// A row is what a member said: 128 bytes, and its ranges.
type row struct {
	id   uint64
	addr netip.AddrPort

	// The newest DIGEST: its version, when it came, and the member's clock.
	version uint64
	heard   reliable.Time
	time    uint64

	// Where its inquest began; the first number it has neither got nor given up; and the numbers
	// that it tells of, [oldest, next).
	start, position, oldest, next uint64
	nextOffset                    uint64
	proposal                      uint64

	// more is nil if it has no name, and lacks nothing of [oldest, next).
	more *more

	role  frame.Role
	flags frame.Flags
	state state
	// told says that the rest means something.
	told bool
}

// more is what not every member has.
type more struct {
	name string
	// absent are the numbers of [oldest, next) that it doesn't hold, and unknown those that it
	// didn't tell of, or for which there was no room. Both are ascending, and they are disjoint.
	absent, unknown []nack.Range
}

// A state is how a member counts.
type state uint8

const (
	// listed: it was heard lately, and doesn't hear the publisher.
	listed state = iota
	// living: it was heard lately, and hears the publisher.
	living
	// awaited: it wasn't heard lately, but alone holds something.
	awaited
	// away: it wasn't heard lately.
	away
)

func (m *row) absent() []nack.Range {
	if m.more == nil {
		return nil
	}
	return m.more.absent
}

func (m *row) unknown() []nack.Range {
	if m.more == nil {
		return nil
	}
	return m.more.unknown
}

// ranges returns how many ranges it takes.
func (m *row) ranges() int {
	if m.more == nil {
		return 0
	}
	return len(m.more.absent) + len(m.more.unknown)
}

// live reports whether it hears the publisher.
func (m *row) live() bool { return m.flags&frame.Live != 0 }

// full reports whether nobody is to wait for it.
func (m *row) full() bool { return m.flags&frame.Full != 0 }

// final reports whether it has its certificate.
func (m *row) final() bool { return m.flags&frame.Final != 0 }

// apart reports whether it holds no inquest, and says only what it has: nobody waits for its
// agreement.
func (m *row) apart() bool { return m.final() && m.proposal == 0 }

// has returns whether the member holds a number, and up to where that is so.
func (m *row) has(seq uint64) (bool, uint64) {
	switch {
	case seq < m.oldest:
		return false, m.oldest
	case seq >= m.next:
		return false, ^uint64(0)
	case m.more == nil:
		return true, m.next
	}
	lacks, a := inRange(m.more.absent, seq)
	missed, b := inRange(m.more.unknown, seq)
	switch {
	case lacks:
		return false, a
	case missed:
		return false, b
	}
	return true, min(a, b, m.next)
}

// inRange returns whether a number is in one of the ranges, and up to where that is so.
func inRange(list []nack.Range, seq uint64) (bool, uint64) {
	i := sort.Search(len(list), func(i int) bool { return list[i].To > seq })
	switch {
	case i == len(list):
		return false, ^uint64(0)
	case list[i].From <= seq:
		return true, list[i].To
	}
	return false, list[i].From
}

// top returns one past the highest number that it holds, or 0 if it holds none.
func (m *row) top() uint64 {
	top := m.next
	absent, unknown := m.absent(), m.unknown()
	for top > m.oldest {
		switch a, u := len(absent), len(unknown); {
		case a > 0 && absent[a-1].To >= top:
			top, absent = absent[a-1].From, absent[:a-1]
		case u > 0 && unknown[u-1].To >= top:
			top, unknown = unknown[u-1].From, unknown[:u-1]
		default:
			return top
		}
	}
	return 0
}

// lacks returns how many numbers of [from, to) it doesn't hold, or isn't known to.
func (m *row) lacks(from, to uint64) (n uint64) {
	if from >= to {
		return 0
	}
	n = nack.Range{From: from, To: to}.Clip(0, m.oldest).Len() +
		nack.Range{From: from, To: to}.Clip(m.next, to).Len()
	if m.more != nil {
		n += countIn(m.more.absent, from, to) + countIn(m.more.unknown, from, to)
	}
	return n
}

// countIn returns how many numbers of [from, to) the ranges have.
func countIn(list []nack.Range, from, to uint64) (n uint64) {
	i := sort.Search(len(list), func(i int) bool { return list[i].To > from })
	for ; i < len(list) && list[i].From < to; i++ {
		n += list[i].Clip(from, to).Len()
	}
	return n
}

// join appends a range to ascending ones, and joins it to the last one if they touch.
func join(list []nack.Range, r nack.Range) []nack.Range {
	if r.Len() == 0 {
		return list
	}
	if last := len(list) - 1; last >= 0 && r.From <= list[last].To {
		list[last].To = max(list[last].To, r.To)
		return list
	}
	return append(list, r)
}

// common appends the numbers that are in both lists.
func common(to, a, b []nack.Range) []nack.Range {
	for _, r := range a {
		i := sort.Search(len(b), func(i int) bool { return b[i].To > r.From })
		for ; i < len(b) && b[i].From < r.To; i++ {
			to = join(to, b[i].Clip(r.From, r.To))
		}
	}
	return to
}

// denied appends the numbers of list that the member says it doesn't hold. What it didn't tell
// of isn't among them.
func (m *row) denied(to, list []nack.Range) []nack.Range {
	absent := m.absent()
	for _, r := range list {
		to = join(to, r.Clip(0, m.oldest))
		i := sort.Search(len(absent), func(i int) bool { return absent[i].To > r.From })
		for ; i < len(absent) && absent[i].From < r.To; i++ {
			to = join(to, absent[i].Clip(r.From, r.To))
		}
		to = join(to, r.Clip(m.next, ^uint64(0)))
	}
	return to
}

// holdsSome reports whether it holds, or may hold, a number of the ranges, from one on.
func (m *row) holdsSome(list []nack.Range, from uint64) bool {
	for _, r := range list {
		part := r.Clip(max(m.oldest, from), m.next)
		if part.Len() > countIn(m.absent(), part.From, part.To) {
			return true
		}
	}
	return false
}

// same reports whether a whole DIGEST says what the row says already.
func (m *row) same(f *frame.Frame, start uint64) bool {
	d := f.Digest
	return m.oldest == f.OldestSeq && m.next == f.NextSeq && m.position == d.Position &&
		m.start == start && m.nextOffset == f.NextOffset && m.flags == f.Flags &&
		m.role == d.Role && d.From == m.oldest && d.To == m.next && len(m.unknown()) == 0 &&
		slices.Equal(m.absent(), f.Ranges)
}
