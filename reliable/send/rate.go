package send

import (
	"time"

	"crier/reliable"
)

// dataRate measures how fast DATA is sent.
type dataRate struct {
	rate  uint64 // lately, in bytes a second
	bytes uint64 // since from
	from  reliable.Time
}

// pass lets time pass, and reports whether the rate was worked out anew. The repairs of a
// burst come after it: the rate falls slowly.
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
