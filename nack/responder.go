package nack

import (
	"math"
	"math/bits"
	"net/netip"
	"time"
)

// Repair is one frame to send again.
type Repair struct {
	Seq     uint64
	Request uint64         // the request that it answers
	To      netip.AddrPort // the subscriber; invalid: the group
	Asker   *Asker         // in whose turn
	Again   bool           // it was repeated before
}

// Answer is what a NACK gets besides repairs. The slices are valid until the
// next Begin.
type Answer struct {
	Gone    []Range // no longer held: tell the asker
	Unfit   []Range // held, and too large for the network: tell the asker
	Confirm []Range // will come, but not at once or not to all: tell the group
}

// Responder decides which frames a publisher repeats, and for whom. It is not
// safe for concurrent use.
type Responder struct {
	cfg   ResponderConfig
	share uint64 // cfg.Share, in units of 2^-16
	queue queue  // with the marks, by sequence number modulo Frames

	group    int           // subscribers
	rtt      time.Duration // of the group
	budget   bucket
	confirms bucket // bytes of CONFIRM
	answer   Answer
	taken    uint64 // frames of this NACK so far
	told     bool   // this NACK has something CONFIRMed already
	room     struct {
		asker         *Asker
		budget, quota uint64 // frames of this asker's that could go out now
	}
	stats ResponderStats
}

// ResponderStats counts what a Responder did, in frames.
type ResponderStats struct {
	Asked       uint64 // asked for by NACKs
	Crossed     uint64 // ignored: a repair was on its way already
	Gone        uint64 // no longer held, when asked for or when their turn came
	Unfit       uint64 // too large for the network
	Refused     uint64 // not queued: the asker had too many waiting, or asked for too many
	Repaired    uint64 // repairs handed out
	ToGroup     uint64 // of these, to the group
	Throttled   uint64 // times that a repair had to wait for the budget or a quota
	Dropped     uint64 // no longer waited for: the asker left
	Unconfirmed uint64 // not CONFIRMed, though they wait, for want of budget for that
}

// mark is what is known of the repair of one held frame.
type mark struct {
	seq     uint64
	asker   *Asker // who asked last, whose it is in the queue, or whom it went to; nil if nobody did
	request uint64 // the asker's, while it waits
	at      Time   // when it was last repeated
	shouted Time   // when it was last repeated to the group
	told    Time   // when the group was last told to wait for it

	before, after int32 // its neighbours in the queue, as indices plus one; 0 for none

	repeated  bool // at means something
	toGroup   bool // shouted means something
	confirmed bool // told means something
	queued    bool
	group     bool // it goes, or went, to the group
	shared    bool // asker knows that another lost it as well
}

// NewResponder returns a Responder with nothing to repeat.
func NewResponder(cfg ResponderConfig) *Responder {
	cfg.setDefaults()
	return &Responder{
		cfg:   cfg,
		share: uint64(cfg.Share * (1 << 16)),
		queue: queue{marks: newMarks(cfg.Frames)},
		budget: bucket{
			rate: cfg.Floor, burst: cfg.Burst, tokens: cfg.Burst,
		},
		confirms: bucket{
			rate: cfg.Confirms, burst: confirmBurst, tokens: confirmBurst,
		},
	}
}

// Stats returns the counters so far.
func (r *Responder) Stats() ResponderStats { return r.stats }

// SetGroup says how many subscribers there are and their round trip; 0 where it
// isn't known.
func (r *Responder) SetGroup(size int, rtt time.Duration) {
	r.group, r.rtt = size, min(max(rtt, 0), maxRTT)
}

// SetDataRate says how fast data is sent, in bytes a second: repairs may use
// their share of it.
func (r *Responder) SetDataRate(now Time, rate uint64) {
	r.budget.fill(now)
	hi, lo := bits.Mul64(rate, r.share)
	rate = hi<<48 | lo>>16
	if hi>>16 != 0 {
		rate = math.MaxUint64
	}
	r.budget.rate = max(r.cfg.Floor, rate)
	r.confirms.fill(now)
	r.confirms.rate = max(r.cfg.Confirms, r.budget.rate/64)
}

