package checker

import (
	"sort"

	"crier/reliable"
)

// gap is a run of frames that was found missing.
type gap struct {
	from, to uint64
	at       reliable.Time
	// next is the first frame, then, with a part of a message that wasn't told yet.
	next uint64
}

// gaps are the runs of frames that were found missing, in order. No frame from end on was.
type gaps struct {
	end  uint64
	list []gap
}

// add adds a gap behind the others.
func (g *gaps) add(one gap) {
	g.list, g.end = append(g.list, one), one.to
}

// search returns the index of the first gap that ends after a frame.
func (g *gaps) search(seq uint64) int {
	return sort.Search(len(g.list), func(i int) bool { return g.list[i].to > seq })
}

// foundAt returns when a frame was found missing, or 0.
func (g *gaps) foundAt(seq uint64) reliable.Time {
	if seq >= g.end {
		return 0 // the common case, which leaves the list alone
	}
	if i := g.search(seq); g.list[i].from <= seq {
		return g.list[i].at
	}
	return 0
}

// runFoundAt returns when the first part of a run of frames was found missing: where there
// is no room, what is found next to a gap is part of it.
func (g *gaps) runFoundAt(seq uint64) reliable.Time {
	i := g.search(seq)
	for i > 0 && g.list[i-1].to == g.list[i].from {
		i--
	}
	return g.list[i].at
}

// ahead reports whether a frame was found missing that many frames ahead of what the
// application waited for.
func (g *gaps) ahead(seq, frames uint64) bool {
	i := g.search(seq)
	return i < len(g.list) && g.list[i].from <= seq && seq >= g.list[i].next+frames
}

// clip returns the parts of gaps that lie among the frames [from, to).
func (g *gaps) clip(from, to uint64) (list []gap) {
	for i := g.search(from); i < len(g.list) && g.list[i].from < to; i++ {
		part := g.list[i]
		part.from, part.to = max(part.from, from), min(part.to, to)
		list = append(list, part)
	}
	return list
}
