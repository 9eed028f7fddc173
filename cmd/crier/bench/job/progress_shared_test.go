package job

import (
	"path/filepath"
	"testing"
)

// Readers that share messages hold a publisher back by what all of them have done together.
func TestProgressShared(t *testing.T) {
	p, err := OpenProgress(filepath.Join(t.TempDir(), "progress"), 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for i, n := range []uint64{5, 2, 7} {
		p.Counter(0, i).Set(n)
		p.Aside(i).Set(10 * n)
	}
	if n := p.Slowest(0); n != 2 {
		t.Errorf("the slowest has %d", n)
	}
	p.Shared = true
	if n := p.Slowest(0); n != 14 || p.SumAside() != 140 {
		t.Errorf("they have %d, and %d aside", n, p.SumAside())
	}
}
