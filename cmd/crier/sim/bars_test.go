package sim

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"crier/testnet/scenario"
)

// varied plays a built-in scenario with some values changed, given as KEY=VALUE.
func varied(t *testing.T, name string, seed uint64, changes ...string) *Result {
	t.Helper()
	text, err := scenario.BuiltinText(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		key, value, _ := strings.Cut(c, "=")
		if text, err = scenario.Vary(text, key, value); err != nil {
			t.Fatal(err)
		}
	}
	s, err := scenario.Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := play(context.Background(), s, (&source{}).options(seed))
	if err != nil {
		t.Fatal(err)
	}
	if r.Promise != "kept" {
		t.Fatal(r.Violations)
	}
	return r
}

// A crowd that misses the same frame sends a handful of NACKs, and has it back within
// four round trips, with the same configuration at round trips of 20 us, 2 ms and 50 ms.
func TestSimImplosion(t *testing.T) {
	t.Parallel()
	count := 600
	if testing.Short() {
		count = 100
	}
	for _, way := range []string{"9us..10us", "1ms..1.1ms", "25ms..25.5ms"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			r := varied(t, "implosion", 1, "duration=4s", "publishers.lead=2s",
				"events.0.at=2500ms", "events.0.times=6", "events.0.every=250ms",
				"subscribers.down.delay="+way, "subscribers.up.delay="+way,
				"segments.link.delay=0s", fmt.Sprintf("subscribers.count=%d", count))
			g, n := r.Groups[0], r.LostFrames.Nacks
			t.Logf("%d losses: NACKs p50 %d, p95 %d, most %d; recovery in round trips p50 %.2f, "+
				"p99 %.2f",
				r.LostFrames.Count, n.P50, n.P95, n.Max, g.trips(g.Recovery.P50),
				g.trips(g.Recovery.P99))
			if r.LostFrames.Count != 6 || n.P50 > 8 || n.P95 > 25 ||
				g.trips(g.Recovery.P99) >= 4 || g.Lost > 0 {
				t.Error("more than 8 NACKs at the median, 25 at p95, or 4 round trips at p99")
			}
		})
	}
}

// One subscriber alone has a lost frame back within 1.5 round trips at the median,
// near and far.
func TestSimAlone(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"9us..10us", "1ms..1.1ms", "25ms..25.5ms"} {
		r := varied(t, "clean", 1, "subscribers.count=1", "subscribers.down.loss=1%",
			"subscribers.down.delay="+way, "subscribers.up.delay="+way)
		g := r.Groups[0]
		t.Logf("%s: recovery in round trips p50 %.2f, p99 %.2f", way, g.trips(g.Recovery.P50),
			g.trips(g.Recovery.P99))
		if g.trips(g.Recovery.P50) > 1.5 || g.Recovered < 50 {
			t.Errorf("%s: recovery takes %.2f round trips at the median", way,
				g.trips(g.Recovery.P50))
		}
	}
}

// The back-off keeps up with a group that grows from 1 to 1,000 during the run.
func TestSimGrowing(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a thousand subscribers take seconds")
	}
	r := varied(t, "growing", 1, "duration=8s", "subscribers.crowd.every=5ms",
		"publishers.rate=100/s", "events.0.times=34")
	g, n := r.Groups[1], r.LostFrames.Nacks
	t.Logf("%d losses: NACKs p50 %d, p95 %d, most %d; recovery in round trips p99 %.2f",
		r.LostFrames.Count, n.P50, n.P95, n.Max, g.trips(g.Recovery.P99))
	if n.P50 > 8 || n.P95 > 25 || g.trips(g.Recovery.P99) >= 4 || g.Lost > 0 {
		t.Error("more than 8 NACKs at the median, 25 at p95, or 4 round trips at p99")
	}
}

// One subscriber that loses 30 % leaves the others their latency and goodput: within
// 5 % of what they are, with the same seed, where it loses nothing.
func TestSimCrybaby(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		with := varied(t, "crybaby", seed+1, "duration=4s").Groups[0]
		without := varied(t, "crybaby", seed+1, "duration=4s", "subscribers.crybaby.down.loss=0%",
			"subscribers.crybaby.up.loss=0%").Groups[0]
		latency := float64(with.Latency.P99)/float64(without.Latency.P99) - 1
		goodput := float64(with.Delivered)/float64(without.Delivered) - 1
		t.Logf("seed %d: latency p99 %d ns, %+.2f %%; messages %+.2f %%", seed+1, with.Latency.P99,
			100*latency, 100*goodput)
		if latency > 0.05 || goodput < -0.05 || with.Lost > 0 {
			t.Errorf("seed %d: the crybaby costs the others %.1f %% of latency and %.1f %% of "+
				"goodput", seed+1, 100*latency, -100*goodput)
		}
	}
}
