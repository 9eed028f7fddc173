package nack

import "time"

// Cause says why a gap was given up.
type Cause uint8

const (
	// Unanswered: requests went without any answer for the silence time.
	Unanswered Cause = iota + 1
	// Late: the gap was open for longer than MaxWait.
	Late
	// NotRecovered: recovery is off, and what is missing didn't arrive late.
	NotRecovered
)

// RequesterConfig configures a Requester. The zero value asks for what is
// missing, with the default times.
type RequesterConfig struct {
	// ID tells this subscriber's requests from others'; request numbers carry
	// its low 32 bits.
	ID uint64
	// Seed seeds the random back-off.
	Seed uint64
	// NoRecovery stops all asking: a gap ends when reordering no longer
	// explains it.
	NoRecovery bool
	// MaxWait bounds how long a gap may stay open; 0 means no bound.
	MaxWait time.Duration
	// Silence is how long requests for a gap may go unanswered before it is
	// given up; 0 means 2 s.
	Silence time.Duration
	// MaxAsk bounds the frames that are asked for and not yet there; 0 means
	// 2,048.
	MaxAsk uint64
}

const (
	defaultSilence = 2 * time.Second
	defaultMaxAsk  = 2048
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
	limit    uint64        // frames from here on are not asked for yet

	next        Time   // nothing is due before
	quiet       Time   // no NACK before: a moment's gaps share one
	outstanding uint64 // frames asked for, not there, not yet due again
	blocked     bool   // something due waits for outstanding to fall, or for limit

	requests uint32
	log      [requestLog]struct {
		request uint64
		sent    Time
	}
	lost []Lost
	ask  []Range
}

// Lost is a run of frames that was given up, and why.
type Lost struct {
	Range
	Cause Cause
}

