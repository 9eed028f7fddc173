package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// asked judges what the receiver sends: STATUS and NACK.
func (v *view) asked(f *frame.Frame) {
	now := v.c.w.Now()
	switch f.Kind {
	case frame.Status:
		v.statuses.judge(now, f)
	case frame.Nack:
		v.judgeWanted(f)
		if v.requests.judgeRequest(f) {
			v.judgeAgain(now, f)
		}
		v.requests.note(now, f.Ranges)
		v.nacks++
	}
}

// judgeWanted asks whether the frames of a NACK are known to exist, and miss.
func (v *view) judgeWanted(f *frame.Frame) {
	a := &v.arrivals
	for _, r := range f.Ranges {
		if known := max(a.high, v.holders.next); r.To > known {
			v.fail("it asks for frames %v, and knows of none from %d on", r, known)
		}
		if gone := r.Clip(v.holders.gone.From, v.holders.gone.To); gone.Len() > 0 &&
			!v.holders.any(gone.From-v.s.FirstSeq, gone.To-v.s.FirstSeq) {
			v.fail("it asks the publisher for frames %v, which it doesn't hold by its own word, "+
				"and no recorder, which had them", gone)
		}
		for q := r.From; q < min(r.To, a.high); q++ {
			if a.got.has(q-v.s.FirstSeq) && !v.threwAway() && !v.holders.found {
				v.fail("it asks for frame %d, which it has", q)
				break
			}
		}
	}
}

// judgeAgain asks whether the frames of a NACK may be asked for once more, and now.
func (v *view) judgeAgain(now reliable.Time, f *frame.Frame) {
	unclear := v.threwAway() // then a frame may be missing anew
	for _, r := range f.Ranges {
		for q := max(r.From, v.s.FirstSeq); q < min(r.To, v.arrivals.high); q++ {
			a, found := v.requests.frame(q), v.arrivals.gaps.foundAt(q)
			if a.times++; a.times == 1 {
				a.first = now
			}
			if unclear || found == 0 {
				continue
			}
			// After a dozen requests the timeout has doubled up to a sixteenth of the
			// silence time, give or take a quarter, and another where it goes along.
			if most := 16 + 32*now.Sub(found)/v.patience(); time.Duration(a.times) > most {
				v.fail("it asks for frame %d for the %d. time in %v, and may %d times", q, a.times,
					now.Sub(found), most)
				return
			}
			if a.confirmed > max(found, v.app.begun) && v.app.begun != 0 &&
				!v.holders.told && (a.times > 1 || !v.cfg.Receiver.Logs.Ask) {
				// else it may have been a holder's turn then, or it hadn't begun
				hold := v.delays.leastHold(v.patience())
				if now.Sub(a.confirmed) < hold {
					v.fail("it asks for frame %d, %v after a CONFIRM of it, and must hold back "+
						"for %v", q, now.Sub(a.confirmed), hold)
					return
				}
			}
		}
	}
}

// roomAt returns when a frame that was found missing was asked for first, if it was so far
// ahead of delivery then that the buffer had no room for it: what has no room is asked for
// once there is some. It returns 0 for other frames.
func (v *view) roomAt(seq uint64) reliable.Time {
	span := uint64(v.c.ear(v.sub).limits.buffer / reliable.MinHeld)
	if !v.arrivals.gaps.ahead(seq, span) {
		return 0
	}
	return v.requests.firstAt(seq)
}
