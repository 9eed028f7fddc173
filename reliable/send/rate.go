package send

import (
	"time"

	"crier/reliable"
)

// A dataRate measures how fast DATA is sent.
type dataRate struct {
	// rate is the recent rate, in bytes a second.
	rate uint64
	// bytes counts the bytes since from.
	bytes uint64
	from  reliable.Time
}

// pass lets time pass, and reports whether it updated the rate. The repairs of a burst
// come after it, so the rate falls slowly.
func (d *dataRate) pass(now reliable.Time) bool {
	elapsed := now.Sub(d.from)
	if elapsed < 50*time.Millisecond {
		return false
	}
	rate := d.bytes * 1000 / uint64(elapsed.Milliseconds())
	d.rate = max(rate, d.rate-d.rate/8)
	d.bytes, d.from = 0, now
	return true
}