// Asked takes one range of a NACK: which frames, by whom, and when it was sent,
// in the publisher's time (Never if that is unknown). Held is what the resend
// buffer holds. Call it once for each range, between Begin and the use of the
// Answer that it returns.
//
// A NACK that was sent before a repair of the same frame went out has crossed
// it, and is ignored: the asker's estimate of the publisher's time tells, so
// that neither side depends on a guessed round trip.
//
// What one NACK asks for beyond MaxAsked, or beyond what waits for the asker at
// the most, or what its NACKs ask for beyond Looks, is refused.
func (r *Responder) Asked(now Time, a *Asker, request uint64, sent Time, asked, held Range) {
	if gone := asked.Clip(0, held.From); gone.Len() > 0 {
		a.Gone += gone.Len()
		r.stats.Gone += gone.Len()
		r.answer.Gone = join(r.answer.Gone, gone)
	}
	asked = asked.Clip(held.From, held.To)
	a.Asked += asked.Len()
	r.stats.Asked += asked.Len()
	n := min(asked.Len(), r.cfg.MaxAsked-r.taken, r.looks(now, a))
	r.room.asker = nil
	seq := asked.From
	for seq < asked.From+n && r.ask(now, a, request, sent, seq, held) {
		seq++
	}
	r.taken += seq - asked.From
	a.looks.take(seq - asked.From)
	if seq < asked.To { // in one step, however much it is
		a.Refused += asked.To - seq
		r.stats.Refused += asked.To - seq
	}
}

// looks returns how many frames of an asker's NACKs may be looked at now. Who asks
// for everything time after time must not keep the publisher from its work.
func (r *Responder) looks(now Time, a *Asker) uint64 {
	l := &a.looks
	if l.burst == 0 {
		l.rate, l.burst = r.cfg.Looks, 4*r.cfg.MaxAsked
		l.tokens = l.burst
	}
	l.fill(now)
	return l.tokens
}

// ask takes one held frame of a NACK, and reports false if there is no room for
// it.
func (r *Responder) ask(now Time, a *Asker, request uint64, sent Time, seq uint64, held Range) bool {
	if r.unfit(seq) {
		r.answer.Unfit = join(r.answer.Unfit, Range{seq, seq + 1})
		r.stats.Unfit++
		return true
	}
	at := r.queue.marks.index(seq) + 1
	m := r.queue.marks.at(at - 1)
	fresh := m.asker == nil || m.seq != seq
	if fresh {
		if m.queued {
			r.passOver(at, held)
		}
		*m = mark{seq: seq, asker: a}
	}
	other := m.asker.ID != a.ID
	if fresh || other { // not a retry: a loss anew
		a.lose(now, r.sharing())
	}
	if other = other && (m.queued || r.recent(now, m)); other {
		// Lost by more than one: the group is better served at once.
		a.share()
		if !m.shared {
			m.asker.share()
			m.shared = true
		}
		m.group = m.group || m.queued
	}
	switch {
	case m.queued:
		if other && a.queued < turn && m.asker.queued > turn {
			// Whoever asks for little doesn't wait behind one who asks for much.
			r.queue.remove(at)
			m.asker, m.request = a, request
			r.queue.push(at)
		}
	case m.repeated && r.crossed(now, m, a, sent):
		a.Crossed++
		r.stats.Crossed++
		return true
	case a.queued >= r.cfg.MaxQueued:
		return false
	default:
		m.group = other || !a.Addr.IsValid() || !a.alone(now, r.sharing())
		m.asker, m.shared, m.request = a, other, request
		r.queue.push(at)
	}
	// Those who wait to ask hear nothing of a unicast repair, and nothing yet of
	// one that waits; in a small group nobody waits to ask. And whoever hears
	// nothing for long gives up.
	if (!m.group && r.group > SmallGroup) || r.waits(now, m.asker) {
		r.confirm(now, m, sent)
	}
	return true
}

func (r *Responder) unfit(seq uint64) bool { return r.cfg.Unfit != nil && r.cfg.Unfit(seq) }

