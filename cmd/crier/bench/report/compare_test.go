package report

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// runsOf is a cell with some messages per second.
func runsOf(rates ...float64) *Cell {
	c := &Cell{Benchmark: Throughput, System: SystemCrier, Net: "lo", Size: 64, Subscribers: 1,
		Publishers: 1, Environment: &Environment{Go: "go1"}}
	for _, r := range rates {
		c.Each = append(c.Each, Figures{MessagesPerSecond: r, CPU: 1e9 / r})
	}
	c.Figures = medians(c.Each)
	return c
}

func verdictOf(t *testing.T, before, now *Cell, figure string) string {
	t.Helper()
	for _, v := range compare([]*Cell{before}, []*Cell{now}) {
		if v.metric.name == figure {
			return v.words().Text
		}
	}
	t.Fatalf("no verdict on %s", figure)
	return ""
}

// A difference counts if it is more than the runs differ among themselves.
func TestCompare(t *testing.T) {
	base := runsOf(100, 102, 98, 101, 99)
	for _, c := range []struct {
		now  *Cell
		rate string
		cpu  string
	}{
		{runsOf(120, 121, 119, 118, 122), "better", "better"},
		{runsOf(80, 81, 79, 82, 78), "worse", "worse"},
		{runsOf(103, 97, 100.5, 99.5, 101.5), "within the noise", "within the noise"},
		{runsOf(300, 20, 99, 101, 100), "within the noise", "within the noise"},
		{runsOf(200, 201, 202), "too few runs to tell (5 and 3; it takes 4)", "too few runs"},
		{runsOf(100, 102, 98, 101, 99), "within the noise", "within the noise"},
	} {
		if got := verdictOf(t, base, c.now, "messages/s"); !strings.Contains(got, c.rate) {
			t.Errorf("%v: rate %s, want %s", c.now.MessagesPerSecond, got, c.rate)
		}
		if got := verdictOf(t, base, c.now, "CPU/message"); !strings.Contains(got, c.cpu) {
			t.Errorf("%v: CPU %s, want %s", c.now.MessagesPerSecond, got, c.cpu)
		}
	}
	if got := verdictOf(t, base, runsOf(1, 2, 3, 4), "missing"); got != "the same" {
		t.Errorf("missing: %s", got)
	}
}

// Only what measured the same is compared, and other conditions are named.
func TestCompareLikeWithLike(t *testing.T) {
	a, b := runsOf(1, 2, 3, 4), runsOf(1, 2, 3, 4)
	b.Size = 128
	if list := compare([]*Cell{a}, []*Cell{b}); len(list) != 0 ||
		!strings.Contains(verdictText("x.json", list, cli.PlainSheet),
			"no cell of it measured the same") {
		t.Errorf("%+v", list)
	}
	b.Size = 64
	b.Environment = &Environment{Go: "go2"}
	if text := verdictText("x.json", compare([]*Cell{a}, []*Cell{b}),
		cli.PlainSheet); !strings.Contains(text,
		"Not the same conditions: Go was go1, is go2.") {
		t.Error(text)
	}
}

func TestMedians(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want Spread
	}{
		{nil, Spread{}}, {[]float64{3}, Spread{3, 3, 3}}, {[]float64{4, 1}, Spread{2.5, 1, 4}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9}},
	} {
		if got := spread(c.v); got != c.want {
			t.Errorf("%v: %+v", c.v, got)
		}
	}
	f := medians([]Figures{
		{Missing: 1, Lost: 1, KernelDrops: 2, ClockShift: -5,
			Latency: &hist.Quantiles{P50: 10, Max: 90}},
		{Missing: 2, ClockShift: 3, Latency: &hist.Quantiles{P50: 30, Max: 70}},
		{Latency: &hist.Quantiles{P50: 11, Max: 80}},
	})
	if f.Missing != 3 || f.Lost != 1 || f.KernelDrops != 2 || f.ClockShift != -5 ||
		f.Latency.P50 != 11 || f.Latency.Max != 90 || f.Repaired != nil {
		t.Errorf("%+v %+v", f, f.Latency)
	}
}

// Shares are of the best way that the cell was allowed.
func TestShare(t *testing.T) {
	limit := func(offload bool, bytes float64) *Cell {
		return &Cell{Benchmark: Limits, Net: "lo", Subscribers: 1, Offload: offload,
			Figures: Figures{BytesPerSecond: bytes}}
	}
	limits := []*Cell{limit(false, 100), limit(false, 80), limit(true, 1000)}
	with := &Cell{Benchmark: Throughput, Net: "lo", Subscribers: 1, Offload: true,
		Figures: Figures{BytesPerSecond: 500}}
	without := &Cell{Benchmark: Throughput, Net: "lo", Subscribers: 1,
		Figures: Figures{BytesPerSecond: 50}}
	other := &Cell{Benchmark: Throughput, Net: "lo", Subscribers: 3,
		Figures: Figures{BytesPerSecond: 50}}
	Share([]*Cell{with, without, other}, limits)
	if with.ShareOfLimit != 0.5 || without.ShareOfLimit != 0.5 || other.ShareOfLimit != 0 {
		t.Errorf("%v, %v, %v", with.ShareOfLimit, without.ShareOfLimit, other.ShareOfLimit)
	}
}

// A ratio is that of runs that were made in turn.
func TestRatio(t *testing.T) {
	cell := func(p50 ...int64) *Cell {
		c := new(Cell)
		for _, n := range p50 {
			c.Each = append(c.Each, Figures{Latency: &hist.Quantiles{P50: n, P99: 2 * n}})
		}
		return c
	}
	r := RatioOf(cell(20, 30, 60), cell(10, 10, 30))
	if want := (Spread{2, 2, 3}); r.P50 != want || r.P99 != want {
		t.Errorf("%+v", r)
	}
	if r := RatioOf(&Cell{Each: make([]Figures, 1)}, &Cell{Each: make([]Figures, 1)}); r != nil {
		t.Errorf("of nothing: %+v", r)
	}
}
