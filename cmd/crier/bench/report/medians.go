package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"crier/cmd/crier/hist"
)

// Spread is a median, with the least and the most.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// text returns the median with the least and the most behind it.
func (s Spread) text(number func(float64) string) string {
	return fmt.Sprintf("%s [%s-%s]", number(s.Median), number(s.Min), number(s.Max))
}

// spread returns the spread of one or more values.
func spread(values []float64) Spread {
	v := slices.Sorted(slices.Values(values))
	if len(v) == 0 {
		return Spread{}
	}
	n := len(v)
	return Spread{(v[(n-1)/2] + v[n/2]) / 2, v[0], v[n-1]}
}

// medians returns the median of each figure by itself. Counts of failures are added up.
func medians(each []Figures) Figures {
	var f Figures
	number := func(get func(*Figures) float64) float64 {
		var v []float64
		for i := range each {
			v = append(v, get(&each[i]))
		}
		return spread(v).Median
	}
	whole := func(get func(*Figures) uint64) uint64 {
		return uint64(math.Round(number(func(f *Figures) float64 { return float64(get(f)) })))
	}
	f.MessagesPerSecond = number(func(f *Figures) float64 { return f.MessagesPerSecond })
	f.BytesPerSecond = number(func(f *Figures) float64 { return f.BytesPerSecond })
	f.Messages = whole(func(f *Figures) uint64 { return f.Messages })
	f.Recovered = whole(func(f *Figures) uint64 { return f.Recovered })
	f.CPU = number(func(f *Figures) float64 { return f.CPU })
	f.PublisherCPU = number(func(f *Figures) float64 { return f.PublisherCPU })
	f.SubscriberCPU = number(func(f *Figures) float64 { return f.SubscriberCPU })
	f.PublisherAllocs = number(func(f *Figures) float64 { return f.PublisherAllocs })
	f.SubscriberAllocs = number(func(f *Figures) float64 { return f.SubscriberAllocs })
	f.PublisherRSS = whole(func(f *Figures) uint64 { return f.PublisherRSS })
	f.SubscriberRSS = whole(func(f *Figures) uint64 { return f.SubscriberRSS })
	f.PublisherGrowth = int64(
		number(func(f *Figures) float64 { return float64(f.PublisherGrowth) }))
	f.SubscriberGrowth = int64(
		number(func(f *Figures) float64 { return float64(f.SubscriberGrowth) }))
	f.Datagrams = whole(func(f *Figures) uint64 { return f.Datagrams })
	f.SentBytes = number(func(f *Figures) float64 { return f.SentBytes })
	f.Calls = whole(func(f *Figures) uint64 { return f.Calls })
	f.Nacks = whole(func(f *Figures) uint64 { return f.Nacks })
	f.Repairs = whole(func(f *Figures) uint64 { return f.Repairs })
	f.SlowMessages = whole(func(f *Figures) uint64 { return f.SlowMessages })
	f.SlowLost = whole(func(f *Figures) uint64 { return f.SlowLost })
	f.IdleSent = number(func(f *Figures) float64 { return f.IdleSent })
	f.IdleHeard = number(func(f *Figures) float64 { return f.IdleHeard })
	f.BrokerCPU = number(func(f *Figures) float64 { return f.BrokerCPU })
	f.Served = number(func(f *Figures) float64 { return f.Served })
	f.Samples = whole(func(f *Figures) uint64 { return f.Samples })
	f.Moving = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Moving })
	f.Spill = medianSpill(each)
	f.Latency = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Latency })
	f.Intact = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Intact })
	f.Repaired = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Repaired })
	f.Found = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Found })
	f.Recovery = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Recovery })
	f.LossTo = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.LossTo })
	f.Kernel = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Kernel })
	f.Trip = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Trip })
	f.Late = medianQuantiles(each, func(f *Figures) *hist.Quantiles { return f.Late })
	for i := range each {
		f.Missing += each[i].Missing
		f.Lost += each[i].Lost
		f.Again += each[i].Again
		f.Disorder += each[i].Disorder
		f.Damaged += each[i].Damaged
		f.SlowMissing += each[i].SlowMissing
		f.KernelDrops += each[i].KernelDrops
		f.SendErrors += each[i].SendErrors
		f.shifted(time.Duration(each[i].ClockShift))
	}
	return f
}

// medianQuantiles returns the median of each quantile by itself, over the runs that
// measured any; Max is the largest, Min the least, and counts are sums.
func medianQuantiles(each []Figures, get func(*Figures) *hist.Quantiles) *hist.Quantiles {
	var p50, p90, p99, p999 []float64
	out := hist.Quantiles{Max: math.MinInt64}
	for i := range each {
		if q := get(&each[i]); q != nil {
			p50, p90 = append(p50, float64(q.P50)), append(p90, float64(q.P90))
			p99, p999 = append(p99, float64(q.P99)), append(p999, float64(q.P999))
			out.Max, out.Min = max(out.Max, q.Max), min(out.Min, q.Min)
			out.Negative, out.Clamped = out.Negative+q.Negative, out.Clamped+q.Clamped
		}
	}
	if len(p50) == 0 {
		return nil
	}
	mid := func(v []float64) int64 { return int64(spread(v).Median) }
	out.P50, out.P90, out.P99, out.P999 = mid(p50), mid(p90), mid(p99), mid(p999)
	return &out
}

// medianSpill returns nil where nothing was spilt.
func medianSpill(each []Figures) *Spill {
	if len(each) == 0 || each[0].Spill == nil {
		return nil
	}
	number := func(get func(*Spill) float64) float64 {
		var v []float64
		for i := range each {
			v = append(v, get(each[i].Spill))
		}
		return spread(v).Median
	}
	whole := func(get func(*Spill) uint64) uint64 {
		return uint64(number(func(s *Spill) float64 { return float64(get(s)) }))
	}
	lasting := func(get func(*Spill) time.Duration) time.Duration {
		return time.Duration(number(func(s *Spill) float64 { return float64(get(s)) }))
	}
	m := &Spill{
		Lasted:        lasting(func(s *Spill) time.Duration { return s.Lasted }),
		Held:          lasting(func(s *Spill) time.Duration { return s.Held }),
		DiskWritten:   whole(func(s *Spill) uint64 { return s.DiskWritten }),
		DiskRead:      whole(func(s *Spill) uint64 { return s.DiskRead }),
		DeviceWritten: whole(func(s *Spill) uint64 { return s.DeviceWritten }),
		DeviceRead:    whole(func(s *Spill) uint64 { return s.DeviceRead }),
		Drained:       lasting(func(s *Spill) time.Duration { return s.Drained }),
	}
	for i := range each {
		m.DiskErrors += each[i].Spill.DiskErrors
	}
	return m
}
