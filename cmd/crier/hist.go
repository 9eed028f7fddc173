package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	histLongest = time.Hour // longer values are counted as this one
	histDigits  = 3         // significant digits
)

// histogram collects durations of 0 to 1 h with three significant digits. Its
// zero value is ready; the first value takes 264 KiB. It is used by one
// goroutine.
type histogram struct {
	h       *hdrhistogram.Histogram
	max     time.Duration
	clamped uint64
}

// record adds d. One below 0 counts as 0, one over an hour as an hour, and
// both are counted as clamped: clocks that disagree make such values.
func (h *histogram) record(d time.Duration) {
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(histLongest), histDigits)
	}
	if d < 0 || d > histLongest {
		h.clamped++
		d = min(max(d, 0), histLongest)
	}
	h.max = max(h.max, d)
	h.h.RecordValue(int64(d)) // it is in range
}

// count is how many values were added.
func (h *histogram) count() int64 {
	if h.h == nil {
		return 0
	}
	return h.h.TotalCount()
}

// quantile returns the smallest value, to three digits, that at least perMille
// of 1000 values don't exceed; 0 if there are none. It is the same on any
// machine: the rank is found with integers.
func (h *histogram) quantile(perMille int64) time.Duration { return h.quantileOf(perMille, 1000) }

// quantileOf is quantile for part of whole values, such as 9,999 of 10,000.
func (h *histogram) quantileOf(part, whole int64) time.Duration {
	n := h.count()
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

// quantiles are what a summary says of a histogram, in nanoseconds.
type quantiles struct {
	P50  int64 `json:"p50"`
	P90  int64 `json:"p90"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

// quantiles returns the summary, of which Max is exact; nil, in JSON null, if
// nothing was measured.
func (h *histogram) quantiles() *quantiles {
	if h.count() == 0 {
		return nil
	}
	return &quantiles{
		P50:  int64(h.quantile(500)),
		P90:  int64(h.quantile(900)),
		P99:  int64(h.quantile(990)),
		P999: int64(h.quantile(999)),
		Max:  int64(h.max),
	}
}

// merge adds the values of another histogram.
func (h *histogram) merge(from *histogram) {
	if from.h == nil {
		return
	}
	if h.h == nil {
		h.h = hdrhistogram.New(1, int64(histLongest), histDigits)
	}
	h.h.Merge(from.h) // of one shape: nothing is dropped
	h.max = max(h.max, from.max)
	h.clamped += from.clamped
}
