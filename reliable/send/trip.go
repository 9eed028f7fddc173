package send

import (
	"slices"
	"time"

	"crier/reliable"
)

const (
	// tripSpread bounds the group's round trip, in medians: the lower one of two, or in a
	// group of two the greater would bound itself. Back-off is in units of the group's
	// round trip, and RFC 5401 takes the greatest. But one subscriber that is far away,
	// or whose host is overloaded, must not slow down the recovery of all. A subscriber
	// that is further away than the bound asks a little too early, and alone.
	tripSpread = 4
	// tripEvery is the least time between two updates of it.
	tripEvery = 10 * time.Millisecond
)

// settle updates the group's round trip: the greatest, but at most four medians.
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
