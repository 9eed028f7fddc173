package hist

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h Histogram
	if h.Quantiles() != nil || h.Quantile(500) != 0 || h.Count() != 0 {
		t.Error("an empty histogram has values")
	}
	for i := range 1000 {
		h.Record(time.Duration(i+1) * time.Microsecond)
	}
	q := h.Quantiles()
	for _, c := range []struct {
		name      string
		got, want int64
	}{{"p50", q.P50, 500e3}, {"p90", q.P90, 900e3}, {"p99", q.P99, 990e3}, {"p999", q.P999, 999e3}} {
		if c.got < c.want || c.got > c.want+c.want/1000 {
			t.Errorf("%s is %d, want %d to three digits", c.name, c.got, c.want)
		}
	}
	if q.Max != 1000e3 {
		t.Errorf("max is %d", q.Max)
	}
	b, err := json.Marshal(struct {
		Latency  *Quantiles `json:"latency_ns"`
		Recovery *Quantiles `json:"recovery_ns"`
	}{&Quantiles{1, 2, 3, 4, 5}, new(Histogram).Quantiles()})
	if want := `{"latency_ns":{"p50":1,"p90":2,"p99":3,"p999":4,"max":5},"recovery_ns":null}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v; want %s", b, err, want)
	}
}

// Small counts show whether ranks are right: the value at a quantile is one
// that was recorded, the first that enough don't exceed.
func TestHistogramRanks(t *testing.T) {
	for n := int64(1); n <= 2100; n++ {
		var values []int64
		var h Histogram
		if n > 1100 && n%100 > 3 {
			continue
		}
		for i := range n {
			values = append(values, i*7%n)
			h.Record(time.Duration(i * 7 % n))
		}
		slices.Sort(values)
		for _, q := range []int64{1, 500, 900, 990, 999, 1000} {
			rank := (n*q + 999) / 1000
			want := values[rank-1]
			// Values to 2,047 are exact, larger ones may be rounded up by one.
			if got := int64(h.Quantile(q)); got != want && !(want > 2047 && got == want+1) {
				t.Fatalf("of %d values, %d/1000 is %d, want %d", n, q, got, want)
			}
		}
	}
}

func TestHistogramRange(t *testing.T) {
	var h Histogram
	h.Record(-time.Second)
	h.Record(time.Hour + 1)
	h.Record(math.MaxInt64)
	h.Record(math.MinInt64)
	if h.clamped != 4 || h.Count() != 4 || h.max != time.Hour || h.Quantile(500) != 0 || h.Quantile(1000) != time.Hour {
		t.Errorf("clamped %d of %d, max %v, p50 %v, p100 %v", h.clamped, h.Count(), h.max, h.Quantile(500), h.Quantile(1000))
	}
	h.Record(0)
	h.Record(time.Hour)
	if h.clamped != 4 || h.Count() != 6 {
		t.Errorf("the ends of the range are clamped: %d", h.clamped)
	}
}

func TestHistogramsMerge(t *testing.T) {
	var a, b, empty Histogram
	a.Merge(&empty)
	if a.Count() != 0 {
		t.Error("nothing became something")
	}
	b.Record(5)
	b.Record(2 * time.Hour)
	a.Merge(&b)
	a.Record(1)
	if a.Count() != 3 || a.max != time.Hour || a.clamped != 1 || a.Quantile(500) != 5 {
		t.Errorf("count %d, max %v, clamped %d, p50 %v", a.Count(), a.max, a.clamped, a.Quantile(500))
	}
}

func TestHistogramMakesNoGarbage(t *testing.T) {
	var h Histogram
	h.Record(1)
	if n := testing.AllocsPerRun(1000, func() { h.Record(12345) }); n != 0 {
		t.Errorf("record allocates %v times", n)
	}
}
