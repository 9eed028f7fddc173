package nack

import (
	"math"
	"slices"
	"testing"
)

// model is the plainest set of missing frames.
type model map[uint64]bool

func (m model) ranges() (list []Range) {
	var all []uint64
	for seq := range m {
		all = append(all, seq)
	}
	slices.Sort(all)
	for _, seq := range all {
		list = join(list, Range{seq, seq + 1})
	}
	return list
}

// all returns the gaps, lowest first.
func (g *Gaps) all() (list []Gap) {
	for p := g.begin(); g.has(p); p = g.next(p) {
		list = append(list, *g.at(p))
	}
	return list
}

// check checks the invariants of the blocks.
func (g *Gaps) check(t *testing.T) {
	t.Helper()
	n, last := 0, uint64(0)
	for _, b := range g.blocks {
		if b.from >= b.to {
			t.Fatal("an empty block")
		}
		n += b.to - b.from
	}
	for i, gap := range g.all() {
		if gap.Len() == 0 || (i > 0 && gap.From < last) {
			t.Fatalf("gaps out of order, or empty: %v", g.all())
		}
		last = gap.To
	}
	if n != g.count || n != len(g.all()) {
		t.Fatalf("%d gaps in blocks, %d in the list, and it says %d", n, len(g.all()), g.count)
	}
}

func gapRanges(g *Gaps) (list []Range) {
	for _, gap := range g.all() {
		list = join(list, gap.Range)
	}
	return list
}

// Gaps behaves like a set, whatever is found, closed and cut.
func TestGapsAgainstASet(t *testing.T) {
	for _, base := range []uint64{0, 1<<63 - 50, math.MaxUint64 - 400} {
		for seed := range uint64(15) {
			rand := NewRand(seed, base)
			var g Gaps
			m := model{}
			for step := range 400 {
				from := base + rand.Below(300)
				to := from + rand.Below(1+rand.Below(60))
				switch rand.Below(4) {
				case 0: // find what isn't missing yet
					for at := from; at < to; at++ {
						end := at
						for end < to && !m[end] {
							m[end] = true
							end++
						}
						g.add(Gap{Range: Range{at, end}})
						at = end
					}
				case 1, 2:
					if _, ok := g.take(from); ok != m[from] {
						t.Fatalf("base %d, seed %d, step %d: take(%d) says %v", base, seed, step,
							from, ok)
					}
					delete(m, from)
				case 3:
					want := model{}
					for at := from; at < to; at++ {
						if m[at] {
							want[at] = true
							delete(m, at)
						}
					}
					var got []Range
					for _, r := range g.cut(from, to, nil) {
						got = join(got, r)
					}
					if !slices.Equal(got, want.ranges()) {
						t.Fatalf("base %d, seed %d, step %d: cut(%d, %d) removed %v, want %v",
							base, seed, step, from, to, got, want.ranges())
					}
				}
				g.check(t)
				if got, want := gapRanges(&g), m.ranges(); !slices.Equal(got, want) {
					t.Fatalf("base %d, seed %d, step %d: %v, want %v", base, seed, step, got, want)
				}
				if first, ok := g.First(); ok != (len(m) > 0) || (ok && !m[first]) {
					t.Fatalf("First says %d, %v", first, ok)
				}
				if seq := base + rand.Below(300); g.Contains(seq) != m[seq] {
					t.Fatalf("Contains(%d) says %v", seq, !m[seq])
				}
			}
		}
	}
}

// Gaps that close at the front while others split behind them leave no garbage,
// however long it goes on.
func TestGapsReuseTheirRoom(t *testing.T) {
	var g Gaps
	g.add(Gap{Range: Range{1 << 40, 1<<40 + 1}}) // stays, and is the last
	g.add(Gap{Range: Range{0, 1 << 30}})
	for seq := uint64(0); seq < 200000; seq += 10 {
		for i := range uint64(5) { // splits the gap in the middle
			g.take(seq + 2*i + 1)
		}
		for i := range uint64(5) { // closes what is before
			g.take(seq + 2*i)
		}
	}
	if n := len(g.blocks) + len(g.spare); n > 2+maxSpare {
		t.Errorf("for %d gaps there are %d blocks", g.Len(), n)
	}
}

// However gaps close, those that are left lie together.
func TestGapsThatAreLeftLieTogether(t *testing.T) {
	for _, order := range []string{"up", "down", "middle out"} {
		const n = 10000
		var g Gaps
		for i := range uint64(n) {
			g.add(Gap{Range: Range{2 * i, 2*i + 1}})
		}
		for i := range uint64(n) {
			seq := i
			switch order {
			case "down":
				seq = n - 1 - i
			case "middle out":
				if seq = n/2 + i/2; i%2 == 1 {
					seq = n/2 - 1 - i/2
				}
			}
			if seq%100 != 0 {
				g.take(2 * seq)
			}
		}
		g.check(t)
		if g.Len() != n/100 || len(g.blocks) > 8 {
			t.Errorf("%s: %d gaps lie in %d blocks", order, g.Len(), len(g.blocks))
		}
	}
}

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ in, want []Range }{
		{nil, nil},
		{[]Range{{5, 5}, {7, 3}}, nil},
		{[]Range{{5, 6}, {1, 2}}, []Range{{1, 2}, {5, 6}}},
		{[]Range{{5, 6}, {1, 5}}, []Range{{1, 6}}},
		{[]Range{{1, 9}, {2, 3}, {8, 12}, {13, 14}}, []Range{{1, 12}, {13, 14}}},
		{[]Range{{math.MaxUint64 - 1, math.MaxUint64}, {0, math.MaxUint64 - 1}},
			[]Range{{0, math.MaxUint64}}},
	} {
		in := slices.Clone(c.in)
		if got := Normalize(in); !slices.Equal(got, c.want) {
			t.Errorf("%v became %v, want %v", c.in, got, c.want)
		}
	}
}

func TestRange(t *testing.T) {
	for _, c := range []struct {
		r    Range
		text string
		n    uint64
	}{
		{Range{}, "none", 0}, {Range{9, 4}, "none", 0}, {Range{7, 8}, "7", 1},
		{Range{7, 10}, "7-9", 3},
		{Range{0, math.MaxUint64}, "0-18446744073709551614", math.MaxUint64},
	} {
		if c.r.String() != c.text || c.r.Len() != c.n {
			t.Errorf("%d to %d: %q, %d", c.r.From, c.r.To, c.r, c.r.Len())
		}
	}
	r := Range{10, 20}
	for _, c := range []struct{ from, to, wantFrom, wantLen uint64 }{
		{0, 100, 10, 10}, {12, 15, 12, 3}, {0, 5, 10, 0}, {30, 40, 30, 0}, {15, 12, 15, 0},
	} {
		if got := r.Clip(c.from, c.to); got.From != c.wantFrom || got.Len() != c.wantLen {
			t.Errorf("clipped to %d to %d: %v", c.from, c.to, got)
		}
	}
	if !r.Contains(10) || r.Contains(20) || r.Contains(9) {
		t.Error("Contains is wrong about the ends")
	}
}
