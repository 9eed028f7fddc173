package nack

import (
	"math"
	"time"
)

// Time is an instant, in nanoseconds since a start that the caller chose. Only
// differences are meaningful.
type Time int64

// Never is later than every other Time.
const Never Time = math.MaxInt64

// always is earlier than every other Time.
const always Time = math.MinInt64

// Add returns t+d, or Never if that would overflow. A negative d must not reach before
// the earliest Time.
func (t Time) Add(d time.Duration) Time {
	sum := t + Time(d)
	if t == Never || (d > 0 && sum < t) {
		return Never
	}
	return sum
}

// Sub returns t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }
