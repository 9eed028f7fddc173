package hist

import (
	"encoding/json"
	"testing"
	"time"
)

// What one process recorded, another can merge.
func TestHistogramTravels(t *testing.T) {
	var from, to Histogram
	for i := range 5000 {
		from.Record(time.Duration(i*i) * time.Nanosecond)
	}
	from.Record(-1)
	b, err := json.Marshal(&from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &to); err != nil {
		t.Fatal(err)
	}
	if to.Count() != from.Count() || *to.Quantiles() != *from.Quantiles() || to.Negative() != 1 {
		t.Errorf("%d values became %d, %+v became %+v", from.Count(), to.Count(), from.Quantiles(),
			to.Quantiles())
	}
	to.Merge(&from)
	if to.Count() != 2*from.Count() || to.max != from.max {
		t.Errorf("merged: %d values up to %v", to.Count(), to.max)
	}
	points := to.Points()
	if last := points[len(points)-1]; last.Share != 1 || last.Value != to.max {
		t.Errorf("the distribution ends with %+v", last)
	}
	for i := range points[1:] {
		if points[i].Share > points[i+1].Share || points[i].Value > points[i+1].Value {
			t.Errorf("the distribution falls: %+v", points[i:i+2])
		}
	}
}

func TestHistogramTravelsEmpty(t *testing.T) {
	var h Histogram
	b, err := json.Marshal(&h)
	if err != nil || string(b) != "null" {
		t.Fatalf("%s, %v", b, err)
	}
	h.Record(1)
	if err := json.Unmarshal(b, &h); err != nil || h.Count() != 0 || h.Points() != nil {
		t.Errorf("%d values, %v", h.Count(), err)
	}
	for _, bad := range []string{"7", `{"hdr":""}`, `{"hdr":"AAAA"}`} {
		if err := json.Unmarshal([]byte(bad), &h); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
