package nack

import (
	"slices"
	"sort"
	"time"
)

// A Gap is a run of missing frames that were found missing together.
type Gap struct {
	Range
	// Found is when the gap was found missing. If there was no room for it then and there
	// is no MaxWait, Found is when it was first asked for.
	Found Time

	// due is when to ask, or ask again.
	due Time
	// wait is the time from the last request or CONFIRM until due.
	wait time.Duration
	// since is when its requests began to go unanswered; Never before the first request.
	since Time
	// until is the end of the wait that the last CONFIRM began.
	until Time
	// trail is that of the Missing that the gap was handed over as.
	trail uint32
	// tries counts the requests.
	tries int8
	// confirms counts the waits that CONFIRMs began.
	confirms int8
	// roomless says that there was no room for the gap when it was found missing.
	roomless bool
}

// Gaps is the set of numbers missing below the highest sequence number known: disjoint
// gaps in ascending order. The gaps lie in blocks of up to blockSize, so that a change
// anywhere moves at most half a block, however many gaps there are.
type Gaps struct {
	count  int
	blocks []*block
	// spare holds empty blocks for reuse.
	spare []*block
	// unordered says that some gap may have been found before one below it.
	unordered bool
}

// A block is a part of the list: gaps[from:to], which is never empty.
type block struct {
	gaps     [blockSize]Gap
	from, to int
}

const (
	// blockSize is the capacity of a block.
	blockSize = 64
	// maxSpare bounds the empty blocks that are kept.
	maxSpare = 4
)

// A place is the position of a gap: gaps[index] of a block. It is valid until the next
// change.
type place struct {
	block, index int
}

// Len returns the number of gaps.
func (g *Gaps) Len() int { return g.count }

// begin returns the place of the lowest gap.
func (g *Gaps) begin() place {
	if g.count == 0 {
		return place{}
	}
	return place{0, g.blocks[0].from}
}

// next returns the place of the gap above p.
func (g *Gaps) next(p place) place {
	if p.index+1 < g.blocks[p.block].to {
		return place{p.block, p.index + 1}
	}
	if p.block++; p.block < len(g.blocks) {
		return place{p.block, g.blocks[p.block].from}
	}
	return place{p.block, 0}
}

// prev returns the place of the gap below p, and false if there is none.
func (g *Gaps) prev(p place) (place, bool) {
	if p.block < len(g.blocks) && p.index > g.blocks[p.block].from {
		return place{p.block, p.index - 1}, true
	}
	if p.block == 0 {
		return p, false
	}
	return place{p.block - 1, g.blocks[p.block-1].to - 1}, true
}

// has reports whether there is a gap at p.
func (g *Gaps) has(p place) bool { return p.block < len(g.blocks) }

// at returns the gap at p, which may be changed in place.
func (g *Gaps) at(p place) *Gap { return &g.blocks[p.block].gaps[p.index] }

// First returns the lowest missing number.
func (g *Gaps) First() (uint64, bool) {
	if g.count == 0 {
		return 0, false
	}
	return g.at(g.begin()).From, true
}

// Contains reports whether seq is missing.
func (g *Gaps) Contains(seq uint64) bool {
	_, found := g.find(seq)
	return found
}

// Missing returns the lowest number, from seq on, that is not missing.
func (g *Gaps) Missing(seq uint64) uint64 {
	for p, found := g.find(seq); found; found = g.has(p) && g.at(p).From == seq {
		seq = g.at(p).To
		p = g.next(p)
	}
	return seq
}

// find returns the place of the gap that contains seq, or else of the first gap above it.
func (g *Gaps) find(seq uint64) (place, bool) {
	if g.count == 0 {
		return place{}, false
	}
	if p := g.begin(); seq < g.at(p).To { // the common case: the lowest gap
		return p, g.at(p).From <= seq
	}
	n := sort.Search(len(g.blocks), func(i int) bool {
		b := g.blocks[i]
		return b.gaps[b.to-1].To > seq
	})
	if n == len(g.blocks) {
		return place{n, 0}, false
	}
	b := g.blocks[n]
	i := b.from + sort.Search(b.to-b.from, func(i int) bool { return b.gaps[b.from+i].To > seq })
	return place{n, i}, b.gaps[i].From <= seq
}

// add inserts a gap in order. The gap must not overlap another, and was found last.
func (g *Gaps) add(gap Gap) {
	if gap.Len() == 0 {
		return
	}
	end := place{len(g.blocks), 0}
	if p, ok := g.prev(end); ok && g.at(p).To > gap.From {
		end, _ = g.find(gap.From)
		g.unordered = true
	}
	g.insert(end, gap)
}

// insert puts a gap before the one at p, and returns its place.
func (g *Gaps) insert(p place, gap Gap) place {
	if p.block == len(g.blocks) || p.index == g.blocks[p.block].from {
		if q, ok := g.prev(p); ok { // behind the one before, where there is room
			if b := g.blocks[q.block]; b.to < blockSize {
				p = place{q.block, b.to}
			}
		}
	}
	if p.block == len(g.blocks) {
		g.blocks = append(g.blocks, g.empty())
	}
	b := g.blocks[p.block]
	if b.to-b.from == blockSize { // split it in two
		upper := g.empty()
		upper.to = copy(upper.gaps[:], b.gaps[blockSize/2:])
		b.to = blockSize / 2
		g.blocks = slices.Insert(g.blocks, p.block+1, upper)
		if p.index > blockSize/2 {
			b, p.block, p.index = upper, p.block+1, p.index-blockSize/2
		}
	}
	g.count++
	if b.to == blockSize || (b.from > 0 && p.index-b.from < b.to-p.index) {
		b.from--
		copy(b.gaps[b.from:p.index-1], b.gaps[b.from+1:p.index])
		p.index--
	} else {
		copy(b.gaps[p.index+1:b.to+1], b.gaps[p.index:b.to])
		b.to++
	}
	b.gaps[p.index] = gap
	return p
}

