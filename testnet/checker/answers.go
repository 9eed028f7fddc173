package checker

import (
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/testnet/world"
)

// answers is what a publisher was asked for lately, and what it answered.
type answers struct {
	repairs  []repairSent
	confirms []rangesAt
	gones    []rangesAt
	asks     []rangesAt
	refused  uint64 // by the publisher's bounds, so far
	trimmed  reliable.Time
}

// repairSent is one REPAIR.
type repairSent struct {
	at  reliable.Time
	seq uint64
	to  *world.Subscriber // nil: the group
}

// rangesAt is a frame with ranges, the subscriber at its other end, and when it came or went.
type rangesAt struct {
	at     reliable.Time
	sent   reliable.Time // of a NACK
	sub    *world.Subscriber
	ranges []nack.Range
	// Of a NACK: it says when it was sent; the publisher's bounds made it refuse some
	// of it, or left no room for an answer.
	echoes, refused bool
}

func (r *rangesAt) contains(seq uint64) bool {
	for _, x := range r.ranges {
		if x.Contains(seq) {
			return true
		}
	}
	return false
}

// since reports whether a frame was repaired, confirmed or denied for a subscriber from a
// time on.
func (a *answers) since(at reliable.Time, seq uint64, sub *world.Subscriber) bool {
	for i := len(a.repairs) - 1; i >= 0 && a.repairs[i].at >= at; i-- {
		if r := &a.repairs[i]; r.seq == seq && (r.to == nil || r.to == sub) {
			return true
		}
	}
	for i := range a.confirms {
		if a.confirms[i].at >= at && a.confirms[i].contains(seq) {
			return true
		}
	}
	for i := range a.gones {
		if g := &a.gones[i]; g.at >= at && (g.sub == nil || g.sub == sub) && g.contains(seq) {
			return true
		}
	}
	return false
}

// denied reports whether a subscriber alone was told, up to a time, that a frame is gone.
func (a *answers) denied(to reliable.Time, seq uint64, sub *world.Subscriber) bool {
	for i := range a.gones {
		if g := &a.gones[i]; g.sub == sub && g.at <= to && g.contains(seq) {
			return true
		}
	}
	return false
}

// noteRefused takes how much the publisher's bounds have refused so far: if it is more than
// before, the last NACK was refused.
func (a *answers) noteRefused(sum uint64) {
	if n := len(a.asks); sum != a.refused && n > 0 {
		a.asks[n-1].refused = true
	}
	a.refused = sum
}

// keepLog is how long the Checker remembers requests.
const keepLog = 30 * time.Second

// trim forgets what is too old to matter.
func (a *answers) trim(now reliable.Time) {
	if now.Sub(a.trimmed) < keepLog {
		return
	}
	a.trimmed = now
	old := now - reliable.Time(keepLog)
	a.repairs = a.repairs[:copy(a.repairs, a.repairs[sort.Search(len(a.repairs),
		func(i int) bool { return a.repairs[i].at >= old }):])]
	a.confirms, a.gones, a.asks = trimRanges(a.confirms, old), trimRanges(a.gones, old),
		trimRanges(a.asks, old)
}

func trimRanges(list []rangesAt, old reliable.Time) []rangesAt {
	n := copy(list, list[sort.Search(len(list), func(i int) bool { return list[i].at >= old }):])
	clear(list[n:])
	return list[:n]
}
