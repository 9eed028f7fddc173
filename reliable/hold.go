package reliable

import (
	"cmp"
	"slices"
)

// nobody is where retention begins while no subscriber counts.
const nobody = ^uint64(0)

// hold returns the lowest frame that somebody who counts has yet to pass.
// Positions is room to work in; the slice is returned for the next time.
func (p *Pace) hold(rows []*member, positions []uint64) (uint64, []uint64) {
	hold, positions := nobody, positions[:0]
	for _, m := range rows {
		if m.state != Counted {
			continue
		}
		if hold = min(hold, m.Position); p.Kind == PaceQuorum {
			positions = append(positions, m.Position)
		}
	}
	if len(positions) > p.Quorum {
		slices.SortFunc(positions, func(a, b uint64) int { return cmp.Compare(b, a) })
		hold = positions[p.Quorum-1]
	}
	return hold, positions
}
