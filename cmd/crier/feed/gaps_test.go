package feed

import (
	"fmt"
	"testing"
)

// What comes late of a gap is missing no more, from its beginning, its middle and its end, once.
func TestGaps(t *testing.T) {
	var g gaps
	g.add(10, 20)
	g.add(30, 31)
	g.add(40, 50)
	for _, c := range []struct {
		from, to, filled uint64
		more             int
		left             string
	}{
		{1, 10, 0, 0, "[{10 20} {30 31} {40 50}]"},
		{20, 30, 0, 0, "[{10 20} {30 31} {40 50}]"},
		{14, 16, 2, 1, "[{10 14} {16 20} {30 31} {40 50}]"},
		{14, 16, 0, 0, "[{10 14} {16 20} {30 31} {40 50}]"},
		{8, 12, 2, 0, "[{12 14} {16 20} {30 31} {40 50}]"},
		{18, 45, 8, -1, "[{12 14} {16 18} {45 50}]"},
		{0, 99, 9, -3, "[]"},
	} {
		filled, more := g.fill(c.from, c.to)
		if left := fmt.Sprint(g.list); filled != c.filled || more != c.more || left != c.left {
			t.Errorf("%d to %d: %d filled, %d more, %s left; want %d, %d, %s", c.from, c.to, filled,
				more, left, c.filled, c.more, c.left)
		}
	}
	for i := range uint64(2 * gapsMost) {
		g.add(2*i, 2*i+1)
	}
	if len(g.list) != gapsMost || g.list[0] != (gap{2 * gapsMost, 2*gapsMost + 1}) {
		t.Errorf("%d gaps are kept, from %v on", len(g.list), g.list[0])
	}
}
