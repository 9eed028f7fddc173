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

// gaps are the runs of frames that were found missing, in order.
type gaps []gap

// search returns the index of the first gap that ends after a frame.
func (g gaps) search(seq uint64) int {
	return sort.Search(len(g), func(i int) bool { return g[i].to > seq })
}

// foundAt returns when a frame was found missing, or 0.
func (g gaps) foundAt(seq uint64) reliable.Time {
	if n := len(g); n == 0 || g[n-1].to <= seq {
		return 0 // the common case, which leaves the others alone
	}
	if i := g.search(seq); g[i].from <= seq {
		return g[i].at
	}
	return 0
}

// runFoundAt returns when the first part of a run of frames was found missing: where there
// is no room, what is found next to a gap is part of it.
func (g gaps) runFoundAt(seq uint64) reliable.Time {
	i := g.search(seq)
	for i > 0 && g[i-1].to == g[i].from {
		i--
	}
	return g[i].at
}

// ahead reports whether a frame was found missing that many frames ahead of what the
// application waited for.
func (g gaps) ahead(seq, frames uint64) bool {
	i := g.search(seq)
	return i < len(g) && g[i].from <= seq && seq >= g[i].next+frames
}

// clip returns the parts of gaps that lie among the frames [from, to).
func (g gaps) clip(from, to uint64) (list []gap) {
	for i := g.search(from); i < len(g) && g[i].from < to; i++ {
		part := g[i]
		part.from, part.to = max(part.from, from), min(part.to, to)
		list = append(list, part)
	}
	return list
}
