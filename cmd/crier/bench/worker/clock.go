package worker

import "time"

// clock is the wall clock, which all processes of one machine share, and which
// the kernel's receive times are of. It is watched for having been set.
type clock struct{ began time.Time }

func startClock() clock { return clock{time.Now()} }

// nanos returns the time, since 1970, in nanoseconds.
func nanos() int64 { return time.Now().UnixNano() }

// shift is how far the wall clock has moved against the monotonic one.
func (c clock) shift() time.Duration {
	now := time.Now()
	return now.Round(0).Sub(c.began.Round(0)) - now.Sub(c.began)
}
