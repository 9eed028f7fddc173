package nack

import (
	"math"
	"math/bits"
	"net/netip"
	"time"
)

// Repair is one frame to send again.
type Repair struct {
	Seq uint64
	// Request is the newest request that it answers.
	Request uint64
	// To is the subscriber; invalid: the group.
	To netip.AddrPort
	// Asker is the subscriber in whose turn the frame is repeated.
	Asker *Asker
	// Again says that it was repeated before.
	Again bool
}

// Answer is what a NACK gets besides repairs. The slices are valid until the
// next Begin.
type Answer struct {
	// Gone are no longer held: tell the asker.
	Gone []Range
	// Unfit are held, and too large for the network: tell the asker.
	Unfit []Range
	// Confirm will come, but not at once or not to all: tell the group.
	Confirm []Range
	// Coming will come to the asker alone, but not at once: tell the asker.
	Coming []Range
}

// Denial is what an asker waited for in vain: tell it.
type Denial struct {
	// To is the subscriber; invalid: the group, since several asked.
	To      netip.AddrPort
	Request uint64
	Range   Range
	// Unfit says that the frames are held, and too large for the network. Else they are
	// no longer held.
	Unfit bool
}

// Responder decides which frames a publisher repeats, and for whom. It is not
// safe for concurrent use.
type Responder struct {
	cfg   ResponderConfig
	share uint64 // cfg.Share, in units of 2^-16
	queue queue  // with the marks, by sequence number modulo Frames
	age   uint64 // frames below were sent a while ago

	group      int           // subscribers
	rtt        time.Duration // of the group
	confirms   bucket        // bytes of CONFIRM
	answer     Answer
	taken      uint64 // frames of this NACK so far
	confirming bool   // this NACK has something CONFIRMed already
	room       struct {
		asker         *Asker
		budget, quota uint64 // frames of this asker's that could go out now
	}
	next struct { // what Next returned
		at    int32
		asker *Asker
		class Class
	}
	denials []Denial
	stored  Range // what must be read first, as far as the last Next found out
	stats   ResponderStats
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
	CaughtUp    uint64 // of the repairs, those to subscribers that were behind
	Dropped     uint64 // no longer waited for: the asker left, or has passed them
	Unconfirmed uint64 // not CONFIRMed, though they wait, for want of budget for that
}

