package nack

import (
	"net/netip"
	"time"
)

// A Responder decides which frames are repeated, when, and for whom. It is not safe for
// concurrent use.
type Responder struct {
	cfg    ResponderConfig
	budget *Budget
	// queue includes the marks, by sequence number modulo Frames.
	queue queue
	// age is the frame below which frames were sent a while ago.
	age uint64

	// group is the number of subscribers, and rtt their round trip.
	group  int
	rtt    time.Duration
	answer Answer
	// taken counts the frames of this NACK so far.
	taken uint64
	// confirming says that this NACK has a CONFIRM already.
	confirming bool
	room       struct {
		asker *Asker
		// budget and quota are the numbers of asker's frames that could go out now.
		budget, quota uint64
	}
	// next is the last result of Next.
	next struct {
		at    int32
		asker *Asker
		class Class
	}
	denials []Denial
	// stored are the frames that must be read first, as far as the last Next found out.
	stored Range
	stats  ResponderStats
}

// NewResponder returns a Responder with nothing to repeat.
func NewResponder(cfg ResponderConfig) *Responder {
	cfg.setDefaults()
	cfg.Budget.hold(uint64(cfg.FrameSize))
	return &Responder{cfg: cfg, budget: cfg.Budget, queue: newQueue(cfg.Frames)}
}

// Stats returns the counters so far.
func (r *Responder) Stats() ResponderStats { return r.stats }

// SetGroup sets the number of subscribers and their round trip; 0 means unknown.
func (r *Responder) SetGroup(size int, rtt time.Duration) {
	r.group, r.rtt = size, min(max(rtt, 0), maxRTT)
}

// SetAge says that frames below seq were sent a while ago. A subscriber that asks for
// them is behind.
func (r *Responder) SetAge(seq uint64) { r.age = seq }

// Asked takes one range of a NACK. sent is when the NACK was sent, on the publisher's
// clock, or Never if that is unknown. held is the range that the store holds. Call Asked
// once for each range, after Begin and before Answer.
//
// A NACK that was sent before a repair of the same frame has crossed it, and is ignored.
// The asker's estimate of the publisher's time tells the two apart, so that neither side
// depends on a guessed round trip.
//
// Asked refuses frames beyond MaxAsked for one NACK, beyond MaxQueued for the asker's queue,
// and beyond ScanRate for all NACKs of the asker.
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
	// Refuse the rest in one step, however much it is.
	if seq < asked.To {
		a.Refused += asked.To - seq
		r.stats.Refused += asked.To - seq
	}
}

// scans returns how many frames of an asker's NACKs may be looked at now. A subscriber
// that asks for everything again and again must not keep the responder from its work.
func (r *Responder) scans(now Time, a *Asker) uint64 {
	l := &a.scans
	if l.burst == 0 {
		l.rate, l.burst = r.cfg.ScanRate, 4*r.cfg.MaxAsked
		l.tokens = l.burst
	}
	l.fill(now)
	return l.tokens
}

// ask takes one held frame of a NACK. It reports false if there is no room for it.
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
			// An asker of few frames doesn't wait behind an asker of many.
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
		if m.wasRepaired() && m.asker.ID == a.ID {
			a.Again++
			r.stats.Again++
		}
		m.multicast = other || !a.Addr.IsValid() || class == Recent && !a.alone(now, r.sharing())
		m.asker, m.shared, m.request = a, other, request
		r.queue.push(at, class)
	}
	r.announce(now, a, m, sent)
	return true
}

// classOf returns the class in which a frame waits, or would wait, for an asker. An asker
// without an address has no line of its own in which to catch up.
func (r *Responder) classOf(a *Asker, m *mark) Class {
	if m.queued {
		return m.class
	}
	if m.seq < r.age && a.Addr.IsValid() {
		return Behind
	}
	return Recent
}

// shares notes that an asker lost a frame, and reports whether another lost it as well.
// If so, one repair to the group serves both.
func (r *Responder) shares(now Time, a *Asker, m *mark, class Class, fresh bool) bool {
	other := m.asker.ID != a.ID
	if class == Behind {
		// A repair to another subscriber that is behind was for a loss of its own: only
		// frames that still wait are shared.
		if other = other && m.queued; other {
			m.multicast, m.shared = true, true
		}
		return other
	}
	// Count a new loss, but not a retry.
	if fresh || other {
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

// announce adds a queued frame to the Answer if its asker, or another subscriber, might
// not wait for the repair without a word. Subscribers that back off hear nothing of a
// unicast repair, and nothing yet of one that waits. In a small group nobody backs off.
// An asker that hears nothing for long gives up.
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

// look returns the standing of a held frame.
func (r *Responder) look(seq uint64) Standing {
	if r.cfg.Look == nil {
		return Ready
	}
	return r.cfg.Look(seq)
}

// passOver takes a frame that won't be repeated out of the queue. It reports whether its
// asker's entry in the class is now empty.
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
	// More is held than cfg.Frames says.
	default:
		m.asker.Refused++
		r.stats.Refused++
	}
	return r.queue.remove(at)
}

// maxDenials bounds the denials that wait to be taken. An asker that isn't told asks
// again.
const maxDenials = 256

// deny adds a Denial for all that asked for a frame.
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

// Denials returns the denials since the last call. The slice is valid until the next call
// of Asked or Next.
func (r *Responder) Denials() []Denial {
	list := r.denials
	r.denials = r.denials[:0]
	return list
}

// Unreadable denies frames that were to be read, and can't be.
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

// own reports whether only its asker waits for a frame, as far as is known: no other has
// asked for it, and no large group was told to wait for it.
func (r *Responder) own(m *mark) bool {
	return !m.shared && !(m.multicast && m.wasConfirmed() && r.group > SmallGroup)
}

// Forget drops the frames that wait only for an asker that has left.
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

// Begin starts a NACK with an empty Answer.
func (r *Responder) Begin() {
	r.taken, r.confirming = 0, false
	r.answer.Gone, r.answer.Confirm = r.answer.Gone[:0], r.answer.Confirm[:0]
	r.answer.Unfit, r.answer.Coming = r.answer.Unfit[:0], r.answer.Coming[:0]
}

// Answer returns the response to the ranges since Begin.
func (r *Responder) Answer() Answer { return r.answer }

// crossed reports whether a NACK was sent before the last repair of its frame could have
// arrived.
func (r *Responder) crossed(now Time, m *mark, a *Asker, sent Time) bool {
	at := m.repairedAt
	// The last repair went to another asker.
	if !m.multicast && m.asker.ID != a.ID {
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

// recent reports whether a frame was repeated so lately that another request for it means
// that another subscriber lost it as well.
func (r *Responder) recent(now Time, m *mark) bool {
	return m.wasRepaired() && now.Sub(m.repairedAt) <= r.sharing()
}

// sharing returns how long after one NACK another for the same frame means that both
// askers lost it at the same time.
func (r *Responder) sharing() time.Duration { return 2 * r.roundTrip() }

// roundTrip returns the group's round trip, or a guess. For as long after a repair, NACKs
// that don't tell when they were sent are assumed to have crossed it.
func (r *Responder) roundTrip() time.Duration {
	if r.rtt > 0 {
		return r.rtt
	}
	return guessedRTT
}

// join appends a range, and merges it with the last one if they touch.
func join(ranges []Range, n Range) []Range {
	if last := len(ranges) - 1; last >= 0 && ranges[last].To == n.From {
		ranges[last].To = n.To
		return ranges
	}
	return append(ranges, n)
}