// NewRequester returns a Requester that has no gaps.
func NewRequester(cfg RequesterConfig) *Requester {
	if cfg.Silence <= 0 {
		cfg.Silence = defaultSilence
	}
	if cfg.MaxAsk == 0 {
		cfg.MaxAsk = defaultMaxAsk
	}
	return &Requester{
		cfg: cfg, rand: NewRand(cfg.Seed, cfg.ID),
		next: Never, limit: ^uint64(0),
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

// SetLimit says that frames from seq on have no room yet: they are not asked
// for until the limit has passed them.
func (r *Requester) SetLimit(now Time, seq uint64) {
	if seq > r.limit && r.blocked {
		r.next = min(r.next, now)
	}
	r.limit = seq
}

// Missing takes a gap that was just found.
func (r *Requester) Missing(now Time, from, to uint64) {
	if from >= to {
		return
	}
	gap := Gap{Range: Range{from, to}, Found: now, due: Never, since: Never}
	if !r.cfg.NoRecovery {
		gap.due = now.Add(r.reorder).Add(Backoff(r.rand, r.group, r.roundTrip()))
	}
	r.gaps.add(gap)
	r.next = min(r.next, gap.due, r.end(&gap))
}

// Arrived takes a frame that came, as a repair or late of itself. It returns the
// gap that it closes, wholly or in part, and false if it wasn't missing.
func (r *Requester) Arrived(now Time, seq uint64, repaired bool) (Gap, bool) {
	gap, ok := r.gaps.take(seq)
	if !ok {
		return gap, false
	}
	if repaired {
		r.reorder -= r.reorder / 16
	} else {
		late := now.Sub(gap.Found)
		r.reorder = max(r.reorder, min(late+late/4, maxReorder))
	}
	if gap.tries > 0 {
		r.outstanding -= min(r.outstanding, 1)
		if repaired {
			r.answered(now, seq)
		}
		if r.blocked && r.outstanding <= r.cfg.MaxAsk/2 {
			r.next = min(r.next, now)
		}
	}
	return gap, true
}

// answered restarts the unanswered clock of what is left on both sides of seq:
// a long gap is repaired bit by bit.
func (r *Requester) answered(now Time, seq uint64) {
	list := r.gaps.all()
	i, _ := r.gaps.find(seq)
	for _, j := range [2]int{i - 1, i} {
		if j >= 0 && j < len(list) && list[j].since != Never {
			list[j].since = now
		}
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

// Confirmed takes a publisher's word that a range is coming: hold back.
func (r *Requester) Confirmed(now Time, c Range) {
	i, _ := r.gaps.find(c.From)
	for list := r.gaps.all(); i < len(list) && list[i].From < c.To; i++ {
		gap := &list[i]
		hold := now.Add(r.timeout()).Add(Backoff(r.rand, r.group, r.roundTrip()))
		if gap.due != Never {
			gap.due = max(gap.due, hold)
		}
		if gap.since != Never {
			gap.since = now
		}
	}
}

// Forget removes a range that is no longer to be waited for and appends the runs
// of it that were missing to removed.
func (r *Requester) Forget(from, to uint64, removed []Range) []Range {
	return r.gaps.cut(from, to, removed)
}

// Deadline returns when to call Advance.
func (r *Requester) Deadline() Time {
	if r.gaps.Len() == 0 {
		return Never
	}
	return max(r.next, r.quiet)
}

// Advance gives up what has waited too long and collects what is due. It returns
// the runs given up, valid until the next call; Request then returns what to
// ask for.
func (r *Requester) Advance(now Time) []Lost {
	r.lost, r.ask = r.lost[:0], r.ask[:0]
	if now < r.Deadline() {
		return nil
	}
	r.giveUp(now)
	r.collect(now)
	return r.lost
}

// giveUp moves every gap whose time has ended to r.lost.
func (r *Requester) giveUp(now Time) {
	list := r.gaps.all()
	kept := list[:0]
	for i := range list {
		gap := &list[i]
		if now < r.end(gap) {
			kept = append(kept, *gap)
			continue
		}
		cause := Late
		switch {
		case r.cfg.NoRecovery:
			cause = NotRecovered
		case gap.since != Never && gap.since.Add(r.cfg.Silence) <= now:
			cause = Unanswered
		}
		r.lost = append(r.lost, Lost{gap.Range, cause})
	}
	r.gaps.list = r.gaps.list[:r.gaps.head+len(kept)]
}

// end returns when a gap is given up.
func (r *Requester) end(gap *Gap) Time {
	end := Never
	if gap.since != Never {
		end = gap.since.Add(r.cfg.Silence)
	}
	if r.cfg.NoRecovery {
		end = gap.Found.Add(max(2*r.reorder, minReorder))
	}
	if r.cfg.MaxWait > 0 {
		end = min(end, gap.Found.Add(r.cfg.MaxWait))
	}
	return end
}

// collect puts what is due into r.ask, lowest first, and finds the next deadline.
func (r *Requester) collect(now Time) {
	r.outstanding, r.blocked, r.next = 0, false, Never
	for i := range r.gaps.all() {
		if gap := &r.gaps.all()[i]; gap.tries > 0 && gap.due > now {
			r.outstanding += gap.Len()
		}
	}
	room := r.cfg.MaxAsk - min(r.cfg.MaxAsk, r.outstanding)
	for i := 0; i < r.gaps.Len(); i++ {
		gap := &r.gaps.all()[i]
		if gap.due <= now {
			part := gap.Range.Clip(gap.From, min(gap.From+room, r.limit))
			if part.Len() == 0 {
				r.blocked = true
				r.next = min(r.next, r.end(gap))
				continue
			}
			if part.Len() < gap.Len() { // ask for the first part, the rest waits
				rest := *gap
				rest.From = part.To
				gap.To = part.To
				r.gaps.add(rest)
				gap = &r.gaps.all()[i]
			}
			room -= part.Len()
			r.outstanding += part.Len()
			r.mark(now, gap)
			r.ask = append(r.ask, part)
		}
		r.next = min(r.next, gap.due, r.end(gap))
	}
}

// mark notes that a gap is asked for now, and when to ask again.
func (r *Requester) mark(now Time, gap *Gap) {
	if gap.since == Never {
		gap.since = now
	}
	wait := r.timeout() << min(gap.tries, 16)
	// Never so rarely that a chance loss of a few requests ends a gap.
	wait = min(wait, max(r.timeout(), r.cfg.Silence/16))
	gap.due = now.Add(r.rand.Jitter(wait))
	gap.tries++
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
	// NACK: a burst of loss must not become a burst of NACKs.
	r.quiet = now
	if r.rtt.known {
		r.quiet = now.Add(r.rtt.smooth / 4)
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
