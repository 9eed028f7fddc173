// Package linktest has what tests of links, and of what stands on them, judge by.
package linktest

import (
	"math"
	"strings"
	"testing"
)

// Within fails unless got is within five standard deviations of want. For a
// seed drawn at random a right model would fail with probability 6e-7, by the
// central limit theorem; the seeds are fixed, so a test passes always or never.
func Within(t testing.TB, what string, got, want, sd float64) {
	t.Helper()
	if math.Abs(got-want) > 5*sd {
		t.Errorf("%s: %.6g, not %.6g; that is %.1f standard deviations of %.3g off", what, got,
			want, math.Abs(got-want)/sd, sd)
	}
}

// Binomial returns the mean and standard deviation of n draws with probability p.
func Binomial(n int, p float64) (mean, sd float64) {
	return float64(n) * p, math.Sqrt(float64(n) * p * (1 - p))
}

// WantError fails unless an error says something.
func WantError(t testing.TB, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v doesn't say %q", err, says)
	}
}
