package checker

import (
	"crier/nack"
	"crier/reliable"
	"crier/testnet/world"
)

// judgeUnanswered asks whether the frames of lost messages were asked for, and
// whether the publisher answered what reached it.
func (l *lossReport) judgeUnanswered() {
	from, to := l.from, l.to
	if l.works {
		return // it is told when the application looks, and not when it happens
	}
	now := l.c.w.Now()
	first, last := l.firstFrame(), l.t.last(to)
	if l.holders.told { // whose turn each frame was, isn't seen
		if !l.mayHaveAsked(first, last) && !l.holders.any(first-l.s.FirstSeq, last-l.s.FirstSeq) {
			l.fail("[%d, %d) is lost as unanswered, and nobody was ever asked for its frames",
				from, to)
		}
		return
	}
	q, ok := l.missing()
	if unclear := l.threwAway() || l.arrivals.anyLate(first, last); !ok || unclear {
		// What finds no room, or comes after it was given up while something before
		// it is still waited for, has come and is lost all the same: which frame it
		// was can't be seen.
		if !unclear {
			l.fail("[%d, %d) is lost as unanswered, and all its frames have come", from, to)
		} else if !l.mayHaveAsked(first, last) {
			l.fail("[%d, %d) is lost as unanswered, and none of its frames was ever asked for",
				from, to)
		}
		return
	}
	if !l.mayHaveAsked(q, q+1) {
		l.fail("[%d, %d) is lost as unanswered, and frame %d was never asked for", from, to, q)
		return
	}
	// What was found missing by itself, in such a run, must have been asked for as well:
	// the publisher had told where its messages begin.
	for _, g := range l.arrivals.gaps.clip(l.t.first(from), last) {
		_, lacks := l.arrivals.missing(g.from, g.to)
		switch frames := (nack.Range{From: g.from, To: g.to}); {
		case !lacks || l.t.starts(g.from) >= min(to, l.t.starts(g.to)):
			// Nothing starts there: it has parts of a message that was lost before it.
		case !l.mayHaveAsked(g.from, g.to):
			l.fail("[%d, %d) is lost as unanswered, and of its frames %v none was ever asked for",
				from, to, frames)
			return
		case now.Sub(g.at) < l.patience():
			l.fail("[%d, %d) is lost as unanswered, and its frames %v are missing for %v only",
				from, to, frames, now.Sub(g.at))
			return
		}
	}
	// However long the round trip, a few requests fit the silence time, unless a
	// CONFIRM held them back.
	if n := l.requests.count(q); n < minRequests && !l.requests.confirmed &&
		!l.cold() {
		l.fail("[%d, %d) is lost as unanswered, and frame %d was asked for %d times, not %d", from,
			to, q, n, minRequests)
		return
	}
	l.judgeAnswered(q)
}

// mayHaveAsked reports whether any of the frames [from, to) was asked for lately, or had to go
// without.
func (l *lossReport) mayHaveAsked(from, to uint64) bool {
	return l.requests.any(from, to) || l.cold()
}

// cold reports whether the subscriber has sent as many NACKs as it may at once to where no data
// came from yet. All streams of a session share them, lest a word about many partitions draw
// many: what it asks for first may leave none to the others.
func (l *lossReport) cold() bool { return !l.data && l.nacks >= coldNacks }

// coldNacks is how many NACKs a session draws at once to an address that no data came from.
const coldNacks = 16

// judgeAnswered asks whether the publisher answered all requests for a frame that reached
// it: within answerTime one that runs does, unless its bounds make it refuse that.
func (l *lossReport) judgeAnswered(q uint64) {
	now := l.c.w.Now()
	l.t.noteRefusals()
	for i := range l.t.answers.asks {
		a := &l.t.answers.asks[i]
		if a.sub != l.sub || !a.contains(q) || q >= l.t.next() || !l.t.ranFrom(a.at, now) ||
			now.Sub(a.at) < l.t.answerTime() || a.refused {
			continue
		}
		// A repair that it crossed is the answer: the publisher guesses when it was
		// sent, by up to the way down too early.
		if !l.t.answers.since(a.sent-reliable.Time(l.delays.most), q, l.sub) {
			l.fail("[%d, %d) is lost as unanswered: frame %d was asked for at %s, and %v "+
				"neither repaired, confirmed nor denied it",
				l.from, l.to, q, world.Stamp(a.at), l.s.Publisher)
			return
		}
	}
}

// minRequests is how often a frame must have been asked for in vain.
const minRequests = 3
