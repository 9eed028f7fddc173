package checker

import "time"

// delays is how long packets take from a publisher to a subscriber.
type delays struct {
	least, most time.Duration // that a packet took
	// mostSinceMade is the longest from when a frame was made, or its message accepted.
	mostSinceMade time.Duration
	// groupTrip is the shortest round trip of the group that was announced; 0: none was.
	groupTrip time.Duration
}

// note adds what a packet took.
func (d *delays) note(took time.Duration) {
	d.least, d.most = min(d.least, took), max(d.most, took)
}

// announced adds a round trip of the group.
func (d *delays) announced(trip time.Duration) {
	if trip > 0 && (d.groupTrip == 0 || trip < d.groupTrip) {
		d.groupTrip = trip
	}
}

// roundTrip returns the longest round trip that there can have been.
func (d *delays) roundTrip() time.Duration { return 2*d.most + 20*time.Millisecond }

// leastHold returns how long a CONFIRM holds back at the least: for a timeout, which
// is no less than two round trips, or three of the group's where none was measured, or
// 20 ms where that isn't known either; less a quarter where it goes along with another NACK.
func (d *delays) leastHold(patience time.Duration) time.Duration {
	timeout := 20 * time.Millisecond
	if d.groupTrip > 0 {
		timeout = min(timeout, 3*d.groupTrip)
	}
	if d.least < timeout/2 {
		timeout = max(2*d.least, time.Millisecond/20)
	}
	return min(timeout, patience/4) * 3 / 4
}
