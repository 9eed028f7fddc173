package hist

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// wire is how a histogram goes from one process to another.
type wire struct {
	HDR     []byte        `json:"hdr"` // HdrHistogram's own compressed encoding, version 2
	Max     time.Duration `json:"max"`
	Clamped uint64        `json:"clamped,omitempty"`
}

// MarshalJSON writes all that was recorded, or null if nothing was.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	if h == nil || h.h == nil {
		return []byte("null"), nil
	}
	b, err := h.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("histogram: %w", err)
	}
	return json.Marshal(wire{b, h.max, h.clamped})
}

// UnmarshalJSON reads what MarshalJSON wrote. Histograms of another shape are
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
	from, err := hdrhistogram.Decode(w.HDR)
	if err != nil {
		return fmt.Errorf("histogram: %w", err)
	}
	if from.HighestTrackableValue() < int64(longest) || from.SignificantFigures() != digits {
		return fmt.Errorf("histogram: values up to %v with %d digits are not this program's", time.Duration(from.HighestTrackableValue()), from.SignificantFigures())
	}
	h.h, h.max, h.clamped = from, w.Max, w.Clamped
	return nil
}

// Point is one step of a distribution: Share of all values, 0 to 1, are at most
// Value.
type Point struct {
	Share float64
	Value time.Duration
}

// Points returns the distribution, finer towards its upper end, with about ten
// points for each further nine of the share.
func (h *Histogram) Points() []Point {
	if h.Count() == 0 {
		return nil
	}
	var list []Point
	for _, b := range h.h.CumulativeDistributionWithTicks(10) {
		list = append(list, Point{b.Quantile / 100, min(time.Duration(b.ValueAt), h.max)})
	}
	return list
}
