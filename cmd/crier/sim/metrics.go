package sim

import (
	"strings"

	"crier/cmd/crier/cli"
)

// metric is a figure of a run.
type metric struct {
	name        string
	group, head string
	of          func(r *Result) (float64, bool)
	text        func(float64) string
}

// metrics are the figures of a sweep. Of several groups, the worst counts.
var metrics = []metric{
	{"recovery-p50", "recovery", "p50",
		worst(func(g *group) *quantiles { return g.Recovery },
			func(q *quantiles) int64 { return q.P50 }), cli.Nanoseconds},
	{"recovery-p99", "recovery", "p99",
		worst(func(g *group) *quantiles { return g.Recovery },
			func(q *quantiles) int64 { return q.P99 }), cli.Nanoseconds},
	{"trips-p99", "recovery", "in round trips", tripsP99,
		cli.Rounded},
	{"latency-p99", "latency", "p99",
		worst(func(g *group) *quantiles { return g.Latency },
			func(q *quantiles) int64 { return q.P99 }), cli.Nanoseconds},
	{"nacks-p50", "NACKs", "p50", func(r *Result) (float64, bool) {
		return nacks(r, func(c *nackCounts) uint64 { return c.P50 })
	}, number},
	{"nacks-p95", "NACKs", "p95", func(r *Result) (float64, bool) {
		return nacks(r, func(c *nackCounts) uint64 { return c.P95 })
	}, number},
	{"overhead", "", "repairs/data", overhead,
		cli.Percent},
	{"lost", "", "lost", func(r *Result) (float64, bool) {
		sum := uint64(0)
		for _, g := range r.Groups {
			sum += g.Lost
		}
		return float64(sum), true
	}, number},
}

// title returns the metric's head in full.
func (m *metric) title() string { return strings.TrimSpace(m.group + " " + m.head) }

func metricNames() []string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.name)
	}
	return names
}

// number formats a count.
func number(v float64) string { return cli.Grouped(uint64(v)) }

func worst(of func(*group) *quantiles, at func(*quantiles) int64) func(*Result) (float64, bool) {
	return func(r *Result) (worst float64, ok bool) {
		for _, g := range r.Groups {
			if q := of(g); q != nil {
				worst, ok = max(worst, float64(at(q))), true
			}
		}
		return worst, ok
	}
}

func tripsP99(r *Result) (worst float64, ok bool) {
	for _, g := range r.Groups {
		if g.Recovery != nil && g.RoundTrip > 0 {
			worst, ok = max(worst, g.trips(g.Recovery.P99)), true
		}
	}
	return worst, ok
}

func nacks(r *Result, of func(*nackCounts) uint64) (float64, bool) {
	if r.LostFrames.Nacks == nil {
		return 0, false
	}
	return float64(of(r.LostFrames.Nacks)), true
}

func overhead(r *Result) (float64, bool) {
	var repairs, data uint64
	for _, p := range r.Publishers {
		repairs += p.RepairBytes
		data += p.FrameBytes
	}
	return float64(repairs) / float64(max(data, 1)), data > 0
}
