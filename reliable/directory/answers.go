package directory

import (
	"net/netip"
	"time"

	"crier/reliable"
)

// The answers to questions about topics.
const (
	// answersAtOnce is the number of answers of one publisher in a second.
	answersAtOnce = 4
	// answerRate is the number of answers a second of all publishers to one question, and
	// answerSpread the longest time over which they spread.
	answerRate   = 500
	answerSpread = 1250 * time.Millisecond
	// ListTime is how long after a question nearly all answers have come.
	ListTime = answerSpread + 100*time.Millisecond
	// young is the age up to which a publisher may not know yet how many there are.
	young = 3 * time.Second
	// repeated is the number of questions that are remembered, so that a repeated one isn't
	// answered again.
	repeated = 16
)

// answers are the answers of one publisher that wait, and the last questions.
type answers struct {
	waiting []answer
	// asked are the last questions, and when they came.
	asked [repeated]struct {
		answer
		at reliable.Time
	}
	place int
}

// answer is an answer to one asker.
type answer struct {
	to      netip.AddrPort
	request uint64
	due     reliable.Time
}

// takes reports whether a question is to be answered: it is new, and neither its asker nor all
// together ask too much.
func (a *answers) takes(now reliable.Time, from netip.AddrPort, request uint64) bool {
	if len(a.waiting) >= answersAtOnce || request == 0 {
		return false
	}
	recent := 0
	for i := range a.asked {
		q := &a.asked[i]
		if !q.to.IsValid() {
			continue
		}
		fresh := now.Sub(q.at) < time.Second
		if q.to == from && (q.request == request || fresh) {
			return false
		}
		if fresh {
			recent++
		}
	}
	return recent < answersAtOnce
}

// add adds an answer that is due at a time.
func (a *answers) add(now reliable.Time, to netip.AddrPort, request uint64, due reliable.Time) {
	one := answer{to, request, due}
	a.waiting = append(a.waiting, one)
	q := &a.asked[a.place]
	q.answer, q.at = one, now
	a.place = (a.place + 1) % repeated
}

// due returns when the next answer is due.
func (a *answers) due() reliable.Time {
	due := reliable.Never
	for i := range a.waiting {
		due = min(due, a.waiting[i].due)
	}
	return due
}

// next removes and returns an answer that is due.
func (a *answers) next(now reliable.Time) (to netip.AddrPort, request uint64, ok bool) {
	for i := range a.waiting {
		if one := a.waiting[i]; one.due <= now {
			last := len(a.waiting) - 1
			a.waiting[i] = a.waiting[last]
			a.waiting = a.waiting[:last]
			return one.to, one.request, true
		}
	}
	return netip.AddrPort{}, 0, false
}