// passOver takes a frame out of the queue that won't be repeated, and reports
// whether nothing of its asker's waits any more.
func (r *Responder) passOver(at int32, held Range) bool {
	m := r.queue.marks.at(at - 1)
	if m.seq < m.asker.Position { // it has it by now, or has done without
		return r.queue.remove(at)
	}
	switch {
	case m.seq >= held.From && r.unfit(m.seq):
		r.stats.Unfit++
	case m.seq < held.From:
		m.asker.Gone++
		r.stats.Gone++
	default: // only where more is held than Frames says
		m.asker.Refused++
		r.stats.Refused++
	}
	return r.queue.remove(at)
}

// Forget drops what waits for an asker that is no longer there. What another lost as
// well still comes, and so does what a large group was told to wait for: others of it
// may not have asked since.
func (r *Responder) Forget(a *Asker) {
	for at := a.first; at != 0; {
		m := r.queue.marks.at(at - 1)
		next := m.after
		if !m.shared && !(m.group && m.confirmed && r.group > SmallGroup) {
			r.queue.remove(at)
			r.stats.Dropped++
		}
		at = next
	}
}

// Begin starts a NACK: the Answer is empty again.
func (r *Responder) Begin() {
	r.taken, r.told = 0, false
	r.answer.Gone, r.answer.Confirm = r.answer.Gone[:0], r.answer.Confirm[:0]
	r.answer.Unfit = r.answer.Unfit[:0]
}

// Answer returns what the ranges since Begin get besides repairs.
func (r *Responder) Answer() Answer { return r.answer }

// Knows says what is done already about frames of a NACK: known, if a repair of the
// first of them waits here, or has gone out since the NACK was sent; n is how many
// in a row that is true of, or isn't. It is for a publisher that has another way to
// repeat what nobody is at yet, and holds more frames in that way than held. Where
// the asker has used up its Looks it says that all are known, and Asked refuses them.
func (r *Responder) Knows(now Time, a *Asker, sent Time, frames, held Range) (n uint64, known bool) {
	most := min(frames.Len(), r.looks(now, a))
	if most == 0 {
		return frames.Len(), true
	}
	known = r.knows(now, a, sent, frames.From, held)
	for n = 1; n < most && r.knows(now, a, sent, frames.From+n, held) == known; n++ {
	}
	a.looks.take(n)
	return n, known
}

func (r *Responder) knows(now Time, a *Asker, sent Time, seq uint64, held Range) bool {
	m := r.queue.marks.find(seq)
	if m == nil {
		return false
	}
	return m.queued && seq >= held.From || !m.queued && m.repeated && r.crossed(now, m, a, sent)
}

// SentAt says when a repair that Next returned goes out, where that isn't at once;
// Never: not yet, so that whatever is asked for meanwhile has crossed it.
func (r *Responder) SentAt(seq uint64, at Time) {
	if m := r.queue.marks.find(seq); m != nil && m.repeated {
		if m.at = at; m.group {
			m.shouted = at
		}
	}
}

// crossed reports whether a NACK was sent before the last repair of its frame
// could have arrived.
func (r *Responder) crossed(now Time, m *mark, a *Asker, sent Time) bool {
	at := m.at
	if !m.group && m.asker.ID != a.ID { // that repair went to someone else
		if !m.toGroup {
			return false
		}
		at = m.shouted
	}
	if sent != Never {
		return sent <= at
	}
	return now.Sub(at) < r.hold()
}

// recent reports whether a frame was repeated so lately that another request for
// it means another subscriber lost it as well.
func (r *Responder) recent(now Time, m *mark) bool {
	return m.repeated && now.Sub(m.at) <= r.sharing()
}

// sharing is how long after one NACK another for the same frame still means that
// both lost it at the same time.
func (r *Responder) sharing() time.Duration { return 2 * r.hold() }

// hold is how long further NACKs for a repeated frame are held to have crossed
// it, where nothing better is known: one round trip.
func (r *Responder) hold() time.Duration {
	if r.rtt > 0 {
		return r.rtt
	}
	return guessedRTT
}

