package feed

import "slices"

// gapsMost bounds the gaps of a session that are kept, for what may yet come late.
const gapsMost = 1024

// gaps are the runs of numbers that a session lacks, of which the newest are kept in order.
type gaps struct{ list []gap }

// gap is a run of numbers, without the last.
type gap struct{ from, to uint64 }

// add notes numbers that are passed over. They are higher than all before.
func (g *gaps) add(from, to uint64) {
	if len(g.list) == gapsMost {
		g.list = slices.Delete(g.list, 0, 1)
	}
	g.list = append(g.list, gap{from, to})
}

// fill takes numbers that came late out of the gaps. It returns how many of them were missing, and
// how many more gaps there are.
func (g *gaps) fill(from, to uint64) (filled uint64, more int) {
	for i := len(g.list) - 1; i >= 0 && g.list[i].to > from; i-- {
		one := g.list[i]
		first, last := max(one.from, from), min(one.to, to)
		if first >= last {
			continue
		}
		filled += last - first
		var rest []gap
		if one.from < first {
			rest = append(rest, gap{one.from, first})
		}
		if last < one.to {
			rest = append(rest, gap{last, one.to})
		}
		more += len(rest) - 1
		g.list = slices.Replace(g.list, i, i+1, rest...)
	}
	return filled, more
}
