package sub

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// Where a message waits in the subscriber's own queue, that is told apart.
func TestLatencyText(t *testing.T) {
	s := &SessionSummary{Latency: &hist.Quantiles{P50: 1000, P99: 2000, Max: 3000},
		Taken: &hist.Quantiles{P50: 4_000_000, P99: 5_000_000, Max: 6_000_000}}
	got := summaryText(&Summary{Sessions: []*SessionSummary{s}}, 0, cli.PlainSheet)
	if want := "  latency p50 1 µs, p99 2 µs, max 3 µs until received\n" +
		"  latency p50 4 ms, p99 5 ms, max 6 ms until taken\n"; !strings.Contains(got, want) {
		t.Errorf("%q has no %q", got, want)
	}
}
