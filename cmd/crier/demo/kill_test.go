package demo

import (
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/feed"
	"crier/cmd/crier/hist"
)

// The producer dies in mid-burst, when it has something unsent and a subscriber has
// been behind for a while; or in the middle of the last burst.
func TestDemoMoment(t *testing.T) {
	bursts := []storm{{100, 200}, {300, 400}}
	ms := time.Millisecond
	type step struct {
		at             time.Duration
		accepted, sent uint64
		have           []uint64
		want           bool
	}
	for name, steps := range map[string][]step{
		"nobody is behind": {
			{0, 110, 108, []uint64{108, 108, 90}, false},
			{4 * ms, 130, 128, []uint64{128, 128, 108}, false},
			{8 * ms, 150, 148, []uint64{148, 148, 128}, false},
			{9 * ms, 151, 149, []uint64{149, 149, 129}, false},
		},
		"the second is behind": {
			{0, 110, 108, []uint64{108, 108, 100}, false},
			{2 * ms, 120, 118, []uint64{118, 105, 104}, false},
			{4 * ms, 130, 128, []uint64{128, 105, 118}, true},
		},
		"the third is behind, by more than its way": {
			{0, 110, 108, []uint64{108, 108, 100}, false},
			{3 * ms, 120, 118, []uint64{118, 118, 100}, false}, // its way is that long
			{5 * ms, 130, 128, []uint64{128, 128, 100}, false}, // it could be the processor
			{6 * ms, 140, 138, []uint64{138, 138, 100}, true},
		},
		"all was sent": {
			{0, 110, 108, []uint64{108, 108, 108}, false},
			{2 * ms, 120, 118, []uint64{118, 105, 118}, false},
			{4 * ms, 130, 130, []uint64{128, 105, 128}, false},
		},
		"between bursts": {
			{0, 210, 208, []uint64{208, 208, 208}, false},
			{2 * ms, 220, 218, []uint64{218, 205, 218}, false},
			{4 * ms, 300, 298, []uint64{228, 205, 228}, false},
		},
		"in the last": {
			{0, 349, 349, []uint64{349, 349, 349}, false},
			{ms, 350, 350, []uint64{350, 350, 350}, true},
		},
	} {
		m := moment{bursts: bursts, far: []time.Duration{0, 0, 3 * ms}}
		for i, s := range steps {
			if got := m.come(s.at, s.accepted, s.sent, s.have); got != s.want {
				t.Errorf("%s, step %d: %v", name, i, got)
			}
		}
	}
}

func TestLastBurst(t *testing.T) {
	bursts := []storm{{100, 200}, {300, 400}}
	for accepted, want := range map[uint64]struct {
		burst storm
		into  uint64
	}{
		50: {}, 100: {}, 101: {bursts[0], 1}, 250: {bursts[0], 150}, 300: {bursts[0], 200}, 350: {bursts[1], 50},
	} {
		if burst, into := lastBurst(bursts, accepted); burst != want.burst || into != want.into {
			t.Errorf("%d accepted: %v, %d", accepted, burst, into)
		}
	}
}

// The bursts of a plan are storms of the feed after its first seconds, and the last
// one ends it.
func TestDemoPlanStorms(t *testing.T) {
	p := newScript(3, 4)
	if len(p.storms) != 4 || p.storms[3].to != uint64(len(p.messages)) {
		t.Fatalf("%v of %d messages", p.storms, len(p.messages))
	}
	for i, b := range p.storms {
		took := p.messages[b.to-1].at - p.messages[b.from].at
		if b.to-b.from < 100 || took > feed.BurstTime || p.messages[b.to-1].at < runs || i > 0 && b.from < p.storms[i-1].to {
			t.Errorf("burst %d: %v in %v, at %v", i, b, took, p.messages[b.from].at)
		}
	}
}

// A demo in which nothing was lost says so, and doesn't tell of a death that it
// didn't show.
func TestDemoWithoutLoss(t *testing.T) {
	r := report{Accepted: 5, Sent: 5, Checked: true, Subscribers: []*member{{Name: "clean", Delivered: 5}}}
	if text := r.text(); !strings.Contains(text, "This time nothing is gone") || strings.Contains(text, "died with its producer") {
		t.Error(text)
	}
	r.Subscribers[0].Gone = 1
	if text := r.text(); strings.Contains(text, "nothing is gone") || !strings.Contains(text, "died with its producer") {
		t.Error(text)
	}
}

// Where a subscriber's clock is behind the producer's, the table says so.
func TestDemoOfTwoClocks(t *testing.T) {
	latency := &hist.Quantiles{Negative: 981, Min: -50e6}
	r := report{Subscribers: []*member{{Name: "clean", Latency: latency}}}
	var b strings.Builder
	r.table(&b)
	if text := b.String(); !strings.Contains(text, "clean   981 latencies are negative, down to -50ms") {
		t.Error(text)
	}
}
