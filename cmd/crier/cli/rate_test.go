package cli

import (
	"math"
	"testing"
)

func TestRates(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "500": 500, "10k": 10e3, "10K": 10e3,
		"1.5M": 1.5e6, "2G": 2e9, "1e9": 1e9, "0.1": 0.1, "-5": -5, "0.25k": 250} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	if got, err := ParseRate("NaN"); err != nil || !math.IsNaN(got) {
		t.Errorf("NaN is %v, %v", got, err)
	}
	for _, text := range []string{"", "k", "10m", "10kk", "10 k", "fast", "10k/s"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for want, rate := range map[string]float64{"0": 0, "500": 500, "10k": 10e3, "1.5M": 1.5e6,
		"1234": 1234, "1.2k": 1200, "0.5": 0.5, "1G": 1e9, "250M": 250e6} {
		if got := FormatRate(rate); got != want {
			t.Errorf("%v is %q, want %q", rate, got, want)
		}
	}
	rates := []float64{1}
	value := RatesOf(&rates)
	if err := value.Set("10k,0,1.5M"); err != nil || value.String() != "10k,0,1.5M" {
		t.Errorf("%v, %v", value, err)
	}
	if err := value.Set("10k,"); err == nil || value.String() != "10k,0,1.5M" {
		t.Errorf("%v, %v", value, err)
	}
}
