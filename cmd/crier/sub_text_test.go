package main

import (
	"strings"
	"testing"

	"crier/cmd/crier/hist"
)

// Where a message waits in the subscriber's own queue, that is told apart.
func TestLatencyText(t *testing.T) {
	s := &sessionSummary{Latency: &hist.Quantiles{P50: 1000, P99: 2000, Max: 3000}, Taken: &hist.Quantiles{P50: 4_000_000, P99: 5_000_000, Max: 6_000_000}}
	got := subText(&subSummary{Sessions: []*sessionSummary{s}}, 0)
	if want := "  latency p50 1µs, p99 2µs, max 3µs until received; p50 4ms, p99 5ms, max 6ms until taken\n"; !strings.Contains(got, want) {
		t.Errorf("%q has no %q", got, want)
	}
}

// Offsets are printed from the first to the last, which is in it.
func TestOffsetsText(t *testing.T) {
	for _, c := range []struct {
		first, next uint64
		want        string
	}{
		{0, 40000, "offsets 0 to 39,999"},
		{7, 8, "offset 7"},
		{1000, 1000, "no messages"},
		{1 << 63, 1<<63 + 2, "offsets 9,223,372,036,854,775,808 to 9,223,372,036,854,775,809"},
	} {
		if got := offsetsText(c.first, c.next); got != c.want {
			t.Errorf("%d to %d: %q, want %q", c.first, c.next, got, c.want)
		}
	}
}
