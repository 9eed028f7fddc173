package nack

import (
	"math"
	"slices"
	"testing"
	"time"
)

// longest is the longest back-off of a group of n.
func longest(n int, g time.Duration) float64 {
	return float64(g) * min(max(math.Log2(float64(n))/2, backoffLeast), BackoffRoundTrips)
}

// reference is RFC 5401, section 3.2.2, in floating point: x is uniform in [0, 1).
func reference(x float64, n int, g time.Duration) float64 {
	limit := longest(n, g)
	lambda := math.Log(float64(n)) + 1
	return limit / lambda * math.Log(x*(math.Exp(lambda)-1)+1)
}

func TestBackoffIsRFC5401(t *testing.T) {
	for _, n := range []int{9, 10, 16, 17, 100, 1000, 1024, 4096, 1000000, maxGroup} {
		for _, g := range []time.Duration{time.Microsecond, 180 * us, ms, time.Second, maxRTT} {
			a, b := NewRand(uint64(n), uint64(g)), NewRand(uint64(n), uint64(g))
			for range 2000 {
				got := Backoff(a, n, g)
				x := float64(b.Uint64()) / (1 << 64)
				want := reference(x, n, g)
				// The logarithms are good to 2^-16, of at least log2(9e).
				if off := math.Abs(float64(got) - want); off > longest(n, g)/(1<<14)+2 {
					t.Fatalf("n %d, g %v, x %v: %v, the formula gives %v", n, g, x, got,
						time.Duration(want))
				}
				if got < 0 || float64(got) > longest(n, g)+1 {
					t.Fatalf("n %d, g %v: %v", n, g, got)
				}
			}
		}
	}
}

// The share of draws below each tenth of the time is that of the distribution.
func TestBackoffDistribution(t *testing.T) {
	const draws = 200000
	for _, n := range []int{10, 100, 5000} {
		r := NewRand(7, uint64(n))
		var count [10]int
		for range draws {
			d := Backoff(r, n, ms)
			count[min(9, int(float64(d)*10/longest(n, ms)))]++
		}
		lambda := math.Log(float64(n)) + 1
		below := func(tenth int) float64 {
			return (math.Exp(lambda*float64(tenth)/10) - 1) / (math.Exp(lambda) - 1)
		}
		for i := range count {
			want := (below(i+1) - below(i)) * draws
			if off := math.Abs(float64(count[i]) - want); off > 5*math.Sqrt(want)+5 {
				t.Errorf("group of %d: %d draws in tenth %d, want %.0f", n, count[i], i, want)
			}
		}
	}
}

// The same on each architecture: these numbers are from amd64.
func TestBackoffGolden(t *testing.T) {
	r := NewRand(1, 2)
	var got []time.Duration
	for _, n := range []int{9, 10, 100, 1000, 1000, 1000, 1000000, 1 << 30} {
		got = append(got, Backoff(r, n, ms))
	}
	want := []time.Duration{1843614, 1720720, 3178615, 4839643, 4069164, 2978657, 4766013, 4816495}
	if !slices.Equal(got, want) {
		t.Errorf("%d", got)
	}
}

func TestNoBackoff(t *testing.T) {
	r := NewRand(1, 2)
	for _, c := range []struct {
		n int
		g time.Duration
	}{{-5, ms}, {0, ms}, {1, ms}, {SmallGroup, ms}, {1000, 0}, {1000, -1}} {
		if d := Backoff(r, c.n, c.g); d != 0 {
			t.Errorf("a group of %d, a round trip of %v: %v", c.n, c.g, d)
		}
	}
	for range 1000 { // what no group is, and no round trip
		if d := Backoff(r, math.MaxInt, math.MaxInt64); d < 0 || d > BackoffRoundTrips*maxRTT {
			t.Fatal(d)
		}
	}
}

// Of a group that misses the same frame a handful ask, however large it is: those that
// draw a time before the repair for the first of them reaches them.
func TestHowManyAsk(t *testing.T) {
	for _, size := range []int{9, 16, 32, 64, 128, 300, 1000, 3000} {
		howManyAsk(t, size)
	}
}

func howManyAsk(t *testing.T, size int) {
	var asks []int
	for seed := range uint64(400) {
		r := NewRand(seed, 0)
		draws := make([]time.Duration, size)
		for i := range draws {
			draws[i] = Backoff(r, size, ms)
		}
		first := slices.Min(draws)
		n := 0
		for _, d := range draws {
			if d < first+ms {
				n++
			}
		}
		asks = append(asks, n)
	}
	slices.Sort(asks)
	median, p95 := asks[len(asks)/2], asks[len(asks)*95/100]
	t.Logf("of %d: median %d NACKs, p95 %d", size, median, p95)
	if median < 3 || median > 8 || p95 > 25 {
		t.Errorf("of %d: median %d NACKs, p95 %d; want up to 8 and 25", size, median, p95)
	}
}

func TestLog2(t *testing.T) {
	for _, v := range []uint64{1 << 16, 1<<16 + 1, 1 << 17, 3 << 16, 1000 << 16, 1<<48 - 1,
		1 << 63, math.MaxUint64} {
		want := math.Log2(float64(v) / (1 << 16))
		if got := float64(log2(v)) / (1 << 16); got > want+1e-9 || got < want-2.0/(1<<16) {
			t.Errorf("log2(%v) is %v, want %v", float64(v)/(1<<16), got, want)
		}
	}
}

func TestRand(t *testing.T) {
	a, b, c := NewRand(1, 2), NewRand(1, 2), NewRand(1, 3)
	if x, y, z := a.Uint64(), b.Uint64(), c.Uint64(); x != y || x == z {
		t.Errorf("%x, %x, %x", x, y, z)
	}
	for range 1000 {
		if n := a.Below(10); n >= 10 {
			t.Fatal(n)
		}
		if d := a.Jitter(100); d < 75 || d >= 125 {
			t.Fatal(d)
		}
		if d := a.Duration(5); d < 0 || d >= 5 {
			t.Fatal(d)
		}
	}
	if a.Below(0) != 0 || a.Duration(0) != 0 || a.Duration(-5) != 0 || a.Jitter(0) != 0 {
		t.Error("nothing of nothing is something")
	}
	// The same on each architecture.
	r := NewRand(1, 2)
	if got := [3]uint64{r.Uint64(), r.Below(1000),
		uint64(r.Jitter(time.Second))}; got != [3]uint64{14192431797130687760, 616, 1142214000} {
		t.Errorf("%d", got)
	}
}
