package rate

import (
	"time"

	"crier/reliable"
)

// Limit bounds a rate of bytes, smoothly: the Generic Cell Rate Algorithm (ITU-T
// I.371). It remembers only when all that was sent so far would have been sent
// at exactly the rate. The zero value, whose rate is 0, bounds nothing.
type Limit struct {
	rate  uint64        // bytes a second; 0 means no bound
	ahead time.Duration // how far ahead of the rate a burst may be
	paid  reliable.Time // what was sent is paid for by then
	rest  uint64        // of the last division, in byte-nanoseconds

	owed uint64 // bytes that went out without asking, and are to be paid by what follows
	// for how long something could have been sent while nobody woke up, yet to be made up
	late time.Duration
	back time.Duration // how much of that may be made up at once, until at is over
	at   reliable.Time

	waits   bool          // something waits for it
	since   reliable.Time // since when
	waited  time.Duration
	waiting uint64 // times that something had to wait
}

const (
	// MaxBurst bounds a burst, in bytes, so that products of it fit 64 bits.
	MaxBurst = 1 << 30
	// maxLate bounds the lateness that is made up: up to lateBurst at once, since
	// whoever wakes up that late each time keeps no rate otherwise; the rest little by
	// little, each frame paying a quarter less.
	maxLate   = 100 * time.Millisecond
	lateBurst = 4 * time.Millisecond
	lateShare = 4
	// atOnce is how long what goes out after one wake-up may take.
	atOnce = time.Millisecond
)

// New returns a bound of so many bytes a second, and at once.
func New(rate, burst uint64) *Limit {
	if rate == 0 {
		return &Limit{}
	}
	return &Limit{rate: rate, ahead: time.Duration(min(burst,
		MaxBurst) * uint64(time.Second) / rate)}
}

// Ready returns when something may be sent.
func (l *Limit) Ready() reliable.Time { return l.paid - reliable.Time(l.ahead) }

// Room returns how many bytes may be sent at once; more than 0 means one frame
// at least, however long it is.
func (l *Limit) Room(now reliable.Time) uint64 {
	if now < l.Ready() {
		return 0
	}
	d := uint64(now.Add(l.ahead).Sub(l.from(now)))
	return 1 + d*l.rate/uint64(time.Second)
}

// Take counts n bytes as sent, 2^30 at the most. They pay as much again of what is
// owed.
func (l *Limit) Take(now reliable.Time, n uint64) {
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
func (l *Limit) from(now reliable.Time) reliable.Time {
	if l.back > 0 && now < l.at {
		return max(l.paid, now-reliable.Time(l.back))
	}
	return max(l.paid, now)
}

// Owe counts n bytes as sent that nothing may hold back, such as a heartbeat. What
// follows pays for them, so that all together keep the rate while no more than half
// of it is theirs.
func (l *Limit) Owe(n uint64) {
	if l.rate > 0 {
		l.owed = min(l.owed+n, MaxBurst)
	}
}

// idle pays what is owed out of a time in which nothing was sent.
func (l *Limit) idle(d time.Duration) {
	if l.owed == 0 {
		return
	}
	if d >= time.Duration(l.owed*uint64(time.Second)/l.rate) {
		l.owed = 0
		return
	}
	l.owed -= uint64(d) * l.rate / uint64(time.Second)
}

// Allow returns how many bytes of what waits may be sent now, and keeps account
// of the time that it waits.
func (l *Limit) Allow(now reliable.Time) uint64 {
	n := l.Room(now)
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
			n = l.Room(now)
		}
	}
	return n
}

// WaitedUntil returns for how long something has waited, up to now.
func (l *Limit) WaitedUntil(now reliable.Time) time.Duration {
	if l.waits && now > l.since {
		return l.waited + now.Sub(l.since)
	}
	return l.waited
}

// Bounds says whether there is a bound.
func (l *Limit) Bounds() bool { return l.rate > 0 }

// Waits says whether something waits for it.
func (l *Limit) Waits() bool { return l.waits }

// Waited returns how often something had to wait.
func (l *Limit) Waited() uint64 { return l.waiting }