// NewResponder returns a Responder with nothing to repeat.
func NewResponder(cfg ResponderConfig) *Responder {
	cfg.setDefaults()
	return &Responder{
		cfg:   cfg,
		share: uint64(cfg.Share * (1 << 16)),
		queue: newQueue(cfg),
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
// their share of it, and what catches up as much as it.
func (r *Responder) SetDataRate(now Time, rate uint64) {
	r.queue.lines[Behind].budget.setRate(now, max(r.cfg.Floor, rate))
	hi, lo := bits.Mul64(rate, r.share)
	rate = hi<<48 | lo>>16
	if hi>>16 != 0 {
		rate = math.MaxUint64
	}
	budget := &r.queue.lines[Recent].budget
	budget.setRate(now, max(r.cfg.Floor, rate))
	r.confirms.setRate(now, max(r.cfg.Confirms, budget.rate/64))
}

// SetAge says that frames below seq were sent a while ago: whoever asks for them is
// behind.
func (r *Responder) SetAge(seq uint64) { r.age = seq }

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
// the most, or what its NACKs ask for beyond ScanRate, is refused.
func (r *Responder) Asked(now Time, a *Asker, request uint64, sent Time, asked, held Range) {
	if gone := asked.Clip(0, held.From); gone.Len() > 0 {
		a.Gone += gone.Len()
		r.stats.Gone += gone.Len()
		r.answer.Gone = join(r.answer.Gone, gone)
	}
	asked = asked.Clip(held.From, held.To)
	a.Asked += asked.Len()
	r.stats.Asked += asked.Len()
	n := min(asked.Len(), r.cfg.MaxAsked-r.taken, r.scans(now, a))
	r.room.asker = nil
	seq := asked.From
	for seq < asked.From+n && r.ask(now, a, request, sent, seq, held) {
		seq++
	}
	r.taken += seq - asked.From
	a.scans.take(seq - asked.From)
	if seq < asked.To { // in one step, however much it is
		a.Refused += asked.To - seq
		r.stats.Refused += asked.To - seq
	}
}

// looks returns how many frames of an asker's NACKs may be looked at now. Who asks
// for everything time after time must not keep the publisher from its work.
func (r *Responder) scans(now Time, a *Asker) uint64 {
	l := &a.scans
	if l.burst == 0 {
		l.rate, l.burst = r.cfg.ScanRate, 4*r.cfg.MaxAsked
		l.tokens = l.burst
	}
	l.fill(now)
	return l.tokens
}

// ask takes one held frame of a NACK, and reports false if there is no room for
// it.
func (r *Responder) ask(now Time, a *Asker, request uint64, sent Time, seq uint64,
	held Range) bool {
	switch r.look(seq) {
	case Unfit:
		r.answer.Unfit = join(r.answer.Unfit, Range{seq, seq + 1})
		r.stats.Unfit++
		return true
	case Absent:
		r.answer.Gone = join(r.answer.Gone, Range{seq, seq + 1})
		a.Gone++
		r.stats.Gone++
		return true
	}
	at := r.queue.marks.index(seq) + 1
	m := r.queue.marks.at(at - 1)
	fresh := m.asker == nil || m.seq != seq
	if fresh {
		if m.queued {
			r.passOver(at, held)
		}
		*m = newMark(seq, a)
	}
	class := r.classOf(a, m)
	other := r.shares(now, a, m, class, fresh)
	switch {
	case m.queued:
		if !other {
			m.request = request
		} else if a.in[class].queued < quantum && m.asker.in[class].queued > quantum {
			// An asker of little doesn't wait behind an asker of much.
			r.queue.remove(at)
			m.asker, m.request = a, request
			r.queue.push(at, class)
		}
	case m.wasRepaired() && r.crossed(now, m, a, sent):
		a.Crossed++
		r.stats.Crossed++
		return true
	case a.in[class].queued >= r.cfg.MaxQueued:
		return false
	default:
		m.multicast = other || !a.Addr.IsValid() || class == Recent && !a.alone(now, r.sharing())
		m.asker, m.shared, m.request = a, other, request
		r.queue.push(at, class)
	}
	r.announce(now, a, m, sent)
	return true
}

// classOf returns the class in which a frame waits, or is to wait for an asker. An asker
// without an address has no line of its own to catch up in.
func (r *Responder) classOf(a *Asker, m *mark) Class {
	if m.queued {
		return m.class
	}
	if m.seq < r.age && a.Addr.IsValid() {
		return Behind
	}
	return Recent
}

// shares notes that an asker lost a frame, and reports whether another lost it as well:
// then the group is better served at once.
func (r *Responder) shares(now Time, a *Asker, m *mark, class Class, fresh bool) bool {
	other := m.asker.ID != a.ID
	if class == Behind {
		// What went to another that is behind was its own loss: only what waits is shared.
		if other = other && m.queued; other {
			m.multicast, m.shared = true, true
		}
		return other
	}
	if fresh || other { // not a retry: a loss anew
		a.lose(now, r.sharing())
	}
	if other = other && (m.queued || r.recent(now, m)); other {
		a.share()
		if !m.shared {
			m.asker.share()
			m.shared = true
		}
		m.multicast = m.multicast || m.queued
	}
	return other
}

// announce has the group, or the asker, told of a repair that it might not wait for.
// Those that wait to ask hear nothing of a unicast repair, and nothing yet of one that
// waits; in a small group nobody waits to ask. And an asker that hears nothing for long
// gives up.
func (r *Responder) announce(now Time, a *Asker, m *mark, sent Time) {
	switch {
	case !m.queued:
	case m.class == Behind && !m.multicast:
		if a.in[Behind].queued > quantum || r.look(m.seq) != Ready {
			r.answer.Coming = join(r.answer.Coming, Range{m.seq, m.seq + 1})
		}
	case m.class == Recent && !m.multicast && r.group > SmallGroup, r.waits(now, m.asker, m.class):
		r.confirm(now, m, sent)
	}
}

func (r *Responder) look(seq uint64) Standing {
	if r.cfg.Look == nil {
		return Ready
	}
	return r.cfg.Look(seq)
}

// passOver takes a frame out of the queue that won't be repeated, and reports
// whether nothing of its asker's waits in its class any more.
func (r *Responder) passOver(at int32, held Range) bool {
	m := r.queue.marks.at(at - 1)
	switch {
	case m.seq < m.asker.Position && r.own(m): // it has it by now, or does without
		r.stats.Dropped++
	case m.seq >= held.From && r.look(m.seq) == Unfit:
		r.stats.Unfit++
		r.deny(m, true)
	case m.seq < held.From || r.look(m.seq) == Absent:
		m.asker.Gone++
		r.stats.Gone++
		r.deny(m, false)
	default: // only where more is held than Frames says
		m.asker.Refused++
		r.stats.Refused++
	}
	return r.queue.remove(at)
}

// maxDenials bounds the denials that wait to be taken: an asker that isn't told asks
// again.
const maxDenials = 256

// deny has all that asked for a frame told that it doesn't come.
func (r *Responder) deny(m *mark, unfit bool) {
	to := m.asker.Addr
	if !r.own(m) {
		to = netip.AddrPort{}
	}
	if last := len(r.denials) - 1; last >= 0 {
		d := &r.denials[last]
		if d.To == to && d.Request == m.request && d.Unfit == unfit && d.Range.To == m.seq {
			d.Range.To++
			return
		}
	}
	if len(r.denials) < maxDenials {
		r.denials = append(r.denials, Denial{to, m.request, Range{m.seq, m.seq + 1}, unfit})
	}
}

// Denials returns what askers waited for in vain since the last call, for them to be
// told. The slice is valid until the next call of Asked or Next.
func (r *Responder) Denials() []Denial {
	list := r.denials
	r.denials = r.denials[:0]
	return list
}

// Unreadable says that frames which were to be read can't be: all that wait for them are
// denied.
func (r *Responder) Unreadable(frames Range) {
	for class := range r.queue.lines {
		for a := r.queue.lines[class].first; a != nil; {
			next := a.in[class].next
			for at := a.in[class].first; at != 0; {
				m := r.queue.marks.at(at - 1)
				after := m.after
				if frames.Contains(m.seq) {
					r.passOver(at, Range{From: m.seq + 1})
				}
				at = after
			}
			a = next
		}
	}
}

// own says that nobody but its asker waits for a frame, as far as is known: nobody else
// has asked for it, nor was a large group told to wait for it.
func (r *Responder) own(m *mark) bool {
	return !m.shared && !(m.multicast && m.wasConfirmed() && r.group > SmallGroup)
}

// Forget drops what waits for an asker that is no longer there, and for nobody else.
func (r *Responder) Forget(a *Asker) {
	for class := range a.in {
		for at := a.in[class].first; at != 0; {
			m := r.queue.marks.at(at - 1)
			next := m.after
			if r.own(m) {
				r.queue.remove(at)
				r.stats.Dropped++
			}
			at = next
		}
	}
}

// Begin starts a NACK: the Answer is empty again.
func (r *Responder) Begin() {
	r.taken, r.confirming = 0, false
	r.answer.Gone, r.answer.Confirm = r.answer.Gone[:0], r.answer.Confirm[:0]
	r.answer.Unfit, r.answer.Coming = r.answer.Unfit[:0], r.answer.Coming[:0]
}

// Answer returns what the ranges since Begin get besides repairs.
func (r *Responder) Answer() Answer { return r.answer }

// crossed reports whether a NACK was sent before the last repair of its frame
// could have arrived.
func (r *Responder) crossed(now Time, m *mark, a *Asker, sent Time) bool {
	at := m.repairedAt
	if !m.multicast && m.asker.ID != a.ID { // that repair went to someone else
		if !m.wasMulticast() {
			return false
		}
		at = m.multicastAt
	}
	if sent != Never {
		return sent <= at
	}
	return now.Sub(at) < r.roundTrip()
}

// recent reports whether a frame was repeated so lately that another request for
// it means another subscriber lost it as well.
func (r *Responder) recent(now Time, m *mark) bool {
	return m.wasRepaired() && now.Sub(m.repairedAt) <= r.sharing()
}

// sharing is how long after one NACK another for the same frame still means that
// both lost it at the same time.
func (r *Responder) sharing() time.Duration { return 2 * r.roundTrip() }

// hold is how long further NACKs for a repeated frame are held to have crossed
// it, where nothing better is known: one round trip.
func (r *Responder) roundTrip() time.Duration {
	if r.rtt > 0 {
		return r.rtt
	}
	return guessedRTT
}

// join appends a range, with the last one where they touch.
func join(ranges []Range, n Range) []Range {
	if last := len(ranges) - 1; last >= 0 && ranges[last].To == n.From {
		ranges[last].To = n.To
		return ranges
	}
	return append(ranges, n)
}
