package report

import "crier/cmd/crier/hist"

// Ratio compares crier with the bare exchange, run by run.
type Ratio struct {
	P50  Spread `json:"p50"`
	P99  Spread `json:"p99"`
	Note string `json:"of"`
}

// RatioOf compares two cells run by run.
func RatioOf(c, bare *Cell) *Ratio {
	var p50, p99 []float64
	for i := range c.Each {
		a, b := c.Each[i].time(), bare.Each[i].time()
		if a == nil || b == nil || b.P50 == 0 || b.P99 == 0 {
			continue
		}
		p50 = append(p50, float64(a.P50)/float64(b.P50))
		p99 = append(p99, float64(a.P99)/float64(b.P99))
	}
	if len(p50) == 0 {
		return nil
	}
	return &Ratio{P50: spread(p50), P99: spread(p99), Note: "the bare exchange in Go, waiting by " +
		bare.Wait + ", runs in turn"}
}

// Versus compares a cell with another that took turns with it, by a ratio for each run.
type Versus struct {
	Of   string    `json:"of"` // the other's way
	Rate *Interval `json:"messages_per_second,omitempty"`
	P50  *Interval `json:"p50,omitempty"`
	P99  *Interval `json:"p99,omitempty"`
}

// VersusOf compares two cells run by run. It compares times only where there is a rate:
// otherwise they are the length of a queue.
func VersusOf(c, than *Cell) *Versus {
	ratios := func(get func(*Figures) float64) *Interval {
		var v []float64
		for i := range min(len(c.Each), len(than.Each)) {
			if a, b := get(&c.Each[i]), get(&than.Each[i]); a > 0 && b > 0 {
				v = append(v, a/b)
			}
		}
		return interval(v)
	}
	quantile := func(of func(*hist.Quantiles) int64) *Interval {
		return ratios(func(f *Figures) float64 {
			if f.Latency == nil {
				return 0
			}
			return float64(of(f.Latency))
		})
	}
	v := &Versus{Of: than.Way,
		Rate: ratios(func(f *Figures) float64 { return f.MessagesPerSecond })}
	if c.Rate > 0 {
		v.P50 = quantile(func(q *hist.Quantiles) int64 { return q.P50 })
		v.P99 = quantile(func(q *hist.Quantiles) int64 { return q.P99 })
	}
	return v
}

// against returns the comparison with another way, or nil.
func (c *Cell) against(way string) *Versus {
	for _, v := range c.Ratios {
		if v.Of == way {
			return v
		}
	}
	return nil
}