// waits reports whether what is queued for a goes out only later, for want of
// budget or quota. What there is of both is looked up once for a range.
func (r *Responder) waits(now Time, a *Asker) bool {
	if r.room.asker != a {
		size, quota := max(uint64(r.cfg.FrameSize), 1), r.quota(now, a)
		r.budget.fill(now)
		quota.fill(now)
		r.room.asker = a
		r.room.budget, r.room.quota = r.budget.tokens/size, quota.tokens/size
	}
	return r.queue.frames > r.room.budget || a.queued > r.room.quota
}

// Next returns the next frame to repeat, and false where there is none or the
// budget is used up. Held is what the resend buffer holds: what has left it
// since it was asked for is passed over, and the asker will be told when it asks
// again.
func (r *Responder) Next(now Time, held Range) (Repair, bool) {
	size := uint64(r.cfg.FrameSize)
	for turns := r.queue.askers; turns > 0; {
		a := r.queue.first
		m := r.queue.marks.at(a.first - 1)
		if m.seq < held.From || r.unfit(m.seq) {
			if r.passOver(a.first, held) {
				turns--
			}
			continue
		}
		if r.budget.ready(now, size) > now {
			r.stats.Throttled++
			return Repair{}, false
		}
		quota := r.quota(now, a)
		if quota.ready(now, size) > now {
			r.stats.Throttled++
			r.queue.rotate()
			turns--
			continue
		}
		repair := Repair{Seq: m.seq, Request: m.request, Asker: a, Again: m.repeated}
		if !m.group {
			repair.To = a.Addr
		} else {
			m.toGroup, m.shouted = true, now
			r.stats.ToGroup++
		}
		r.stats.Repaired++
		m.repeated, m.at = true, now
		r.budget.take(size)
		quota.take(size)
		a.Repaired++
		if a.served++; !r.queue.remove(a.first) && a.served >= turn {
			r.queue.rotate()
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
		q.burst, q.tokens = r.budget.burst, r.budget.burst
	}
	rate := r.budget.rate
	if r.group > 1 {
		rate = max(rate/2, 1)
	}
	if rate != q.rate {
		q.fill(now)
		q.rate = rate
	}
	return q
}

// Owed returns how many of the frames that wait for their repair are held, and may still
// be needed by who asked. It costs as much as there are.
func (r *Responder) Owed(held Range) (n uint64) {
	for a := r.queue.first; a != nil; a = a.next {
		for at := a.first; at != 0; {
			m := r.queue.marks.at(at - 1)
			if m.seq >= max(held.From, a.Position) {
				n++
			}
			at = m.after
		}
	}
	return n
}

// Waiting returns how many frames wait for their repair.
func (r *Responder) Waiting() uint64 { return r.queue.frames }

// Deadline returns when the next repair may go out; Never if none waits.
func (r *Responder) Deadline(now Time) Time {
	if r.queue.askers == 0 {
		return Never
	}
	if at := r.paced(now, &r.budget, r.queue.frames); at > now {
		return at
	}
	at := Never
	for a := r.queue.first; a != nil && at > now; a = a.next {
		at = min(at, r.paced(now, r.quota(now, a), a.queued))
	}
	return at
}

// pace is how long what waits for tokens may wait for more of them: a timer for
// each frame would cost more than the frames.
const pace = 500 * time.Microsecond

// paced returns when a bucket has tokens for the next of so many frames, or a
// little later, when it has them for a turn.
func (r *Responder) paced(now Time, b *bucket, frames uint64) Time {
	size := uint64(r.cfg.FrameSize)
	first := b.ready(now, size)
	if first <= now {
		return first
	}
	return max(first, min(b.ready(now, min(frames, turn)*size), now.Add(pace)))
}

// join appends a range, with the last one where they touch.
func join(ranges []Range, n Range) []Range {
	if last := len(ranges) - 1; last >= 0 && ranges[last].To == n.From {
		ranges[last].To = n.To
		return ranges
	}
	return append(ranges, n)
}
