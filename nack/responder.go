package nack

import (
	"net/netip"
	"time"
)

// ResponderConfig configures a Responder. Zero fields mean the defaults.
type ResponderConfig struct {
	// Frames is how many frames the resend buffer holds. Required.
	Frames int
	// FrameSize is what one repair costs the budget, in bytes. Required.
	FrameSize int
	// Share is the part of the data rate that repairs may use; 0 means 0.5.
	Share float64
	// Floor is the rate that repairs may always use, in bytes a second; 0
	// means 64 MiB a second.
	Floor uint64
	// Burst is what may go out at once, in bytes; 0 means 256 KiB.
	Burst uint64
	// MaxQueued bounds the frames that wait for their repair, for each
	// subscriber; 0 means 4,096.
	MaxQueued uint64
	// MaxRuns bounds the runs of frames that wait, in all; 0 means 8,192.
	MaxRuns int
}

func (c *ResponderConfig) setDefaults() {
	if c.Share == 0 {
		c.Share = 0.5
	}
	if c.Floor == 0 {
		c.Floor = 64 << 20
	}
	if c.Burst == 0 {
		c.Burst = 256 << 10
	}
	if c.MaxQueued == 0 {
		c.MaxQueued = 4096
	}
	if c.MaxRuns == 0 {
		c.MaxRuns = 8192
	}
}

// Repair is one frame to send again.
type Repair struct {
	Seq     uint64
	Request uint64         // the request that it answers
	To      netip.AddrPort // the subscriber; invalid: the group
}

// Answer is what a NACK gets besides repairs. The slices are valid until the
// next call of Asked.
type Answer struct {
	Gone    []Range // no longer held: tell the asker
	Confirm []Range // will come, but not at once or not to all: tell the group
}

// Responder decides which frames a publisher repeats, and for whom. It is not
// safe for concurrent use.
type Responder struct {
	cfg   ResponderConfig
	marks []mark // by sequence number modulo Frames
	queue []run  // a ring of what waits
	first int
	count int

	group  int           // subscribers
	rtt    time.Duration // of the group
	budget bucket
	answer Answer
	stats  ResponderStats
}

// ResponderStats counts what a Responder did, in frames.
type ResponderStats struct {
	Asked     uint64 // asked for by NACKs
	Crossed   uint64 // ignored: a repair was on its way already
	Gone      uint64 // no longer held
	Refused   uint64 // not queued: the asker or the publisher had too many waiting
	Repaired  uint64 // repairs handed out
	ToGroup   uint64 // of these, to the group
	Throttled uint64 // times that a repair had to wait for the budget
}

// mark is what is known of the repair of one held frame.
type mark struct {
	seq    uint64
	asker  uint64 // who asked last, or whom it went to
	at     Time   // when it was last repeated
	queued bool
	group  bool // it goes, or went, to the group
	valid  bool
}

// run is a run of frames that waits to be repeated.
type run struct {
	Range
	asker   *Asker
	request uint64
}

// NewResponder returns a Responder with nothing to repeat.
func NewResponder(cfg ResponderConfig) *Responder {
	cfg.setDefaults()
	return &Responder{
		cfg:   cfg,
		marks: make([]mark, cfg.Frames),
		queue: make([]run, cfg.MaxRuns),
		budget: bucket{
			rate: cfg.Floor, burst: cfg.Burst, tokens: cfg.Burst,
		},
	}
}

// Stats returns the counters so far.
func (r *Responder) Stats() ResponderStats { return r.stats }

// SetGroup says how many subscribers there are and their round trip.
func (r *Responder) SetGroup(size int, rtt time.Duration) { r.group, r.rtt = size, rtt }

// SetDataRate says how fast data is sent, in bytes a second: repairs may use
// their share of it.
func (r *Responder) SetDataRate(now Time, rate uint64) {
	r.budget.fill(now)
	r.budget.rate = max(r.cfg.Floor, uint64(float64(float64(rate)*r.cfg.Share)))
}

// Asked takes one range of a NACK: which frames, by whom, and when it was sent,
// in the publisher's time (Never if that is unknown). Held is what the resend
// buffer holds. Call it once for each range, between Begin and the use of the
// Answer that it returns.
//
// A NACK that was sent before a repair of the same frame went out has crossed
// it, and is ignored: the asker's estimate of the publisher's time tells, so
// that neither side depends on a guessed round trip.
func (r *Responder) Asked(now Time, a *Asker, request uint64, sent Time, asked, held Range) {
	if gone := asked.Clip(0, held.From); gone.Len() > 0 {
		a.Gone += gone.Len()
		r.stats.Gone += gone.Len()
		r.answer.Gone = join(r.answer.Gone, gone)
	}
	asked = asked.Clip(held.From, held.To)
	for seq := asked.From; seq < asked.To; seq++ {
		r.stats.Asked++
		a.note()
		m := &r.marks[seq%uint64(len(r.marks))]
		if !m.valid || m.seq != seq {
			*m = mark{seq: seq, valid: true, at: -1}
		} else if m.asker != a.ID && (m.queued || r.recent(now, m)) {
			// Lost by more than one: the group is better served at once.
			a.share()
			m.group = m.group || m.queued
		}
		if m.queued {
			continue
		}
		if m.at >= 0 && r.crossed(now, m, a, sent) {
			a.Crossed++
			r.stats.Crossed++
			continue
		}
		if a.queued >= r.cfg.MaxQueued || !r.push(a, request, seq) {
			a.Refused++
			r.stats.Refused++
			continue
		}
		other := m.asker != a.ID && r.recent(now, m)
		m.queued, m.group, m.asker = true, other || !a.alone(), a.ID
		// Those who wait to ask hear nothing of a unicast repair, and nothing yet
		// of one that waits; in a small group nobody waits to ask.
		if r.group > SmallGroup && (!m.group || r.waits(now)) {
			r.answer.Confirm = join(r.answer.Confirm, Range{seq, seq + 1})
		}
	}
}

