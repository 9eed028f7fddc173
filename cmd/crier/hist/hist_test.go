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
	}{{"p50", q.P50, 500e3}, {"p90", q.P90, 900e3}, {"p99", q.P99, 990e3},
		{"p999", q.P999, 999e3}} {
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
	}{&Quantiles{P50: 1, P90: 2, P99: 3, P999: 4, Max: 5}, new(Histogram).Quantiles()})
	want := `{"latency_ns":{"p50":1,"p90":2,"p99":3,"p999":4,"max":5},"recovery_ns":null}`
	if err != nil || string(b) != want {
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
	if h.clamped != 3 || h.Count() != 4 || h.max != math.MaxInt64 || h.min != math.MinInt64 ||
		h.Quantile(500) > -time.Second || h.Quantile(1) > -time.Hour {
		t.Errorf("clamped %d of %d, max %v, p50 %v, p0.1 %v", h.clamped, h.Count(), h.max,
			h.Quantile(500), h.Quantile(1))
	}
	if p := h.Quantile(1000); p < time.Hour || p > time.Hour+time.Hour/1000 {
		t.Errorf("p100 %v", p)
	}
	h.Record(0)
	h.Record(time.Hour)
	h.Record(-time.Hour)
	if h.clamped != 3 || h.Count() != 7 || h.Negative() != 3 {
		t.Errorf("the ends of the range are clamped: %d", h.clamped)
	}
}

// Values below 0, as two clocks that differ give them, are ranked as they are: no
// quantile is a 0 that nobody measured, or pulled down by one.
func TestHistogramBelowZero(t *testing.T) {
	for _, shift := range []int64{0, 1, 500, 999, 1000, 5000} {
		var h, half, other Histogram
		var values []int64
		for i := range int64(1000) {
			v := i*7%1000 - shift
			values = append(values, v)
			h.Record(time.Duration(v))
			if i%2 == 0 {
				half.Record(time.Duration(v))
			} else {
				other.Record(time.Duration(v))
			}
		}
		slices.Sort(values)
		half.Merge(&other)
		b, err := json.Marshal(&h)
		var travelled Histogram
		if err == nil {
			err = json.Unmarshal(b, &travelled)
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range []*Histogram{&h, &half, &travelled} {
			for _, q := range []int64{1, 10, 499, 500, 501, 900, 999, 1000} {
				want := values[(1000*q+999)/1000-1]
				if v := int64(got.Quantile(q)); v != want &&
					(want >= -2047 || v < want-4 || v > want) {
					t.Errorf("shift %d, histogram %d: %d/1000 is %d, want %d", shift, i, q, v, want)
				}
			}
			q := got.Quantiles()
			if q.Max != values[999] || q.Min != min(values[0], 0) ||
				q.Negative != min(shift, 1000) || got.Count() != 1000 {
				t.Errorf("shift %d, histogram %d: %+v", shift, i, q)
			}
			points := got.Points()
			for i := range points[1:] {
				if points[i].Share > points[i+1].Share || points[i].Value > points[i+1].Value {
					t.Errorf("shift %d: the distribution falls: %+v", shift, points[i:i+2])
				}
			}
		}
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
	if a.Count() != 3 || a.max != 2*time.Hour || a.clamped != 1 || a.Quantile(500) != 5 {
		t.Errorf("count %d, max %v, clamped %d, p50 %v", a.Count(), a.max, a.clamped,
			a.Quantile(500))
	}
}

func TestHistogramMakesNoGarbage(t *testing.T) {
	var h Histogram
	h.Record(1)
	if n := testing.AllocsPerRun(1000, func() { h.Record(12345) }); n != 0 {
		t.Errorf("record allocates %v times", n)
	}
}
