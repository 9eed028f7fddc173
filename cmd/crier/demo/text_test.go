package demo

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
)

// A demo in which nothing was lost says so, and doesn't tell of a death that it
// didn't show.
func TestDemoWithoutLoss(t *testing.T) {
	r := report{Accepted: 5, Sent: 5, Checked: true,
		Subscribers: []*member{{Name: "clean", Delivered: 5}}}
	if text := r.text(cli.PlainSheet); !strings.Contains(text, "This time nothing is gone") ||
		strings.Contains(text, "died with its producer") {
		t.Error(text)
	}
	r.Subscribers[0].Gone = 1
	if text := r.text(cli.PlainSheet); strings.Contains(text, "nothing is gone") ||
		!strings.Contains(text, "died with its producer") {
		t.Error(text)
	}
}

// Where a subscriber's clock is behind the producer's, the table says so.
func TestDemoOfTwoClocks(t *testing.T) {
	latency := &hist.Quantiles{Negative: 981, Min: -50e6}
	r := report{Subscribers: []*member{{Name: "clean", Latency: latency}}}
	var b strings.Builder
	r.table(&b, cli.PlainSheet)
	if text := b.String(); !strings.Contains(text,
		"clean   981 latencies are negative, down to -50 ms") {
		t.Error(text)
	}
}
