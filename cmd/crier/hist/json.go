package hist

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// wire is how a histogram goes from one process to another: its two parts in
// HdrHistogram's own compressed encoding, version 2.
type wire struct {
	HDR     []byte        `json:"hdr,omitempty"`
	Below   []byte        `json:"below,omitempty"`
	Min     time.Duration `json:"min,omitempty"`
	Max     time.Duration `json:"max"`
	Clamped uint64        `json:"clamped,omitempty"`
}

// MarshalJSON writes all that was recorded, or null if nothing was.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	if h == nil || h.Count() == 0 {
		return []byte("null"), nil
	}
	w := wire{Min: h.min, Max: h.max, Clamped: h.clamped}
	var err error
	if w.HDR, err = encode(h.h); err == nil {
		w.Below, err = encode(h.below)
	}
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	return json.Marshal(w)
}

func encode(h *hdrhistogram.Histogram) ([]byte, error) {
	if h == nil {
		return nil, nil
	}
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// UnmarshalJSON reads the output of MarshalJSON. Histograms of another shape are
// refused, since they could not be merged.
func (h *Histogram) UnmarshalJSON(b []byte) error {
	*h = Histogram{}
	if string(b) == "null" {
		return nil
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	part, err := decode(w.HDR)
	if err != nil {
		return err
	}
	below, err := decode(w.Below)
	if err != nil {
		return err
	}
	if count(part)+count(below) == 0 {
		return errors.New("histogram: there is nothing in it")
	}
	*h = Histogram{h: part, below: below, min: w.Min, max: w.Max, clamped: w.Clamped}
	return nil
}

func decode(b []byte) (*hdrhistogram.Histogram, error) {
	if len(b) == 0 {
		return nil, nil
	}
	h, err := hdrhistogram.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	if h.HighestTrackableValue() < int64(longest) || h.SignificantFigures() != digits {
		return nil, fmt.Errorf("histogram: values up to %v with %d digits are not this program's",
			time.Duration(h.HighestTrackableValue()), h.SignificantFigures())
	}
	return h, nil
}

// Point is one step of a distribution: Share of all values, 0 to 1, are at most
// Value.
type Point struct {
	Share float64
	Value time.Duration
}

// Points returns the distribution, finer towards its upper end, with about ten
// points for each further nine of the share. What is below 0 has one point, its end.
func (h *Histogram) Points() []Point {
	if h.Count() == 0 {
		return nil
	}
	var list []Point
	below := float64(h.Negative()) / float64(h.Count())
	if below > 0 {
		list = append(list, Point{below, h.QuantileOf(h.Negative(), h.Count())})
	}
	if h.h == nil {
		return list
	}
	for _, b := range h.h.CumulativeDistributionWithTicks(10) {
		list = append(list, Point{below + (1-below)*b.Quantile/100,
			min(time.Duration(b.ValueAt), h.max)})
	}
	return list
}
