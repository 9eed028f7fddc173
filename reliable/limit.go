package reliable

import "time"

// limit bounds a rate of bytes, smoothly: the Generic Cell Rate Algorithm (ITU-T
// I.371). It remembers only when all that was sent so far would have been sent
// at exactly the rate. The zero value, whose rate is 0, bounds nothing.
type limit struct {
	rate  uint64        // bytes a second; 0 means no bound
	ahead time.Duration // how far ahead of the rate a burst may be
	paid  Time          // what was sent is paid for by then
	rest  uint64        // of the last division, in byte-nanoseconds

	waits   bool // something waits for it
	since   Time // since when
	waited  time.Duration
	waiting uint64 // times that something had to wait
}

// maxBurst bounds a burst, in bytes, so that products of it fit 64 bits.
const maxBurst = 1 << 30

// newLimit returns a bound of so many bytes a second, and at once.
func newLimit(rate, burst uint64) limit {
	if rate == 0 {
		return limit{}
	}
	return limit{rate: rate, ahead: time.Duration(min(burst, maxBurst) * uint64(time.Second) / rate)}
}

// setRate changes the rate; what was sent before stays paid for as it was.
func (l *limit) setRate(rate, burst uint64) {
	if rate != l.rate {
		l.rate, l.ahead, l.rest = rate, newLimit(rate, burst).ahead, 0
	}
}

// ready returns when something may be sent.
func (l *limit) ready() Time { return l.paid - Time(l.ahead) }

// room returns how many bytes may be sent at once; more than 0 means one frame
// at least, however long it is.
func (l *limit) room(now Time) uint64 {
	if now < l.ready() {
		return 0
	}
	d := uint64(now.Add(l.ahead).Sub(max(l.paid, now)))
	return 1 + d*l.rate/uint64(time.Second)
}

// take counts n bytes as sent, 2^30 at the most.
func (l *limit) take(now Time, n uint64) {
	if l.rate == 0 {
		return
	}
	cost := n*uint64(time.Second) + l.rest
	l.paid = max(l.paid, now).Add(time.Duration(cost / l.rate))
	l.rest = cost % l.rate
}

// allow returns how many bytes of what waits may be sent now, and keeps account
// of the time that it waits.
func (l *limit) allow(now Time) uint64 {
	n := l.room(now)
	if n == 0 && !l.waits {
		l.waits, l.since = true, now
		l.waiting++
	} else if n > 0 && l.waits {
		l.waits = false
		l.waited += now.Sub(l.since)
	}
	return n
}

// waitedUntil returns for how long something has waited, up to now.
func (l *limit) waitedUntil(now Time) time.Duration {
	if l.waits && now > l.since {
		return l.waited + now.Sub(l.since)
	}
	return l.waited
}
