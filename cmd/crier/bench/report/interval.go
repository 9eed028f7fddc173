package report

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"crier/cmd/crier/cli"
)

// Interval is a median with its confidence interval, at 95 %, by order statistics (the
// binomial distribution), which assume no distribution of the values. For fewer than six
// values it is their range, with its own confidence.
type Interval struct {
	Median     float64 `json:"median"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	Confidence float64 `json:"confidence"`
	Runs       int     `json:"runs"`
}

// confident is the confidence of intervals, if there are enough values.
const confident = 0.95

// interval returns the interval of values, or nil if there are none.
func interval(values []float64) *Interval {
	n := len(values)
	if n == 0 {
		return nil
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(values,
		&benchmath.DefaultThresholds), confident)
	i := &Interval{s.Center, s.Lo, s.Hi, s.Confidence, n}
	if math.IsInf(s.Lo, 0) || math.IsInf(s.Hi, 0) {
		// All are on one side of the true median once in 2^(n-1) times.
		i.Low, i.High, i.Confidence = slices.Min(values), slices.Max(values),
			1-math.Exp2(float64(1-n))
	}
	return i
}

func (i *Interval) text() string {
	switch {
	case i == nil:
		return "-"
	case i.Runs == 1:
		return cli.Rounded(i.Median)
	}
	return Spread{i.Median, i.Low, i.High}.text(cli.Rounded)
}
