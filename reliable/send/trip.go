package send

import (
	"slices"
	"time"

	"crier/reliable"
)

const (
	// tripSpread is how many medians the group's round trip is at the most: of two in the
	// middle the lower one, or in a group of two the greater would bound itself. Back-off
	// is in units of it, and RFC 5401 takes the greatest; but one subscriber far
	// away, or one whose host is overloaded, must not slow the recovery of all. Whoever
	// is further away than that asks a little too early, and alone.
	tripSpread = 4
	// tripEvery is how often it is worked out anew, at the most.
	tripEvery = 10 * time.Millisecond
)

// settle works out the group's round trip: the greatest, and four medians at the
// most.
func (t *members) settle(now reliable.Time) {
	if now < t.tripDue {
		return
	}
	t.tripDue = now.Add(tripEvery)
	t.trips = t.trips[:0]
	for _, m := range t.rows {
		if m.rtt.Known() {
			t.trips = append(t.trips, m.rtt.Smoothed())
		}
	}
	n := len(t.trips)
	if n == 0 {
		t.rtt = 0
		return
	}
	slices.Sort(t.trips)
	t.rtt = min(t.trips[n-1], tripSpread*t.trips[(n-1)/2])
}
