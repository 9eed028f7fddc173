package rate

import (
	"time"

	"crier/reliable"
)

// A Limit bounds a rate of bytes, smoothly, by the Generic Cell Rate Algorithm (ITU-T
// I.371). It only remembers when everything sent so far would have been sent at exactly
// the rate. The zero value bounds nothing.
type Limit struct {
	// rate is in bytes a second; 0 means no bound.
	rate uint64
	// ahead is how far ahead of the rate a burst may be.
	ahead time.Duration
	// paid is when the bytes sent so far are paid for.
	paid reliable.Time
	// rest is the remainder of the last division, in byte-nanoseconds.
	rest uint64

	// debt is the token debt: bytes that went out without asking, and that later bytes
	// pay for.
	debt uint64
	// late is the time that is yet to be made up: something could have been sent, but the
	// sender woke up late.
	late time.Duration
	// back is how much of that may be made up at once, until at.
	back time.Duration
	at   reliable.Time

	// waits says that something has waited since since.
	waits  bool
	since  reliable.Time
	waited time.Duration
	// waiting counts the times that something had to wait, and waited is their total.
	waiting uint64
}

const (
	// MaxBurst bounds a burst, in bytes, so that products of it fit 64 bits.
	MaxBurst = 1 << 30
	// maxLate bounds the lateness that is made up. Up to lateBurst is made up at once,
	// since a sender that wakes up that late each time keeps no rate otherwise. The rest
	// is made up little by little: each frame pays a quarter less.
	maxLate   = 100 * time.Millisecond
	lateBurst = 4 * time.Millisecond
	lateShare = 4
	// atOnce bounds the time that sending takes after one wake-up.
	atOnce = time.Millisecond
)

// New returns a Limit of rate bytes a second, with bursts of burst bytes.
func New(rate, burst uint64) *Limit {
	if rate == 0 {
		return &Limit{}
	}
	return &Limit{rate: rate, ahead: time.Duration(min(burst,
		MaxBurst) * uint64(time.Second) / rate)}
}

// Ready returns when something may be sent.
func (l *Limit) Ready() reliable.Time { return l.paid - reliable.Time(l.ahead) }

// Room returns the number of bytes that may be sent at once. More than 0 means at least
// one frame, however long it is.
func (l *Limit) Room(now reliable.Time) uint64 {
	if now < l.Ready() {
		return 0
	}
	d := uint64(now.Add(l.ahead).Sub(l.from(now)))
	return 1 + d*l.rate/uint64(time.Second)
}

// Take counts n bytes as sent, at most 2^30. They pay as much again of the debt.
func (l *Limit) Take(now reliable.Time, n uint64) {
	if l.rate == 0 {
		return
	}
	if now > l.paid {
		l.idle(now.Sub(l.paid))
	}
	owed := min(l.debt, n)
	l.debt -= owed
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

// from returns when the payment for bytes sent now begins.
func (l *Limit) from(now reliable.Time) reliable.Time {
	if l.back > 0 && now < l.at {
		return max(l.paid, now-reliable.Time(l.back))
	}
	return max(l.paid, now)
}

// Owe counts n bytes as sent that nothing may hold back, such as a heartbeat. They add to
// the debt that later bytes pay for. The sum keeps the rate as long as at most half of it
// is owed.
func (l *Limit) Owe(n uint64) {
	if l.rate > 0 {
		l.debt = min(l.debt+n, MaxBurst)
	}
}

// idle pays the debt out of a time in which nothing was sent.
func (l *Limit) idle(d time.Duration) {
	if l.debt == 0 {
		return
	}
	if d >= time.Duration(l.debt*uint64(time.Second)/l.rate) {
		l.debt = 0
		return
	}
	l.debt -= uint64(d) * l.rate / uint64(time.Second)
}

// Allow returns how many waiting bytes may be sent now, and accounts for the time that
// they wait.
func (l *Limit) Allow(now reliable.Time) uint64 {
	n := l.Room(now)
	if n == 0 && !l.waits {
		l.waits, l.since = true, now
		l.waiting++
	} else if n > 0 && l.waits {
		l.waits = false
		l.waited += now.Sub(l.since)
		if now > l.paid && l.debt == 0 {
			late := now.Sub(l.paid)
			l.back, l.at = min(late, lateBurst), now.Add(atOnce)
			l.late = min(l.late+late-l.back, maxLate)
			n = l.Room(now)
		}
	}
	return n
}

// WaitedUntil returns the total time for which something has waited, up to now.
func (l *Limit) WaitedUntil(now reliable.Time) time.Duration {
	if l.waits && now > l.since {
		return l.waited + now.Sub(l.since)
	}
	return l.waited
}

// Bounds reports whether there is a bound.
func (l *Limit) Bounds() bool { return l.rate > 0 }

// Waits reports whether something waits for the limit.
func (l *Limit) Waits() bool { return l.waits }

// Waited returns the number of times that something had to wait.
func (l *Limit) Waited() uint64 { return l.waiting }