// empty returns an empty block.
func (g *Gaps) empty() *block {
	n := len(g.spare)
	if n == 0 {
		return &block{}
	}
	b := g.spare[n-1]
	g.spare = g.spare[:n-1]
	b.from, b.to = 0, 0
	return b
}

// remove deletes the gap at p, and returns the place of the next.
func (g *Gaps) remove(p place) place {
	b := g.blocks[p.block]
	if p.index-b.from < b.to-p.index-1 {
		copy(b.gaps[b.from+1:p.index+1], b.gaps[b.from:p.index])
		b.from++
		p.index++
	} else {
		copy(b.gaps[p.index:b.to-1], b.gaps[p.index+1:b.to])
		b.to--
	}
	if g.count--; g.count == 0 {
		g.unordered = false
	}
	if b.from == b.to {
		g.drop(p.block)
		if p.block < len(g.blocks) {
			p.index = g.blocks[p.block].from
		}
		return p
	}
	offset := p.index - b.from
	g.merge(p.block)
	if below := p.block - 1; below >= 0 {
		size := g.blocks[below].to - g.blocks[below].from
		if g.merge(below) {
			p.block, offset = below, offset+size
		}
	}
	b = g.blocks[p.block]
	p.index = b.from + offset
	if p.index == b.to {
		p.block++
		p.index = 0
		if p.block < len(g.blocks) {
			p.index = g.blocks[p.block].from
		}
	}
	return p
}

// merge joins block n with the next one if together they fill at most half a block.
// Otherwise a few remaining gaps would keep many blocks alive.
func (g *Gaps) merge(n int) bool {
	if n+1 >= len(g.blocks) {
		return false
	}
	b, above := g.blocks[n], g.blocks[n+1]
	size, more := b.to-b.from, above.to-above.from
	if size+more > blockSize/2 {
		return false
	}
	copy(b.gaps[:], b.gaps[b.from:b.to])
	copy(b.gaps[size:], above.gaps[above.from:above.to])
	b.from, b.to = 0, size+more
	g.drop(n + 1)
	return true
}

// drop removes an empty block.
func (g *Gaps) drop(n int) {
	if len(g.spare) < maxSpare {
		g.spare = append(g.spare, g.blocks[n])
	}
	g.blocks = slices.Delete(g.blocks, n, n+1)
}

// take removes one missing number and returns the gap that contained it.
func (g *Gaps) take(seq uint64) (Gap, bool) {
	p, found := g.find(seq)
	if !found {
		return Gap{}, false
	}
	gap := *g.at(p)
	g.cutAt(p, Range{seq, seq + 1})
	return gap, true
}

// cut removes [from, to) and appends the missing runs in it to removed.
func (g *Gaps) cut(from, to uint64, removed []Range) []Range {
	for p, _ := g.find(from); g.has(p) && g.at(p).From < to; {
		part := g.at(p).Range.Clip(from, to)
		if part.Len() == 0 {
			break
		}
		removed = append(removed, part)
		if part == g.at(p).Range {
			p = g.remove(p)
			continue
		}
		g.cutAt(p, part)
		if part.To == to {
			break
		}
		p, _ = g.find(part.To)
	}
	return removed
}

// cutAt removes part, which lies within the gap at p.
func (g *Gaps) cutAt(p place, part Range) {
	gap := g.at(p)
	switch {
	case part.From == gap.From && part.To == gap.To:
		g.remove(p)
	case part.From == gap.From:
		gap.From = part.To
	case part.To == gap.To:
		gap.To = part.From
	default:
		g.split(p, part.From)
		p, _ = g.find(part.From)
		g.at(p).From = part.To
	}
}

// split cuts the gap at p in two at seq, which lies within it, and returns the place of
// the upper part.
func (g *Gaps) split(p place, seq uint64) place {
	lower := g.at(p)
	upper := *lower
	lower.To, upper.From = seq, seq
	return g.insert(g.next(p), upper)
}

// widen extends the neighbors of [from, to) over it if they touch it and lie at or above
// floor. It reports whether one did. A gap that was asked for is not extended: its
// requests don't cover the added numbers. Neither is a gap that was found in another
// period than now. Where gaps have a time to live, an extended gap has that of its last
// part, which is too long by at most one period. Period 0 is endless.
func (g *Gaps) widen(now Time, from, to, floor uint64, period time.Duration) bool {
	fits := func(gap *Gap) bool {
		return gap.From >= floor && gap.since == Never && gap.trail == 0 &&
			(period <= 0 || gap.Found/Time(period) == now/Time(period))
	}
	p, _ := g.find(from)
	q, below := g.prev(p)
	below = below && g.at(q).To == from && fits(g.at(q))
	above := g.has(p) && g.at(p).From == to && from >= floor && fits(g.at(p))
	switch {
	case below && above:
		g.at(q).To = g.at(p).To
		g.remove(p)
	case below:
		g.at(q).To = to
	case above:
		g.at(p).From = from
		q = p
	default:
		return false
	}
	if period > 0 {
		q, _ = g.find(from)
		g.at(q).Found = now
		g.unordered = g.unordered || g.has(g.next(q))
	}
	return true
}
