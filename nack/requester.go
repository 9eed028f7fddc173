package nack

import "time"

const (
	// maxReorder is the longest that a frame is waited for as merely late.
	maxReorder = 100 * time.Millisecond
	// minReorder is how long a missing frame may be merely late where it is
	// not asked for.
	minReorder = time.Millisecond
	// requestLog is how many requests are remembered to time their answers.
	requestLog = 16
)

// Requester decides when one subscriber asks one publisher for what it misses.
// All gaps that are due go into one NACK. It is not safe for concurrent use.
type Requester struct {
	cfg  RequesterConfig
	rand *Rand
	gaps Gaps

	group    int           // subscribers, as the publisher announced
	groupRTT time.Duration // the group's round trip, as the publisher announced
	rtt      RTT           // from requests to their repairs
	reorder  time.Duration // how late a frame may come of itself
	behind   time.Duration // how late what is taken in now comes
	limit    uint64        // frames from here on are not asked for yet

	backoff time.Duration // the last draw
	drawn   Time          // when it was drawn

	confirmBackoff time.Duration // the last draws for a CONFIRM
	confirmJitter  uint64
	confirmDrawn   Time // when they were drawn

	next        Time   // nothing is to be asked for before
	late        Time   // no gap has been open for too long before
	silent      Time   // no gap's requests are unanswered for too long before
	quiet       Time   // no NACK before: a moment's gaps share one
	advanced    Time   // when gaps were last looked through
	outstanding uint64 // frames asked for, not there, not yet due again
	full        bool   // something due waits for outstanding to fall
	limited     bool   // something due waits for the limit to pass it

	requests uint32
	log      [requestLog]struct {
		request uint64
		sent    Time
	}
	lost    []Lost
	ask     []Range
	removed []Range
}

// NewRequester returns a Requester that has no gaps.
func NewRequester(cfg RequesterConfig) *Requester {
	cfg.setDefaults()
	return &Requester{
		cfg: cfg, rand: NewRand(cfg.Seed, cfg.ID), limit: ^uint64(0),
		next: Never, late: Never, silent: Never, quiet: always, drawn: always, confirmDrawn: always,
	}
}

// Gaps returns what is missing. It is to be read only.
func (r *Requester) Gaps() *Gaps { return &r.gaps }

// RTT returns the measured time from a request to its repair.
func (r *Requester) RTT() *RTT { return &r.rtt }

// SetGroup takes what the publisher announced: how many subscribers there are
// and their round trip; 0 where it doesn't know.
func (r *Requester) SetGroup(size int, rtt time.Duration) {
	r.group, r.groupRTT = size, min(max(rtt, 0), maxRTT)
}

// GroupSize returns how many subscribers the publisher announced.
func (r *Requester) GroupSize() int { return r.group }

// SetBehind says how much later than it could what was sent is taken in now: an
// answer may be on its way for that much longer before it counts as missing.
func (r *Requester) SetBehind(d time.Duration) { r.behind = max(d, 0) }

// SetLimit says that frames from seq on have no room yet: they are not asked
// for until the limit has passed them.
func (r *Requester) SetLimit(now Time, seq uint64) {
	if seq > r.limit && r.limited {
		r.next = min(r.next, now)
	}
	r.limit = seq
}

// Missing takes a gap that was just found. It must not overlap another.
func (r *Requester) Missing(now Time, from, to uint64) {
	if from >= to {
		return
	}
	patience := r.patience()
	period := patience / 16
	if patience > 0 {
		period = max(period, 1)
	}
	if from >= r.limit && r.gaps.widen(now, from, to, r.limit, period) {
		// What finds no room comes frame by frame, and is one gap.
		r.limited = true
		return
	}
	gap := Gap{Range: Range{from, to}, Found: now, due: Never, since: Never,
		roomless: from >= r.limit}
	if !r.cfg.NoRecovery {
		gap.wait = r.reorder
		gap.due = now.Add(r.reorder).Add(r.draw(now))
	}
	r.gaps.add(gap)
	r.next = min(r.next, gap.due)
	r.late = min(r.late, r.lateAt(&gap))
}

