package nack

import (
	"slices"
	"testing"
)

// someRanges returns some ascending and disjoint ranges, which may touch, of numbers
// below 64, and the numbers that they hold as bits.
func someRanges(rand *Rand) (list []Range, set uint64) {
	for at := rand.Below(8); at < 60; {
		r := Range{at, at + 1 + rand.Below(4)}
		list = append(list, r)
		for n := r.From; n < r.To; n++ {
			set |= 1 << n
		}
		at = r.To + rand.Below(9)
	}
	return list, set
}

// bitsOf returns the numbers that ranges hold as bits, and false if they don't ascend,
// or one is empty.
func bitsOf(list []Range) (set uint64, ok bool) {
	at := uint64(0)
	for _, r := range list {
		if r.From < at || r.Len() == 0 {
			return 0, false
		}
		for at = r.From; at < r.To; at++ {
			set |= 1 << at
		}
	}
	return set, true
}

func TestRangesAsSets(t *testing.T) {
	for seed := range uint64(3000) {
		rand := NewRand(seed, 9)
		a, inA := someRanges(rand)
		b, inB := someRanges(rand)
		for _, c := range []struct {
			name string
			got  []Range
			want uint64
		}{
			{"Subtract", Subtract(nil, a, b), inA &^ inB},
			{"Union", Union(nil, a, b), inA | inB},
			{"Normalize", Normalize(slices.Concat(a, b)), inA | inB},
		} {
			if set, ok := bitsOf(c.got); !ok || set != c.want {
				t.Fatalf("seed %d: %s of %v and %v is %v", seed, c.name, a, b, c.got)
			}
		}
		if n := Count(Union(nil, a, b)); n != Count(Normalize(slices.Concat(a, b))) {
			t.Fatalf("seed %d: they hold %d", seed, n)
		}
	}
}
