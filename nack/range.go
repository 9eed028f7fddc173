package nack

import (
	"cmp"
	"fmt"
	"slices"
)

// Range is a run of sequence numbers or offsets, from From up to but not including To.
type Range struct {
	From, To uint64
}

// Len returns the number of numbers in the range.
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

// String formats a single number as "7" and a longer range as "7-9", with both ends
// included.
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

// Normalize sorts ranges in place, joins those that touch or overlap, drops empty ones,
// and returns the result.
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

// Subtract appends to kept the numbers that are in ranges and not in without, and returns
// it. Both must be ascending and disjoint, as Normalize returns them. kept must not share
// memory with them.
func Subtract(kept, ranges, without []Range) []Range {
	at := 0
	for _, r := range ranges {
		for at < len(without) && without[at].To <= r.From {
			at++
		}
		for i := at; i < len(without) && without[i].From < r.To; i++ {
			if w := without[i]; w.Len() > 0 {
				if r.From < w.From {
					kept = append(kept, Range{r.From, w.From})
				}
				r.From = w.To
			}
		}
		if r.Len() > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// Union appends to kept the numbers that are in a or in b, and returns it. Both must be
// ascending and disjoint. kept must not share memory with them, and its own ranges must
// come before theirs.
func Union(kept, a, b []Range) []Range {
	for len(a) > 0 || len(b) > 0 {
		if len(a) == 0 || len(b) > 0 && b[0].From < a[0].From {
			a, b = b, a
		}
		r := a[0]
		a = a[1:]
		if last := len(kept) - 1; last >= 0 && r.From <= kept[last].To {
			kept[last].To = max(kept[last].To, r.To)
		} else if r.Len() > 0 {
			kept = append(kept, r)
		}
	}
	return kept
}

// Count returns the number of numbers in ascending and disjoint ranges.
func Count(ranges []Range) (n uint64) {
	for _, r := range ranges {
		n += r.Len()
	}
	return n
}