// Begin starts a NACK: the Answer is empty again.
func (r *Responder) Begin() {
	r.answer.Gone, r.answer.Confirm = r.answer.Gone[:0], r.answer.Confirm[:0]
}

// Answer returns what the ranges since Begin get besides repairs.
func (r *Responder) Answer() Answer { return r.answer }

// crossed reports whether a NACK was sent before the last repair of its frame
// could have arrived.
func (r *Responder) crossed(now Time, m *mark, a *Asker, sent Time) bool {
	if !m.group && m.asker != a.ID {
		return false // that repair went to someone else
	}
	if sent != Never {
		return sent <= m.at
	}
	return now.Sub(m.at) < r.hold()
}

// recent reports whether a frame was repeated so lately that another request for
// it means another subscriber lost it as well.
func (r *Responder) recent(now Time, m *mark) bool {
	return m.at >= 0 && now.Sub(m.at) <= 2*r.hold()
}

// hold is how long further NACKs for a repeated frame are held to have crossed
// it, where nothing better is known: one round trip.
func (r *Responder) hold() time.Duration {
	if r.rtt > 0 {
		return r.rtt
	}
	return guessedRTT
}

// waits reports whether a repair that is queued now goes out only later.
func (r *Responder) waits(now Time) bool {
	return r.count > 1 && r.budget.ready(now, uint64(r.cfg.FrameSize)) > now
}

// push queues one frame, with the run before it where they touch.
func (r *Responder) push(a *Asker, request, seq uint64) bool {
	if r.count > 0 {
		last := &r.queue[(r.first+r.count-1)%len(r.queue)]
		if last.asker == a && last.request == request && last.To == seq {
			last.To++
			a.queued++
			return true
		}
	}
	if r.count == len(r.queue) {
		return false
	}
	r.queue[(r.first+r.count)%len(r.queue)] = run{Range{seq, seq + 1}, a, request}
	r.count++
	a.queued++
	return true
}

// Next returns the next frame to repeat, and false where there is none or the
// budget is used up. Held is what the resend buffer holds: what has left it
// since it was asked for is passed over, and the asker will be told when it asks
// again.
func (r *Responder) Next(now Time, held Range) (Repair, bool) {
	size := uint64(r.cfg.FrameSize)
	for turn := r.count; turn > 0; turn-- {
		head := &r.queue[r.first]
		if head.From < held.From {
			r.skip(head, min(held.From, head.To))
		}
		if head.Len() == 0 {
			r.pop()
			continue
		}
		m := &r.marks[head.From%uint64(len(r.marks))]
		if !m.valid || m.seq != head.From || !m.queued {
			r.skip(head, head.From+1)
			turn++
			continue
		}
		if r.budget.ready(now, size) > now {
			r.stats.Throttled++
			return Repair{}, false
		}
		if r.quota(now, head.asker).ready(now, size) > now {
			r.stats.Throttled++
			r.rotate()
			continue
		}
		repair := Repair{Seq: head.From, Request: head.request}
		if !m.group {
			repair.To = head.asker.Addr
		} else {
			r.stats.ToGroup++
		}
		r.stats.Repaired++
		m.queued, m.at = false, now
		r.budget.take(size)
		head.asker.quota.take(size)
		r.skip(head, head.From+1)
		if head.Len() == 0 {
			r.pop()
		}
		return repair, true
	}
	return Repair{}, false
}

// quota returns a subscriber's part of the budget: half, so that one that loses
// much leaves the rest to the others; all of it where it is the only one.
func (r *Responder) quota(now Time, a *Asker) *bucket {
	q := &a.quota
	if q.burst == 0 {
		q.burst, q.tokens, q.filled = r.budget.burst, r.budget.burst, now
	}
	q.rate = r.budget.rate
	if r.group > 1 {
		q.rate /= 2
	}
	return q
}

// skip moves the start of a waiting run.
func (r *Responder) skip(head *run, to uint64) {
	head.asker.queued -= min(head.asker.queued, to-head.From)
	head.From = to
}

func (r *Responder) pop() {
	r.queue[r.first] = run{}
	r.first = (r.first + 1) % len(r.queue)
	r.count--
}

// rotate puts the head of the queue behind the others.
func (r *Responder) rotate() {
	head := r.queue[r.first]
	r.pop()
	r.queue[(r.first+r.count)%len(r.queue)] = head
	r.count++
}

// Waiting returns how many runs of frames wait for their repair.
func (r *Responder) Waiting() int { return r.count }

// Deadline returns when the next repair may go out; Never if none waits.
func (r *Responder) Deadline(now Time) Time {
	if r.count == 0 {
		return Never
	}
	size := uint64(r.cfg.FrameSize)
	at := Never
	for i := range r.count {
		a := r.queue[(r.first+i)%len(r.queue)].asker
		if at = min(at, r.quota(now, a).ready(now, size)); at <= now {
			break
		}
	}
	return max(at, r.budget.ready(now, size))
}

// join appends a range, with the last one where they touch.
func join(ranges []Range, n Range) []Range {
	if last := len(ranges) - 1; last >= 0 && ranges[last].To == n.From {
		ranges[last].To = n.To
		return ranges
	}
	return append(ranges, n)
}
