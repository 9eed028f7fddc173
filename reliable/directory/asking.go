package directory

import (
	"time"

	"crier/reliable"
)

// The questions of a Listener. One question reaches all publishers; what is lost on the way is
// made up by asking twice, and by the announcements that come anyway.
const (
	// askAgain is when the question is repeated, for those that it didn't reach.
	askAgain = 100 * time.Millisecond
	// askLast is when another question is asked, for the answers that were lost, if there are
	// few publishers.
	askLast = answerSpread + 20*time.Millisecond
	few     = 100
)

// asking is the course of questions.
type asking struct {
	began reliable.Time
	// step counts the questions since began.
	step int
	due  reliable.Time
	// ready says that a question is to be sent now.
	ready bool
	// request is the number of the last question, and the one before.
	request [2]uint64
}

// begin begins a course.
func (a *asking) begin(now reliable.Time) {
	*a = asking{began: now, due: now, request: a.request}
}

// advance lets time pass, where n publishers are known.
func (a *asking) advance(now reliable.Time, n int, d dice) {
	if now < a.due || a.ready {
		return
	}
	a.step++
	a.ready = true
	switch a.step {
	case 1:
		a.renew(d)
		a.due = a.began.Add(askAgain)
	case 2:
		a.due = a.began.Add(askLast)
	default:
		a.due = reliable.Never
		if a.ready = n <= few; a.ready {
			a.renew(d)
		}
	}
}

// renew begins another question.
func (a *asking) renew(d dice) { a.request = [2]uint64{d.pcg.Uint64() | 1, a.request[0]} }

// asked reports whether a question was asked lately.
func (a *asking) asked(request uint64) bool {
	return request == a.request[0] || request == a.request[1]
}
