package send

import (
	"cmp"
	"slices"

	"crier/reliable"
	"crier/reliable/store"
)

// holdOf returns the lowest frame that somebody who counts has yet to pass.
// Positions is room to work in; the slice is returned for the next time.
func holdOf(p *reliable.Pace, rows []*member, positions []uint64) (uint64, []uint64) {
	hold, positions := store.None, positions[:0]
	for _, m := range rows {
		if m.state != reliable.Counted {
			continue
		}
		if hold = min(hold, m.Position); p.Kind == reliable.PaceQuorum {
			positions = append(positions, m.Position)
		}
	}
	if len(positions) > p.Quorum {
		slices.SortFunc(positions, func(a, b uint64) int { return cmp.Compare(b, a) })
		hold = positions[p.Quorum-1]
	}
	return hold, positions
}
