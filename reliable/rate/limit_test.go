package rate

import (
	"testing"
	"time"

	"crier/reliable"
)

// pump sends frames of 1,400 bytes as soon as a Limit allows it, by a sender that wakes
// up late by late. It returns the bytes that went out in d, and the most in any window.
func pump(l *Limit, d, window time.Duration, late func(i int) time.Duration) (sent, most uint64) {
	type batch struct {
		at reliable.Time
		n  uint64
	}
	var recent []batch
	in := uint64(0)
	for now, i := reliable.Time(0), 0; now < reliable.Time(d); i++ {
		for n := l.Allow(now); n > 0; n = l.Allow(now) {
			l.Take(now, 1400)
			sent += 1400
			recent, in = append(recent, batch{now, 1400}), in+1400
		}
		for len(recent) > 0 && recent[0].at <= now-reliable.Time(window) {
			in -= recent[0].n
			recent = recent[1:]
		}
		most = max(most, in)
		now = max(now+1, l.Ready()).Add(late(i))
	}
	return sent, most
}

// Late wake-ups are made up, and bring no burst.
func TestLimitMakesUpForLateTimers(t *testing.T) {
	const rate = 12_500_000 // 100 Mbit/s
	for _, c := range []struct {
		name string
		late func(i int) time.Duration
	}{
		{"never", func(int) time.Duration { return 0 }},
		{"always a little", func(int) time.Duration { return 100 * time.Microsecond }},
		{"always", func(int) time.Duration { return 3 * time.Millisecond }},
		{"now and then", func(i int) time.Duration {
			return time.Duration(i%2000/1999) * 40 * time.Millisecond
		}},
	} {
		l := New(rate, rate/1000)
		sent, most := pump(l, 10*time.Second, 100*time.Millisecond, c.late)
		if share := float64(sent) / (10 * rate); share < 0.98 || share > 1.01 {
			t.Errorf("late %s: %.3f of the rate", c.name, share)
		}
		if share := float64(most) / (rate / 10); share > 1.45 {
			t.Errorf("late %s: in 100 ms at most %.2f of the rate", c.name, share)
		}
	}
}

// A debt is paid by frames that wait, up to half of them, and by time in which nothing is
// sent.
func TestLimitPaysItsDebt(t *testing.T) {
	const rate = 1_000_000
	for _, c := range []struct {
		owed uint64 // bytes each ms
		want uint64 // bytes in a second, in all
	}{{0, rate}, {100, rate}, {500, rate}, {900, 900_000 + rate/2}} {
		l := New(rate, 3000)
		sent := uint64(0)
		for ms := range reliable.Time(1000) {
			l.Owe(c.owed)
			sent += c.owed
			for now := ms * 1e6; now < (ms+1)*1e6; now += 100_000 {
				for l.Allow(now) > 0 {
					l.Take(now, 100)
					sent += 100
				}
			}
		}
		if sent < c.want-10_000 || sent > c.want+10_000 {
			t.Errorf("with %d bytes each ms that aren't held back: %d bytes in a second, want %d",
				c.owed, sent, c.want)
		}
	}
	l := New(rate, 3000)
	l.Owe(1000)
	l.Take(0, 100)
	if l.paid != 200_000 || l.debt != 900 {
		t.Fatalf("paid until %d, %d owed", l.paid, l.debt)
	}
	// 400 us of nothing pay 400 bytes, and 100 are paid now
	if l.Take(600_000, 100); l.debt != 400 {
		t.Errorf("%d owed", l.debt)
	}
	if l.Take(1e9, 100); l.debt != 0 || l.paid != 1e9+100_000 {
		t.Errorf("%d owed, paid until %d", l.debt, l.paid)
	}
}
