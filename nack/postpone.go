package nack

import (
	"math/bits"
	"time"
)

// splitAt is the number of gaps from which CONFIRMs no longer split gaps. Otherwise a
// small CONFIRM could make hundreds of gaps out of a large one.
const splitAt = 8192

// Confirmed takes a responder's word that a range is coming, and postpones requests for
// it: at first by the time that an answer may take, and twice as long each time that the
// word comes again later. A gap that is covered in part is split: the rest may have been
// repaired at once and lost, and must not wait.
func (r *Requester) Confirmed(now Time, c Range) {
	if c.Len() == 0 {
		return
	}
	p, _ := r.gaps.find(c.From)
	for ; r.gaps.has(p) && r.gaps.at(p).From < c.To; p = r.gaps.next(p) {
		gap := r.gaps.at(p)
		if gap.due == Never {
			continue
		}
		if gap.From < c.From && r.gaps.Len() < splitAt {
			p = r.gaps.split(p, c.From)
			gap = r.gaps.at(p)
		}
		if gap.To > c.To && r.gaps.Len() < splitAt {
			p, _ = r.gaps.prev(r.gaps.split(p, c.To))
			gap = r.gaps.at(p)
		}
		r.postpone(now, gap)
	}
}

// postpone moves the time to ask for a gap.
func (r *Requester) postpone(now Time, gap *Gap) {
	wait := min(r.timeout(), r.cfg.Recovery.Silence/4)
	if now >= gap.until || gap.confirms == 0 {
		// A quarter of the silence time at most: if the repair is lost, time must be left
		// to ask a few times again.
		gap.until = now.Add(min(wait<<gap.confirms, r.cfg.Recovery.Silence/4))
		gap.confirms = min(gap.confirms+1, 16)
	}
	until := max(gap.until, now.Add(wait)).Add(r.spread(now, gap.until.Sub(now)))
	gap.due = max(gap.due, until)
	gap.wait = gap.due.Sub(now)
	if gap.since != Never {
		gap.since = now
	}
}

// spread returns the time to add to a postponement, so that not all subscribers ask again
// at once. One CONFIRM has one draw.
func (r *Requester) spread(now Time, wait time.Duration) time.Duration {
	if r.confirmDrawn != now {
		r.confirmDrawn = now
		r.confirmBackoff, r.confirmJitter = Backoff(r.rand, r.group, r.RoundTrip()), r.rand.Uint64()
	}
	extra, _ := bits.Mul64(r.confirmJitter, uint64(max(wait, 0)/4))
	return r.confirmBackoff + time.Duration(extra)
}
