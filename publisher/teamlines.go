package publisher

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// teamLines bounds the lines of the log about members, since strangers may send CLAIMs.
type teamLines struct {
	// refused has why a member of a team was refused, as it was told last.
	refused map[[2]string]frame.Refusal
	// paid is when all lines so far are paid for, and left the number of those that were left out
	// since the last one.
	paid time.Time
	left int
}

const (
	// lineEvery is the time for a line about a member, and lineBurst how far ahead lines may be.
	lineEvery = time.Second
	lineBurst = 50 * lineEvery
	// maxRefused bounds the refusals that are remembered.
	maxRefused = 1024
)

// tells reports whether an event is to be logged at a time.
func (l *teamLines) tells(now time.Time, ev *reliable.TeamEvent) bool {
	switch ev.Kind {
	case reliable.TeamRefused:
		key := [2]string{ev.Team, ev.Member}
		if l.refused[key] == ev.Refused {
			return false
		}
		if !l.takes(now) {
			return false
		}
		if l.refused == nil || len(l.refused) >= maxRefused {
			l.refused = make(map[[2]string]frame.Refusal)
		}
		l.refused[key] = ev.Refused
		return true
	case reliable.MemberJoined:
		delete(l.refused, [2]string{ev.Team, ev.Member})
		return l.takes(now)
	case reliable.MemberLeft, reliable.MemberLapsed, reliable.TeamNew, reliable.TeamEmpty,
		reliable.TeamForgotten:
		return l.takes(now)
	}
	return true
}

// takes reports whether there is room for a line.
func (l *teamLines) takes(now time.Time) bool {
	if l.paid.Sub(now) >= lineBurst {
		l.left++
		return false
	}
	if l.paid.Before(now) {
		l.paid = now
	}
	l.paid = l.paid.Add(lineEvery)
	return true
}

// leftOut returns the number of lines that were left out since the last call.
func (l *teamLines) leftOut() (n int) {
	n, l.left = l.left, 0
	return n
}
