package directory

import (
	"math/bits"
	"math/rand/v2"
	"time"

	"crier/reliable"
)

// The pace of announcements, which all publishers keep together.
const (
	// MaxRate is the greatest number of announcements a second of all publishers together.
	MaxRate = 50
	// aim is the number a second that their intervals add up to, and full the number in the
	// last second above which nobody announces. Both are below MaxRate, since intervals are
	// random and announcements cross on the way.
	aim  = 40
	full = 45
	// crowd is what full is to publishers that are new: many may start at once.
	crowd = 150
	// shortest is the shortest interval between two announcements of a publisher.
	shortest = time.Second
	// spread is the part of an interval by which it is random, on both sides: 1/4.
	spread = 4
	// missed is the number of intervals, in halves, after which a publisher that wasn't heard
	// is gone.
	missed = 7
	// latest is how far a crowd may delay an announcement, in intervals. Hence made-up
	// announcements can't silence a publisher.
	latest = 2
	// patience bounds that for the first announcement.
	patience = 10 * time.Second
)

// interval returns the mean interval between two announcements of each of n publishers.
func interval(n int) time.Duration {
	return max(shortest, time.Duration(n)*time.Second/aim)
}

// longest returns the longest interval between two announcements of each of n publishers.
func longest(n int) time.Duration { return interval(n) + interval(n)/spread }

// maxInterval bounds what an announcement says of the next one.
const maxInterval = MaxPublishers * time.Second / aim * (spread + 1) / spread

// lifetime returns for how long a publisher is believed to live after an announcement, where n
// are known. At a mass start the publishers that announce first don't know yet how many they are.
func lifetime(announced time.Duration, n int) time.Duration {
	return max(min(announced, maxInterval), longest(n)) * missed / 2
}

// window remembers when announcements were heard, to count those of the last second.
type window struct {
	at   [crowd]reliable.Time
	next int
	n    int
}

// add notes an announcement.
func (w *window) add(now reliable.Time) {
	w.at[w.next] = now
	w.next = (w.next + 1) % crowd
	w.n = min(w.n+1, crowd)
}

// free returns when fewer than k announcements are in the last second. k is at most crowd.
func (w *window) free(k int) reliable.Time {
	if w.n < k {
		return 0
	}
	return w.at[(w.next+crowd-k)%crowd].Add(time.Second)
}

// dice draws random durations, the same on every machine.
type dice struct{ pcg *rand.PCG }

func newDice(seed uint64) dice { return dice{rand.NewPCG(seed, 0x6469726563746f72)} }

// below returns a random duration in [0, d).
func (r dice) below(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	high, _ := bits.Mul64(r.pcg.Uint64(), uint64(d))
	return time.Duration(high)
}

// share returns the part of d that a draw of below(unit) stands for. It is exact enough for
// durations up to an hour, and the same on every machine.
func share(d, draw time.Duration) time.Duration {
	high, low := bits.Mul64(uint64(d), uint64(draw))
	q, _ := bits.Div64(high, low, uint64(unit))
	return time.Duration(q)
}

// unit is the whole that share takes parts of.
const unit = time.Second
