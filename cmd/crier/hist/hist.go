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

// Histogram collects durations of 0 to 1 h with three significant digits. Its
// zero value is ready; the first value takes 264 KiB. It is used by one
// goroutine.
type Histogram struct {
	h       *hdrhistogram.Histogram
	max     time.Duration
	clamped uint64
}

// Record adds d. One below 0 counts as 0, one over an hour as an hour, and
// both are counted as clamped: clocks that disagree make such values.
func (h *Histogram) Record(d time.Duration) {
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(longest), digits)
	}
	if d < 0 || d > longest {
		h.clamped++
		d = min(max(d, 0), longest)
	}
	h.max = max(h.max, d)
	h.h.RecordValue(int64(d)) // it is in range
}

// Count is how many values were added.
func (h *Histogram) Count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// Quantile returns the smallest value, to three digits, that at least perMille
// of 1000 values don't exceed; 0 if there are none. It is the same on any
// machine: the rank is found with integers.
func (h *Histogram) Quantile(perMille int64) time.Duration { return h.QuantileOf(perMille, 1000) }

// QuantileOf is Quantile for part of whole values, such as 9,999 of 10,000.
func (h *Histogram) QuantileOf(part, whole int64) time.Duration {
	n := h.Count()
	if n == 0 {
		return 0
	}
	// n/whole and n%whole apart, since n*part might overflow.
	rank := n/whole*part + (n%whole*part+whole-1)/whole
	rank = min(max(rank, 1), n)
	// The library turns percentiles into ranks by rounding, and this one back
	// into rank however the machine rounds on the way.
	v := h.h.ValueAtPercentile(float64(rank) / float64(n) * 100)
	return min(time.Duration(v), h.max)
}

// Quantiles are what a summary says of a histogram, in nanoseconds.
type Quantiles struct {
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// Quantiles returns the summary, of which Max is exact; nil, in JSON null, if
// nothing was measured.
func (h *Histogram) Quantiles() *Quantiles {
	if h.Count() == 0 {
		return nil
	}
	return &Quantiles{
		P50:  int64(h.Quantile(500)),
		P90:  int64(h.Quantile(900)),
		P99:  int64(h.Quantile(990)),
		P999: int64(h.Quantile(999)),
		Max:  int64(h.max),
	}
}

// Max is the longest that was added, exactly; 0 if nothing was.
func (h *Histogram) Max() time.Duration { return h.max }

// Merge adds the values of another histogram.
func (h *Histogram) Merge(from *Histogram) {
	if from.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(longest), digits)
	}
	h.h.Merge(from.h) // of one shape: nothing is dropped
	h.max = max(h.max, from.max)
	h.clamped += from.clamped
}
