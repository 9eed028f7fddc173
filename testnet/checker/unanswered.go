package checker

import (
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/receive"
	"crier/testnet/world"
)

// judgeUnanswered asks whether the frames of lost messages were asked for, and
// whether the publisher answered what reached it.
func (v *view) judgeUnanswered(from, to uint64) {
	if v.works {
		return // it is told when the application looks, and not when it happens
	}
	now := v.c.w.Now()
	q, ok := v.missing(from, to)
	if unclear := v.threwAway() || v.cameLate(from, to); !ok || unclear {
		// What finds no room, or comes after it was given up while something before
		// it is still waited for, has come and is lost all the same: which frame it
		// was can't be seen.
		if !unclear {
			v.fail("[%d, %d) is lost as unanswered, and all its frames have come", from, to)
		} else if !v.askedFor(v.runStart(from), v.t.last(to)) {
			v.fail("[%d, %d) is lost as unanswered, and none of its frames was ever asked for",
				from, to)
		}
		return
	}
	if !v.askedFor(q, q+1) {
		v.fail("[%d, %d) is lost as unanswered, and frame %d was never asked for", from, to, q)
		return
	}
	// What was found missing by itself, in such a run, must have been asked for as well:
	// the publisher had told where its messages begin.
	for _, g := range v.gapsOf(from, to) {
		switch frames := (nack.Range{From: g.from, To: g.to}); {
		case !v.lacks(frames) || v.t.starts(g.from) >= min(to, v.t.starts(g.to)):
			// Nothing starts there: it has parts of a message that was lost before it.
		case !v.askedFor(g.from, g.to):
			v.fail("[%d, %d) is lost as unanswered, and of its frames %v none was ever asked for",
				from, to, frames)
			return
		case now.Sub(g.at) < v.patience():
			v.fail("[%d, %d) is lost as unanswered, and its frames %v are missing for %v only",
				from, to, frames, now.Sub(g.at))
			return
		}
	}
	// However long the round trip, a few requests fit the silence time, unless a
	// CONFIRM held them back.
	if n := v.requests(q); n < minRequests && !v.confirmed {
		v.fail("[%d, %d) is lost as unanswered, and frame %d was asked for %d times, not %d", from,
			to, q, n, minRequests)
		return
	}
	// Within answerTime a publisher that runs answers whatever reaches it, unless
	// its bounds make it refuse that.
	v.t.noteRefusals()
	for i := range v.t.asks {
		a := &v.t.asks[i]
		if a.sub != v.sub || !a.contains(q) || q >= v.t.next() || !v.t.ranFrom(a.at, now) ||
			now.Sub(a.at) < v.answerTime() || a.refused {
			continue
		}
		// A repair that it crossed is the answer: the publisher guesses when it was
		// sent, by up to the way down too early.
		if !v.t.answeredSince(a.sent-reliable.Time(v.maxDelay), q, v.sub) {
			v.fail("[%d, %d) is lost as unanswered: frame %d was asked for at %s, and %v "+
				"neither repaired, confirmed nor denied it",
				from, to, q, world.Stamp(a.at), v.s.Publisher)
			return
		}
	}
}

// minRequests is how often a frame must have been asked for in vain.
const minRequests = 3

// patience returns how long requests may go unanswered.
func (v *view) patience() time.Duration {
	if silence := v.cfg.Receiver.Recovery.Silence; silence > 0 {
		return silence
	}
	return 2 * time.Second
}

// requests counts the requests for a frame.
func (v *view) requests(seq uint64) int {
	n := 0
	for i := range v.nacks {
		if v.nacks[i].contains(seq) {
			n++
		}
	}
	return n
}

// askedFor says whether any of the frames [from, to) was asked for.
func (v *view) askedFor(from, to uint64) bool {
	for i := range v.nacks {
		for _, r := range v.nacks[i].ranges {
			if r.Clip(from, to).Len() > 0 {
				return true
			}
		}
	}
	return false
}

// stats returns what the receiver says of the session.
func (v *view) stats() receive.SessionStats {
	for _, st := range v.sub.Sessions() {
		if st.ID == v.s.ID {
			return st
		}
	}
	return receive.SessionStats{}
}

// threwAway says whether frames may have come that found no room; before it has
// begun, the receiver doesn't say.
func (v *view) threwAway() bool {
	st := v.stats()
	return st.NoRoom > 0 || !st.Begun
}

// answerTime is how long a publisher may take to answer.
func (v *view) answerTime() time.Duration {
	return 500*time.Millisecond + 1000*v.t.cfg.Write
}

// runStart returns the first frame that the run of lost ones can start with that
// lost messages from an offset on: the run's first cause is the cause of them all,
// and its first frames may belong to a message that was reported already.
func (v *view) runStart(offset uint64) uint64 {
	return v.t.first(max(offset, v.s.FirstOffset+1) - 1)
}

// gapsOf returns the runs of frames of lost messages that were found missing together.
func (v *view) gapsOf(from, to uint64) (list []gapFound) {
	low, high := v.t.first(from), v.t.last(to)
	i := sort.Search(len(v.gaps), func(i int) bool { return v.gaps[i].to > low })
	for ; i < len(v.gaps) && v.gaps[i].from < high; i++ {
		g := v.gaps[i]
		g.from, g.to = max(g.from, low), min(g.to, high)
		list = append(list, g)
	}
	return list
}

// lacks says whether one of some frames didn't come.
func (v *view) lacks(r nack.Range) bool {
	for q := r.From; q < r.To; q++ {
		if i := q - v.s.FirstSeq; !v.got.has(i) && !v.late.has(i) {
			return true
		}
	}
	return false
}

// missing returns the first frame of lost messages that didn't come.
func (v *view) missing(from, to uint64) (uint64, bool) {
	for q := v.t.first(from); q < v.t.last(to); q++ {
		if i := q - v.s.FirstSeq; !v.got.has(i) && !v.late.has(i) {
			return q, true
		}
	}
	return 0, false
}

// cameLate says whether frames that lost messages from an offset on came when they
// may have been given up.
func (v *view) cameLate(from, to uint64) bool {
	for q := v.runStart(from); q < v.t.last(to); q++ {
		if v.late.has(q - v.s.FirstSeq) {
			return true
		}
	}
	return false
}

// ranFrom says whether the publisher ran all the time.
func (t *truth) ranFrom(from, to reliable.Time) bool {
	p := t.s.Publisher
	return t.s.Ended > to && !p.Paused() && t.woken < from
}

// answeredSince says whether a frame was repaired, confirmed or denied.
func (t *truth) answeredSince(at reliable.Time, seq uint64, sub *world.Subscriber) bool {
	for i := len(t.repairs) - 1; i >= 0 && t.repairs[i].at >= at; i-- {
		if r := &t.repairs[i]; r.seq == seq && (r.to == nil || r.to == sub) {
			return true
		}
	}
	for i := range t.confirms {
		if t.confirms[i].at >= at && t.confirms[i].contains(seq) {
			return true
		}
	}
	for i := range t.gones {
		if g := &t.gones[i]; g.at >= at && (g.sub == nil || g.sub == sub) && g.contains(seq) {
			return true
		}
	}
	return false
}
