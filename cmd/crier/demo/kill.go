package demo

import (
	"slices"
	"time"
)

// storm is a storm of the feed: the offsets from from, and below to.
type storm struct{ from, to uint64 }

// moment finds the moment to kill the producer in a real network: in mid-burst,
// when there is something to lose, which only happens now and then.
type moment struct {
	bursts []storm         // those in which it may be killed, in order
	far    []time.Duration // how much longer than to the first subscriber, which loses nothing, the way is to each
	seen   []sighting      // the latest looks, oldest first
	behind int             // how many looks in a row found a subscriber behind
}

// sighting is what the first subscriber had at a time.
type sighting struct {
	at   time.Duration
	have uint64
}

const (
	// slack is how much later than by its link a subscriber's message may be
	// counted without there being a gap before it: it is printed, piped and parsed.
	slack = time.Millisecond
	// memory is how far back looks are kept.
	memory = 20 * time.Millisecond
	// looks is how many looks in a row find the subscriber behind, so that it isn't
	// only its process that waits for a processor.
	looks = 2
)

// come says whether to kill the producer now: it is in a burst, has accepted
// messages that are not sent, and a subscriber is behind the first one, by more than
// its link explains. In the middle of the last burst it is killed in any case.
func (m *moment) come(at time.Duration, accepted, sent uint64, have []uint64) bool {
	for len(m.seen) > 0 && at-m.seen[0].at > memory {
		m.seen = m.seen[1:]
	}
	m.seen = append(m.seen, sighting{at, have[0]})
	last := m.bursts[len(m.bursts)-1]
	if accepted >= last.from+(last.to-last.from)/2 {
		return true
	}
	if !m.late(at, have) {
		m.behind = 0
		return false
	}
	m.behind++
	return m.behind >= looks && accepted > sent && inBurst(m.bursts, accepted)
}

// late says whether a subscriber lacks what the first one had when it should have
// reached it by now.
func (m *moment) late(at time.Duration, have []uint64) bool {
	for i := range have[1:] {
		if have[1+i] < m.had(at-m.far[1+i]-slack) {
			return true
		}
	}
	return false
}

// had is what the first subscriber had at a time, as far as that was seen.
func (m *moment) had(at time.Duration) (have uint64) {
	for _, look := range m.seen {
		if look.at > at {
			break
		}
		have = look.have
	}
	return have
}

// inBurst says whether a burst has begun and isn't over when so many messages have
// been accepted.
func inBurst(bursts []storm, accepted uint64) bool {
	return slices.ContainsFunc(bursts, func(b storm) bool { return accepted > b.from && accepted < b.to })
}

// lastBurst returns the last burst that had begun, and how many of its messages had
// been accepted; more than it has if it was over.
func lastBurst(bursts []storm, accepted uint64) (burst storm, into uint64) {
	for _, b := range bursts {
		if accepted > b.from {
			burst, into = b, accepted-b.from
		}
	}
	return burst, into
}
