package receive

import (
	"testing"
	"time"

	"crier/reliable"
)

// Whatever a hostile sender says of the time, it is late by no less than nothing.
func TestTransitOfForgedTimes(t *testing.T) {
	for _, now := range []reliable.Time{0, 1e9, 1 << 62} {
		var tr transit
		for _, sent := range []uint64{1<<63 - 1, 0, 1 << 62, 1, 1<<63 - 1} {
			if late := tr.take(now, sent); late < 0 || late > maxTransit {
				t.Errorf("sent at %d, taken at %d: late by %v", sent, now, late)
			}
		}
	}
}

func TestTransit(t *testing.T) {
	const ms = reliable.Time(time.Millisecond)
	var tr transit
	for _, step := range []struct {
		now, sent reliable.Time
		want      time.Duration
	}{
		{1000 * ms, 0, 0}, // the clocks differ: it counts as the fastest
		{1010 * ms, 10 * ms, 0},
		{1025 * ms, 20 * ms, 5 * time.Millisecond}, // it waited somewhere
		{1027 * ms, 30 * ms, 0},                    // the fastest so far
		{1040 * ms, 40 * ms, 3 * time.Millisecond},
		{9000 * ms, 41 * ms, 7962 * time.Millisecond},
		{62_000 * ms, 1000 * ms, 30 * time.Second}, // the longest that is believed
		// what was fast a minute ago says nothing
		{92_000 * ms, 32_000 * ms, 0},
		{92_001 * ms, 91_003 * ms, 0},                      // it is fast again
		{122_010 * ms, 121_003 * ms, 9 * time.Millisecond}, // the window before still counts
		{122_011 * ms, 1 << 62, 0},                         // from the future: the fastest
		{122_012 * ms, 121_011 * ms, 30 * time.Second},     // which lasts
		{300_000 * ms, 298_000 * ms, 30 * time.Second},     // for the window
		{330_000 * ms, 328_000 * ms, 0},                    // and no longer
	} {
		if got := tr.take(step.now, uint64(step.sent)); got != step.want {
			t.Errorf("at %v: %v, want %v", time.Duration(step.now), got, step.want)
		}
	}
}
