package link

import (
	"math"
	"strings"
	"testing"
	"time"

	"crier/testnet/link/linktest"
)

// delaysOf sends n datagrams far enough apart that none can overtake another.
func delaysOf(t *testing.T, m Delay, n int) []int64 {
	t.Helper()
	const apart = int64(time.Second)
	at := arrivalsOf(t, mustLink(t, Config{Delay: m}, 5), n, apart)
	for i := range at {
		at[i] -= int64(i) * apart
	}
	return at
}

func TestFixedDelayIsTheSameForAll(t *testing.T) {
	for i, d := range delaysOf(t, FixedDelay(3*ms), 1000) {
		if d != 3*ms {
			t.Fatalf("datagram %d took %v, not 3ms", i+1, time.Duration(d))
		}
	}
}

func TestUniformDelayIsUniform(t *testing.T) {
	const n, low, high, buckets = 200_000, 1_000_000, 1_500_000, 50
	var sum float64
	var hits [buckets]int
	for _, d := range delaysOf(t, UniformDelay{Min: low, Max: high}, n) {
		if d < low || d > high {
			t.Fatalf("a delay of %d ns is not from %d to %d", d, low, high)
		}
		sum += float64(d)
		hits[min((d-low)*buckets/(high-low), buckets-1)]++
	}
	// The mean of n draws over a width w has the standard deviation w/√(12n).
	linktest.Within(t, "mean", sum/n, (low+high)/2, (high-low)/math.Sqrt(12*n))
	mean, sd := linktest.Binomial(n, 1.0/buckets)
	for i, h := range hits {
		if math.Abs(float64(h)-mean) > 5*sd {
			t.Errorf("bucket %d of %d: %d datagrams, not about %.0f", i, buckets, h, mean)
		}
	}
	// Both ends are reached.
	seen := map[int64]bool{}
	for _, d := range delaysOf(t, UniformDelay{Min: 7, Max: 9}, 100) {
		seen[d] = true
	}
	if len(seen) != 3 || !seen[7] || !seen[9] {
		t.Errorf("delays from 7 to 9 ns were %v", seen)
	}
}

func TestParetoDelayHasAHeavyTail(t *testing.T) {
	const n = 300_000
	m := ParetoDelay{Min: 100 * time.Microsecond, Mean: 50 * time.Microsecond,
		Max: 100*time.Microsecond + 200*50*time.Microsecond}
	delays := delaysOf(t, m, n)
	for _, x := range []float64{0.1, math.Sqrt2 - 1, 1, 3, 9, 30, 99} {
		exceed := 0
		for _, d := range delays {
			if float64(d-int64(m.Min)) > x*float64(m.Mean) {
				exceed++
			}
		}
		mean, sd := linktest.Binomial(n, 1/((1+x)*(1+x)))
		linktest.Within(t, "share above a multiple of the mean", float64(exceed), mean, sd)
	}
	// Cut at c means the excess has the mean 1-1/(1+c), and the second moment
	// 2(ln(1+c)-c/(1+c)).
	const c = 200.0
	mean := 1 - 1/(1+c)
	second := 2 * (math.Log(1+c) - c/(1+c))
	var sum float64
	for _, d := range delays {
		sum += float64(d-int64(m.Min)) / float64(m.Mean)
		if d < int64(m.Min) || d > int64(m.Max) {
			t.Fatalf("a delay of %v is not from %v to %v", time.Duration(d), m.Min, m.Max)
		}
	}
	linktest.Within(t, "mean excess", sum/n, mean, math.Sqrt((second-mean*mean)/n))
}

func TestParetoDelayAtTheEndsOfItsDraw(t *testing.T) {
	for _, c := range []struct{ draw, want uint64 }{
		{0, 500}, // a draw of 0 would be infinite
		{1, 500}, // as good as infinite
		{math.MaxUint64, 0},
		{1 << 63, 100}, // u = 1/2: the scale itself
		{1 << 62, 300}, // u = 1/4: three times the scale
	} {
		if got := lomax(100, 500, c.draw); got != c.want {
			t.Errorf("draw %#x gives %d, not %d", c.draw, got, c.want)
		}
	}
}