// draw returns how long to back off. What is found missing within a fraction of
// a round trip was lost together and shares one draw, and so one NACK.
func (r *Requester) draw(now Time) time.Duration {
	if trip := r.roundTrip(); r.drawn == always || now.Sub(r.drawn) >= trip/4 {
		r.backoff, r.drawn = Backoff(r.rand, r.group, trip), now
	}
	return r.backoff
}

// Arrived takes a frame that came, as a repair or late of itself. It returns the
// gap that it closes, wholly or in part, and false if it wasn't missing.
func (r *Requester) Arrived(now Time, seq uint64, repaired bool) (Gap, bool) {
	gap, ok := r.gaps.take(seq)
	if !ok {
		return gap, false
	}
	if repaired {
		r.forgetReorder()
	} else {
		late := now.Sub(gap.Found)
		r.reorder = max(r.reorder, min(late+late/4, maxReorder))
	}
	if gap.tries > 0 {
		r.outstanding -= min(r.outstanding, 1)
		if repaired {
			r.answered(now, seq)
		}
		if r.full && r.outstanding <= r.cfg.MaxAsk/2 {
			r.next = min(r.next, now)
		}
	}
	return gap, true
}

// forgetReorder takes a true loss for a sign that frames come in order again.
func (r *Requester) forgetReorder() { r.reorder -= (r.reorder + 15) / 16 }

// answered restarts the unanswered clock of what is left on both sides of seq:
// a long gap is repaired bit by bit.
func (r *Requester) answered(now Time, seq uint64) {
	above, _ := r.gaps.find(seq)
	if r.gaps.has(above) && r.gaps.at(above).since != Never {
		r.gaps.at(above).since = now
	}
	if below, ok := r.gaps.prev(above); ok && r.gaps.at(below).since != Never {
		r.gaps.at(below).since = now
	}
}

// Answered takes the request number of a repair: if it is one of ours, it tells
// the round trip.
func (r *Requester) Answered(now Time, request uint64) {
	for i := range r.log {
		if e := &r.log[i]; e.request == request && request != 0 {
			r.rtt.Sample(now.Sub(e.sent))
			e.request = 0 // the first answer only: the others wait behind it
			return
		}
	}
}

// Issued says whether a request is one of this Requester's.
func (r *Requester) Issued(request uint64) bool {
	n := uint32(request)
	return request>>32 == r.cfg.ID&(1<<32-1) && n != 0 && n <= r.requests
}

// Forget removes a range that is no longer to be waited for and appends the runs
// of it that were missing to removed.
func (r *Requester) Forget(from, to uint64, removed []Range) []Range {
	before := len(removed)
	removed = r.gaps.cut(from, to, removed)
	if r.full && len(removed) > before {
		r.next = min(r.next, r.advanced) // what waits for that may go now
	}
	return removed
}

// Request returns the ranges of the NACK to send now and its request number, and
// false if there is none. The ranges are valid until the next Advance.
func (r *Requester) Request(now Time) (uint64, []Range, bool) {
	if len(r.ask) == 0 {
		return 0, nil, false
	}
	ranges := r.ask
	r.ask = r.ask[:0]
	r.requests++
	request := r.cfg.ID<<32 | uint64(r.requests)
	e := &r.log[r.requests%requestLog]
	e.request, e.sent = request, now
	// What is found missing within a fraction of a round trip goes into one
	// NACK: a burst of loss must not become a burst of NACKs. However long the round
	// trip is believed to be, many NACKs fit the silence time.
	r.quiet = now
	if r.rtt.known {
		r.quiet = now.Add(min(r.rtt.smooth/4, min(r.cfg.Silence, maxPatience)/32))
	}
	return request, ranges, true
}

// roundTrip returns the round trip for back-off: the group's, since all must
// draw from the same distribution.
func (r *Requester) roundTrip() time.Duration {
	if r.groupRTT > 0 {
		return r.groupRTT
	}
	return r.rtt.Smoothed()
}

// timeout returns how long to wait for the answer to a request.
func (r *Requester) timeout() time.Duration {
	if !r.rtt.known && r.groupRTT > 0 {
		return max(3*r.groupRTT, minTimeout)
	}
	return r.rtt.Timeout()
}
