package nack

import (
	"math/bits"
	"time"
)

// splitAt is how many gaps there may be for CONFIRMs to cut others in parts: else
// one of some bytes could make hundreds of gaps out of a large one.
const splitAt = 8192

// Confirmed takes a publisher's word that a range is coming: hold back, at first
// for the time that an answer may take, and twice as long each time that the word
// comes again after that. A gap of which only a part is coming is cut: the rest was
// perhaps repaired at once, and lost, and shall not wait.
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
		r.holdBack(now, gap)
	}
}

// holdBack puts off when to ask for a gap.
func (r *Requester) holdBack(now Time, gap *Gap) {
	wait := min(r.timeout(), r.cfg.Silence/4)
	if now >= gap.until || gap.confirms == 0 {
		// Longer than a quarter of the silence time it must not be: if what is held
		// back for is lost, there must be time to ask a few times again.
		gap.until = now.Add(min(wait<<gap.confirms, r.cfg.Silence/4))
		gap.confirms = min(gap.confirms+1, 16)
	}
	until := max(gap.until, now.Add(wait)).Add(r.spread(now, gap.until.Sub(now)))
	gap.due = max(gap.due, until)
	gap.wait = gap.due.Sub(now)
	if gap.since != Never {
		gap.since = now
	}
}

// spread returns what to add to a hold, so that not all who hold back ask again at
// once. One CONFIRM has one draw.
func (r *Requester) spread(now Time, hold time.Duration) time.Duration {
	if r.heldAt != now {
		r.heldAt = now
		r.heldBackoff, r.heldJitter = Backoff(r.rand, r.group, r.roundTrip()), r.rand.Uint64()
	}
	extra, _ := bits.Mul64(r.heldJitter, uint64(max(hold, 0)/4))
	return r.heldBackoff + time.Duration(extra)
}