func TestOrderIsKeptUnlessTheLinkMayReorder(t *testing.T) {
	const n = 100_000
	cfg := Config{Delay: UniformDelay{Max: 10 * time.Millisecond}} // ten datagrams overlap
	overtakes := func(at []int64) int {
		late, furthest := 0, int64(0)
		for _, a := range at {
			if a < furthest {
				late++
			}
			furthest = max(furthest, a)
		}
		return late
	}

	ordered := mustLink(t, cfg, 6)
	at := arrivalsOf(t, ordered, n, ms)
	if overtakes(at) != 0 || ordered.Stats().Reordered != 0 {
		t.Errorf("%d datagrams overtake, and %d are counted, on a link that keeps order",
			overtakes(at), ordered.Stats().Reordered)
	}
	for i, a := range at {
		if d := a - int64(i)*ms; d < 0 || d > 10*ms {
			t.Fatalf("keeping order delayed datagram %d by %v", i+1, time.Duration(d))
		}
	}

	cfg.Unordered = true
	unordered := mustLink(t, cfg, 6)
	at = arrivalsOf(t, unordered, n, ms)
	if got := overtakes(at); uint64(got) != unordered.Stats().Reordered {
		t.Errorf("%d datagrams overtake, but %d are counted", got, unordered.Stats().Reordered)
	}
	// A datagram with delay u, in units of the width, overtakes none if each of
	// the nine before it arrived earlier: the k-th has a delay below u+k/10. So
	// the probability is the integral over u of the product of min(1, u+k/10).
	// Two datagrams are independent if ten or more apart, so the variance is at
	// most 1+2·9 = 19 times that of independent ones.
	const steps = 100_000
	keep := 0.0
	for i := range steps {
		u, p := (float64(i)+0.5)/steps, 1.0
		for k := 1; k <= 9; k++ {
			p *= min(1, u+float64(k)/10)
		}
		keep += p / steps
	}
	mean, sd := linktest.Binomial(n, 1-keep)
	linktest.Within(t, "reordered", float64(unordered.Stats().Reordered), mean, sd*math.Sqrt(19))
}

func TestReorderHoldsDatagramsBack(t *testing.T) {
	const n, p = 200_000, 0.01
	// Held back for one and a half intervals: overtaken by the next datagram
	// only, unless that is held back too.
	l := mustLink(t, Config{Delay: FixedDelay(5 * ms), Reorder: p,
		ReorderDelay: 1500 * time.Microsecond}, 7)
	at := arrivalsOf(t, l, n, ms)
	held := 0
	for i, a := range at {
		switch d := a - int64(i)*ms; d {
		case 5 * ms:
		case 5*ms + 1_500_000:
			held++
		default:
			t.Fatalf("datagram %d took %v", i+1, time.Duration(d))
		}
	}
	mean, sd := linktest.Binomial(n, p)
	linktest.Within(t, "held back", float64(held), mean, sd)
	mean, sd = linktest.Binomial(n, p*(1-p))
	linktest.Within(t, "reordered", float64(l.Stats().Reordered), mean, sd)
}

func TestDelayModelsRefuseWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		delay Delay
		says  string
	}{
		{FixedDelay(-1), "FixedDelay is from 0 to 1h0m0s, not -1ns"},
		{FixedDelay(2 * time.Hour), "not 2h0m0s"},
		{UniformDelay{Min: -1}, "UniformDelay.Min"},
		{UniformDelay{Max: 2 * time.Hour}, "UniformDelay.Max"},
		{UniformDelay{Min: 5, Max: 3}, "UniformDelay.Max (3ns) must not be below Min (5ns)"},
		{ParetoDelay{Max: 5}, "needs a Mean above 0"},
		{ParetoDelay{Min: 5, Mean: 5, Max: 5}, "a Max (5ns) above Min (5ns)"},
		{ParetoDelay{Min: -5, Mean: 5, Max: 5}, "ParetoDelay.Min"},
		{ParetoDelay{Mean: -5, Max: 5}, "ParetoDelay.Mean"},
		{ParetoDelay{Mean: 5, Max: 2 * time.Hour}, "ParetoDelay.Max"},
		{TraceDelay{}, "TraceDelay.Delays is empty"},
		{TraceDelay{Delays: []time.Duration{1, -1}}, "TraceDelay.Delays[1] is from 0"},
	} {
		if _, err := New(Config{Delay: c.delay}, 1); err == nil ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: error %v doesn't say %q", c.delay, err, c.says)
		}
		if err := mustLink(t, Config{}, 1).SetDelay(c.delay); err == nil {
			t.Errorf("SetDelay takes %+v", c.delay)
		}
	}
}
