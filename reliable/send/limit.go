package send

import (
	"time"

	"crier/reliable"
)

// limit bounds a rate of bytes, smoothly: the Generic Cell Rate Algorithm (ITU-T
// I.371). It remembers only when all that was sent so far would have been sent
// at exactly the rate. The zero value, whose rate is 0, bounds nothing.
type limit struct {
	rate  uint64        // bytes a second; 0 means no bound
	ahead time.Duration // how far ahead of the rate a burst may be
	paid  reliable.Time // what was sent is paid for by then
	rest  uint64        // of the last division, in byte-nanoseconds

	owed uint64        // bytes that went out without asking, and are to be paid by what follows
	late time.Duration // for how long something could have been sent while nobody woke up, yet to be made up
	back time.Duration // how much of that may be made up at once, until at is over
	at   reliable.Time

	waits   bool          // something waits for it
	since   reliable.Time // since when
	waited  time.Duration
	waiting uint64 // times that something had to wait
}

const (
	// maxBurst bounds a burst, in bytes, so that products of it fit 64 bits.
	maxBurst = 1 << 30
	// maxLate bounds the lateness that is made up: up to lateBurst at once, since
	// whoever wakes up that late each time keeps no rate otherwise; the rest little by
	// little, each frame paying a quarter less.
	maxLate   = 100 * time.Millisecond
	lateBurst = 4 * time.Millisecond
	lateShare = 4
	// atOnce is how long what goes out after one wake-up may take.
	atOnce = time.Millisecond
)

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
func (l *limit) ready() reliable.Time { return l.paid - reliable.Time(l.ahead) }

// room returns how many bytes may be sent at once; more than 0 means one frame
// at least, however long it is.
func (l *limit) room(now reliable.Time) uint64 {
	if now < l.ready() {
		return 0
	}
	d := uint64(now.Add(l.ahead).Sub(l.from(now)))
	return 1 + d*l.rate/uint64(time.Second)
}

// take counts n bytes as sent, 2^30 at the most. They pay as much again of what is
// owed.
func (l *limit) take(now reliable.Time, n uint64) {
	if l.rate == 0 {
		return
	}
	if now > l.paid {
		l.idle(now.Sub(l.paid))
	}
	owed := min(l.owed, n)
	l.owed -= owed
	cost := (n+owed)*uint64(time.Second) + l.rest
	takes := time.Duration(cost / l.rate)
	l.rest = cost % l.rate
	if l.late > 0 {
		up := min(takes/lateShare, l.late)
		l.late -= up
		takes -= up
	}
	l.paid = l.from(now).Add(takes)
}

// from returns when what is sent now begins to be paid.
func (l *limit) from(now reliable.Time) reliable.Time {
	if l.back > 0 && now < l.at {
		return max(l.paid, now-reliable.Time(l.back))
	}
	return max(l.paid, now)
}

// owe counts n bytes as sent that nothing may hold back, such as a heartbeat. What
// follows pays for them, so that all together keep the rate while no more than half
// of it is theirs.
func (l *limit) owe(n uint64) {
	if l.rate > 0 {
		l.owed = min(l.owed+n, maxBurst)
	}
}

// idle pays what is owed out of a time in which nothing was sent.
func (l *limit) idle(d time.Duration) {
	if l.owed == 0 {
		return
	}
	if d >= time.Duration(l.owed*uint64(time.Second)/l.rate) {
		l.owed = 0
		return
	}
	l.owed -= uint64(d) * l.rate / uint64(time.Second)
}

// allow returns how many bytes of what waits may be sent now, and keeps account
// of the time that it waits.
func (l *limit) allow(now reliable.Time) uint64 {
	n := l.room(now)
	if n == 0 && !l.waits {
		l.waits, l.since = true, now
		l.waiting++
	} else if n > 0 && l.waits {
		l.waits = false
		l.waited += now.Sub(l.since)
		if now > l.paid && l.owed == 0 {
			late := now.Sub(l.paid)
			l.back, l.at = min(late, lateBurst), now.Add(atOnce)
			l.late = min(l.late+late-l.back, maxLate)
			n = l.room(now)
		}
	}
	return n
}

// waitedUntil returns for how long something has waited, up to now.
func (l *limit) waitedUntil(now reliable.Time) time.Duration {
	if l.waits && now > l.since {
		return l.waited + now.Sub(l.since)
	}
	return l.waited
}
