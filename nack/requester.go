package nack

import "time"

const (
	// maxReorder bounds the time for which a missing frame is assumed to be merely late.
	maxReorder = 100 * time.Millisecond
	// minReorder is how long a missing frame may be late if it is not asked for.
	minReorder = time.Millisecond
	// requestLog is the number of requests that are remembered in order to time their
	// answers.
	requestLog = 16
)

// A Requester decides when a subscriber asks a publisher for missing frames. All gaps
// that are due go into one NACK. A Requester is not safe for concurrent use.
type Requester struct {
	// No gap is due before next, has been open for too long before late, or has gone
	// unanswered for too long before silent.
	next   Time
	late   Time
	silent Time
	// quiet is when the next NACK may go: gaps found within a moment share one.
	quiet Time
	// advanced is when the gaps were last collected.
	advanced Time
	// behind is how late the frames that are read now arrive.
	behind time.Duration
	gaps   Gaps
	// outstanding counts the frames that are asked for, missing, and not due again.
	outstanding uint64
	// full says that a due gap waits for outstanding to fall.
	full bool
	// limited says that a due gap waits for the limit to pass it.
	limited bool

	cfg  RequesterConfig
	rand *Rand

	// group is the number of subscribers, as the publisher announced it, and groupRTT
	// their round trip.
	group    int
	groupRTT time.Duration
	// rtt is the time from requests to their repairs.
	rtt RTT
	// reorder is how late a frame may come without a request.
	reorder time.Duration
	// wait is the least time for which a frame may come without a request, and passed the number
	// below which none does: see Passed.
	wait   time.Duration
	passed uint64
	// limit is the first frame that is not asked for yet.
	limit uint64

	// backoff is the last draw, made at drawn.
	backoff time.Duration
	drawn   Time

	// confirmBackoff and confirmJitter are the last draws for a CONFIRM, made at
	// confirmDrawn.
	confirmBackoff time.Duration
	confirmJitter  uint64
	confirmDrawn   Time

	requests uint32
	log      [requestLog]struct {
		request uint64
		sent    Time
	}
	lost    []Lost
	ask     []Range
	removed []Range
}

// NewRequester returns a Requester without gaps.
func NewRequester(cfg RequesterConfig) *Requester {
	cfg.setDefaults()
	return &Requester{
		cfg: cfg, rand: NewRand(cfg.Seed, cfg.ID), limit: ^uint64(0),
		next: Never, late: Never, silent: Never, quiet: always, drawn: always, confirmDrawn: always,
	}
}

// Gaps returns the gaps, which the caller must not change.
func (r *Requester) Gaps() *Gaps { return &r.gaps }

// RTT returns the measured time from a request to its repair.
func (r *Requester) RTT() *RTT { return &r.rtt }

// SetGroup sets the number of subscribers and their round trip, as the publisher
// announced them; 0 means unknown.
func (r *Requester) SetGroup(size int, rtt time.Duration) {
	r.group, r.groupRTT = size, min(max(rtt, 0), maxRTT)
}

// GroupSize returns the number of subscribers that the publisher announced.
func (r *Requester) GroupSize() int { return r.group }

// SetBehind sets how long frames wait before they are read. An answer may take that much
// longer before it counts as missing.
func (r *Requester) SetBehind(d time.Duration) { r.behind = max(d, 0) }

// SetLimit says that there is no room yet for frames from seq on. They are not asked for
// until the limit has passed them.
func (r *Requester) SetLimit(now Time, seq uint64) {
	if seq > r.limit && r.limited {
		r.next = min(r.next, now)
	}
	r.limit = seq
}

// Missing adds a gap that was just found. It must not overlap another.
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
		// Frames that find no room come one by one, and make one gap.
		r.limited = true
		return
	}
	gap := Gap{Range: Range{from, to}, Found: now, due: Never, since: Never,
		roomless: from >= r.limit}
	if !r.cfg.Recovery.Off {
		gap.wait = r.lateness()
		gap.due = now.Add(gap.wait).Add(r.draw(now))
	}
	r.gaps.add(gap)
	r.next = min(r.next, gap.due)
	r.late = min(r.late, r.lateAt(&gap))
}

// draw returns how long to back off. Gaps that are found within a fraction of a round
// trip were lost together; they share one draw, and so one NACK.
func (r *Requester) draw(now Time) time.Duration {
	if trip := r.RoundTrip(); r.drawn == always || now.Sub(r.drawn) >= trip/4 {
		r.backoff, r.drawn = Backoff(r.rand, r.group, trip), now
	}
	return r.backoff
}

// Arrived takes the number of a frame that arrived, as a repair or merely late. It
// returns the gap that the frame closes, wholly or in part, and false if the frame wasn't
// missing.
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
	r.arrived(now, seq, &gap, repaired)
	return gap, true
}

// arrived notes that a frame of a gap came.
func (r *Requester) arrived(now Time, seq uint64, gap *Gap, repaired bool) {
	if gap.tries > 0 {
		r.outstanding -= min(r.outstanding, 1)
		if repaired {
			r.answered(now, seq)
		}
		if r.full && r.outstanding <= r.cfg.MaxAsk/2 {
			r.next = min(r.next, now)
		}
	}
}

// forgetReorder shortens reorder: a true loss is a sign that frames come in order again.
func (r *Requester) forgetReorder() { r.reorder -= (r.reorder + 15) / 16 }

// answered restarts the silence time of the gaps on both sides of seq. A long gap is
// repaired bit by bit.
func (r *Requester) answered(now Time, seq uint64) {
	above, _ := r.gaps.find(seq)
	if r.gaps.has(above) && r.gaps.at(above).since != Never {
		r.gaps.at(above).since = now
	}
	if below, ok := r.gaps.prev(above); ok && r.gaps.at(below).since != Never {
		r.gaps.at(below).since = now
	}
}

// Answered takes the request number of a repair. If the request is one of this
// Requester's, it gives a sample of the round trip.
func (r *Requester) Answered(now Time, request uint64) {
	for i := range r.log {
		if e := &r.log[i]; e.request == request && request != 0 {
			r.rtt.Sample(now.Sub(e.sent))
			// Only the first answer counts: the others wait behind it.
			e.request = 0
			return
		}
	}
}

// Issued reports whether a request is one of this Requester's.
func (r *Requester) Issued(request uint64) bool {
	n := uint32(request)
	return request>>32 == r.cfg.ID&(1<<32-1) && n != 0 && n <= r.requests
}

// Forget removes a range that is no longer awaited, and appends the runs of it that were
// missing to removed.
func (r *Requester) Forget(from, to uint64, removed []Range) []Range {
	before := len(removed)
	removed = r.gaps.cut(from, to, removed)
	if r.full && len(removed) > before {
		// Gaps that wait for room may go now.
		r.next = min(r.next, r.advanced)
	}
	return removed
}

// Request returns the number and the ranges of the NACK to send now, and false if there
// is none. The ranges are valid until the next Advance.
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
	// Gaps found within a fraction of a round trip share a NACK: a burst of loss must not
	// become a burst of NACKs. Many NACKs fit into the silence time, however long the
	// round trip seems to be.
	r.quiet = now
	if r.rtt.known {
		r.quiet = now.Add(min(r.rtt.smooth/4, min(r.cfg.Recovery.Silence, maxPatience)/32))
	}
	return request, ranges, true
}

// RoundTrip returns the round trip for back-off. It is the group's, because all
// subscribers must draw from the same distribution.
func (r *Requester) RoundTrip() time.Duration {
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
