package nack

import (
	"cmp"
	"fmt"
	"slices"
)

// Range is a run of sequence numbers, or of offsets: From is in it, To is not.
type Range struct {
	From, To uint64
}

// Len returns how many numbers the range holds.
func (r Range) Len() uint64 {
	if r.To <= r.From {
		return 0
	}
	return r.To - r.From
}

// Contains reports whether n is in the range.
func (r Range) Contains(n uint64) bool { return r.From <= n && n < r.To }

// Clip returns the part of r that lies in [from, to).
func (r Range) Clip(from, to uint64) Range {
	r.From, r.To = max(r.From, from), min(r.To, to)
	if r.To < r.From {
		r.To = r.From
	}
	return r
}

// String prints a single number as "7" and a longer range as "7-9", both ends
// included, as people read it.
func (r Range) String() string {
	switch r.Len() {
	case 0:
		return "none"
	case 1:
		return fmt.Sprintf("%d", r.From)
	default:
		return fmt.Sprintf("%d-%d", r.From, r.To-1)
	}
}

// Normalize sorts ranges in place by where they start, joins those that touch or
// overlap, drops empty ones, and returns what is left.
func Normalize(ranges []Range) []Range {
	slices.SortFunc(ranges, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	kept := ranges[:0]
	for _, r := range ranges {
		switch last := len(kept) - 1; {
		case r.Len() == 0:
		case last >= 0 && r.From <= kept[last].To:
			kept[last].To = max(kept[last].To, r.To)
		default:
			kept = append(kept, r)
		}
	}
	return kept
}
