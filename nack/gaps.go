package nack

import "slices"

// Gap is a run of missing frames that were found missing together.
type Gap struct {
	Range
	Found Time // when it was found missing

	due   Time // when to ask, or ask again
	since Time // since when requests went unanswered; Never before the first
	tries int  // requests so far
}

// Gaps is what is missing below the highest sequence number known: disjoint
// gaps in ascending order. The front is closed most often, by repairs that come
// in order, and costs nothing to move; elsewhere a change costs a copy of what
// lies behind it.
type Gaps struct {
	list []Gap
	head int
}

// all returns the gaps, lowest first. The slice is valid until the next change.
func (g *Gaps) all() []Gap { return g.list[g.head:] }

// Len returns the number of gaps.
func (g *Gaps) Len() int { return len(g.list) - g.head }

// First returns the lowest missing number.
func (g *Gaps) First() (uint64, bool) {
	if g.Len() == 0 {
		return 0, false
	}
	return g.list[g.head].From, true
}

// Contains reports whether seq is missing.
func (g *Gaps) Contains(seq uint64) bool {
	_, found := g.find(seq)
	return found
}

// find returns the index in all() of the gap that holds seq, or of the first
// above it.
func (g *Gaps) find(seq uint64) (int, bool) {
	list := g.all()
	lo, hi := 0, len(list)
	if hi > 0 && seq < list[0].To { // the common case: the lowest gap
		hi = 0
	}
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if list[mid].To <= seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(list) && list[lo].From <= seq
}

// add puts a gap in its place. It must not overlap another.
func (g *Gaps) add(gap Gap) {
	if gap.Len() == 0 {
		return
	}
	i := g.Len()
	if i > 0 && g.list[len(g.list)-1].To > gap.From {
		i, _ = g.find(gap.From)
	}
	g.insert(i, gap)
}

// insert puts a gap at index i of all().
func (g *Gaps) insert(i int, gap Gap) {
	g.compact()
	g.list = slices.Insert(g.list, g.head+i, gap)
}

// compact makes room at the front usable again before the slice would grow.
func (g *Gaps) compact() {
	if g.head == len(g.list) {
		g.list, g.head = g.list[:0], 0
	} else if len(g.list) == cap(g.list) && g.head > len(g.list)/2 {
		n := copy(g.list, g.list[g.head:])
		g.list, g.head = g.list[:n], 0
	}
}

// take closes one missing number and returns the gap that held it.
func (g *Gaps) take(seq uint64) (Gap, bool) {
	i, found := g.find(seq)
	if !found {
		return Gap{}, false
	}
	gap := g.list[g.head+i]
	g.cutAt(i, Range{seq, seq + 1})
	return gap, true
}

// cut removes [from, to) and appends the missing runs it held to removed. It
// costs one move of what lies behind, however many gaps there are in between.
func (g *Gaps) cut(from, to uint64, removed []Range) []Range {
	i, _ := g.find(from)
	list := g.all()
	if i < len(list) && list[i].From < from {
		part := list[i].Range.Clip(from, to)
		if part.Len() == 0 {
			return removed
		}
		removed = append(removed, part)
		whole := part.To == list[i].To
		g.cutAt(i, part)
		if !whole {
			return removed
		}
		i++
	}
	list = g.all()
	end := i
	for end < len(list) && list[end].To <= to {
		removed = append(removed, list[end].Range)
		end++
	}
	if end < len(list) && list[end].From < to {
		removed = append(removed, Range{list[end].From, to})
		list[end].From = to
	}
	if i == 0 {
		g.head += end
		g.compact()
	} else {
		g.list = slices.Delete(g.list, g.head+i, g.head+end)
	}
	return removed
}

// cutAt removes part, which lies within gap i.
func (g *Gaps) cutAt(i int, part Range) {
	gap := &g.list[g.head+i]
	switch {
	case part.From == gap.From && part.To == gap.To:
		if i == 0 {
			g.head++
			g.compact()
		} else {
			g.list = slices.Delete(g.list, g.head+i, g.head+i+1)
		}
	case part.From == gap.From:
		gap.From = part.To
	case part.To == gap.To:
		gap.To = part.From
	default:
		upper := *gap
		upper.From = part.To
		gap.To = part.From
		g.insert(i+1, upper)
	}
}

// widen extends the neighbours of [from, to) over it where they touch it and lie
// at or above floor, and reports whether one did. One that was asked for doesn't:
// its requests are not requests for what is added.
func (g *Gaps) widen(from, to, floor uint64) bool {
	i, _ := g.find(from)
	list := g.all()
	below := i > 0 && list[i-1].To == from && list[i-1].From >= floor && list[i-1].since == Never
	above := i < len(list) && list[i].From == to && from >= floor && list[i].since == Never
	switch {
	case below && above:
		list[i-1].To = list[i].To
		g.list = slices.Delete(g.list, g.head+i, g.head+i+1)
	case below:
		list[i-1].To = to
	case above:
		list[i].From = from
	}
	return below || above
}
