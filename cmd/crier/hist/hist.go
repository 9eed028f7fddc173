// Package hist collects durations for the tool: latencies, recovery times.
package hist

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	longest = time.Hour // longer values are counted as this one
	digits  = 3         // significant digits
)

// Histogram collects durations of -1 h to 1 h with three significant digits: those
// between two clocks may be negative. Its zero value is ready; the first value takes
// 264 KiB, and so does the first below 0. It is used by one goroutine.
type Histogram struct {
	h        *hdrhistogram.Histogram
	below    *hdrhistogram.Histogram // of values below 0, without their sign
	min, max time.Duration           // exact
	clamped  uint64
}

// Record adds d. One that is further from 0 than an hour counts as an hour, and as
// clamped: clocks that disagree make such values.
func (h *Histogram) Record(d time.Duration) {
	if h.Count() == 0 {
		h.min, h.max = d, d
	}
	h.min, h.max = min(h.min, d), max(h.max, d)
	if d < -longest || d > longest {
		h.clamped++
		d = min(max(d, -longest), longest)
	}
	if d < 0 {
		record(&h.below, -d)
	} else {
		record(&h.h, d)
	}
}

// record adds a value that is in range.
func record(to **hdrhistogram.Histogram, d time.Duration) {
	if *to == nil {
		*to = hdrhistogram.New(1, int64(longest), digits)
	}
	(*to).RecordValue(int64(d))
}

// Count returns how many values were added, Negative how many of them were below 0.
func (h *Histogram) Count() int64 { return count(h.h) + count(h.below) }

// Negative returns how many of the values are negative.
func (h *Histogram) Negative() int64 { return count(h.below) }

func count(h *hdrhistogram.Histogram) int64 {
	if h == nil {
		return 0
	}
	return h.TotalCount()
}

// Quantile returns the smallest value, to three digits, that at least perMille
// of 1000 values don't exceed; 0 if there are none. It is the same on any
// machine: the rank is found with integers.
func (h *Histogram) Quantile(perMille int64) time.Duration { return h.QuantileOf(perMille, 1000) }

// QuantileOf is Quantile for part of whole values, such as 9,999 of 10,000.
func (h *Histogram) QuantileOf(part, whole int64) time.Duration {
	n, below := h.Count(), h.Negative()
	if n == 0 {
		return 0
	}
	// n/whole and n%whole apart, since n*part might overflow.
	rank := n/whole*part + (n%whole*part+whole-1)/whole
	rank = min(max(rank, 1), n)
	if rank <= below { // the furthest from 0 comes first
		return max(-ranked(h.below, below+1-rank), h.min)
	}
	return min(ranked(h.h, rank-below), h.max)
}

// ranked returns the value of a rank, from 1. The library turns percentiles into ranks by
// rounding, and this one back into rank however the machine rounds on the way.
func ranked(h *hdrhistogram.Histogram, rank int64) time.Duration {
	return time.Duration(h.ValueAtPercentile(float64(rank) / float64(h.TotalCount()) * 100))
}

// Quantiles are a summary of a histogram, in nanoseconds.
type Quantiles struct {
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
	// Negative counts values below 0, and Min is the least of these: they stand there
	// only if there are some. Clamped counts those further from 0 than an hour.
	Negative int64  `json:"negative,omitempty"`
	Min      int64  `json:"min,omitempty"`
	Clamped  uint64 `json:"over_an_hour,omitempty"`
}

// Quantiles returns the summary, of which Max and Min are exact; nil, in JSON null,
// if nothing was measured.
func (h *Histogram) Quantiles() *Quantiles {
	if h.Count() == 0 {
		return nil
	}
	return &Quantiles{
		P50:      int64(h.Quantile(500)),
		P90:      int64(h.Quantile(900)),
		P99:      int64(h.Quantile(990)),
		P999:     int64(h.Quantile(999)),
		Max:      int64(h.max),
		Negative: h.Negative(), Min: int64(min(h.min, 0)), Clamped: h.clamped,
	}
}

// Max returns the longest that was added, exactly; 0 if nothing was.
func (h *Histogram) Max() time.Duration { return h.max }

// Merge adds the values of another histogram.
func (h *Histogram) Merge(from *Histogram) {
	if from.Count() == 0 {
		return
	}
	if h.Count() == 0 {
		h.min, h.max = from.min, from.max
	}
	h.min, h.max = min(h.min, from.min), max(h.max, from.max)
	h.clamped += from.clamped
	merge(&h.h, from.h)
	merge(&h.below, from.below)
}

func merge(into **hdrhistogram.Histogram, from *hdrhistogram.Histogram) {
	if from == nil {
		return
	}
	if *into == nil {
		*into = hdrhistogram.New(1, int64(longest), digits)
	}
	(*into).Merge(from) // of one shape: nothing is dropped
}
