package report

import (
	"math/rand/v2"
	"testing"
)

// Nine runs give the second and the eighth of them, as tables of order statistics
// have it: 96.1 %.
func TestInterval(t *testing.T) {
	i := interval([]float64{9, 1, 8, 2, 7, 3, 6, 4, 5})
	if i.Median != 5 || i.Low != 2 || i.High != 8 || i.Runs != 9 || i.Confidence < 0.9609 ||
		i.Confidence > 0.9610 {
		t.Errorf("%+v", i)
	}
	if i := interval([]float64{3, 1, 2}); i.Median != 2 || i.Low != 1 || i.High != 3 ||
		i.Confidence != 0.75 {
		t.Errorf("%+v", i)
	}
	if i := interval([]float64{7}); i.Low != 7 || i.High != 7 || i.Confidence != 0 ||
		i.text() != "7" {
		t.Errorf("%+v", i)
	}
	if interval(nil) != nil || (*Interval)(nil).text() != "-" {
		t.Error("of nothing")
	}
}

// The interval holds the true median as often as it says.
func TestIntervalHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	held, confidence := 0, 0.0
	const rounds = 20000
	for range rounds {
		v := make([]float64, 9)
		for i := range v {
			v[i] = r.ExpFloat64() // skewed, as times are: its median is ln 2
		}
		i := interval(v)
		confidence = i.Confidence
		if i.Low <= 0.6931471805599453 && 0.6931471805599453 <= i.High {
			held++
		}
	}
	if share := float64(held) / rounds; share < confidence-0.01 || share > confidence+0.01 {
		t.Errorf("it held the median in %.3f of the cases, not in %.3f", share, confidence)
	}
}

// Cells are compared run by run, by times only where there is a rate.
func TestVersus(t *testing.T) {
	alone, with := runsOf(100, 200, 400), runsOf(90, 180, 380)
	alone.Way = WayAlone
	v := VersusOf(with, alone)
	if v.Of != WayAlone || v.Rate.Median != 0.9 || v.Rate.High != 0.95 || v.P99 != nil {
		t.Errorf("%+v", v)
	}
	with.Ratios = []*Versus{v}
	if with.against(WayAlone) != v || with.against(WayBeside) != nil {
		t.Error("it isn't found again")
	}
}
