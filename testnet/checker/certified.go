package checker

import (
	"slices"

	"crier/nack"
	"crier/reliable"
)

// What a certificate says of members, frames and losses, judged by what was heard.

// judge judges a certificate by what was heard.
func (k *certificates) judge(cert *reliable.Certificate) {
	k.judgeHash(cert)
	k.judgeMembers(cert)
	k.judgeExtent(cert)
	k.judgeLost(cert)
}

// judgeMembers asks whether the members were heard, and hold nothing that is said to be
// nobody's.
func (k *certificates) judgeMembers(cert *reliable.Certificate) {
	q, self, confirmed := k.inquests(), false, true
	for i := range cert.Members {
		m := &cert.Members[i]
		if i > 0 && cert.Members[i-1].ID >= m.ID {
			k.fail("certificate %d lists member %x after %x", cert.Number, m.ID,
				cert.Members[i-1].ID)
		}
		s := q.known(m.ID)
		if s == nil {
			k.fail("certificate %d lists member %x, which nobody is", cert.Number, m.ID)
			continue
		}
		if m.ID == k.sub.ID() {
			if self = true; m.Addr.IsValid() {
				k.fail("certificate %d lists the subscriber itself at %v", cert.Number, m.Addr)
			}
			if d := s.last(); d != nil {
				k.judgeMember(cert, m, d, d.held)
			}
			continue
		}
		r := q.row(k.sub, s)
		if r.whole == nil {
			k.fail("certificate %d lists %v, of which no whole digest came", cert.Number, s.sub)
			continue
		}
		if m.Addr != r.whole.from || m.Role != r.whole.role {
			k.fail("certificate %d lists %v as a %v at %v, and it is a %v at %v", cert.Number,
				s.sub, m.Role, m.Addr, r.whole.role, r.whole.from)
		}
		confirmed = confirmed && (m.Confirmed || r.whole.aside(k.began))
		if m.Confirmed && !k.works && !k.late && r.whole.proposal != cert.Hash {
			k.fail("certificate %d (%016x) is said to be confirmed by %v, which said %016x last",
				cert.Number, cert.Hash, s.sub, r.whole.proposal)
		}
		k.judgeMember(cert, m, r.whole, r.held)
	}
	if !self {
		k.fail("certificate %d doesn't list the subscriber itself", cert.Number)
	}
	if cert.Agreed && !confirmed && !k.works && !k.late { // a recorder may hold an inquest since
		k.fail("certificate %d is said to be agreed, and not all have confirmed it", cert.Number)
	}
}

// judgeMember asks whether a member, which holds frames by its last word, lacks what is said to be
// nobody's.
func (k *certificates) judgeMember(cert *reliable.Certificate, m *reliable.Survivor, d *digest,
	holds func(nack.Range) (uint64, bool)) {
	if k.works || k.late {
		return // what the application is told later, was true then
	}
	for _, r := range cert.Nobody {
		if seq, ok := holds(r); ok {
			k.fail("certificate %d says that nobody has frame %d, and member %x has it by its "+
				"last digest", cert.Number, seq, m.ID)
			return
		}
	}
	if cert.Agreed && cert.Frames.From > d.began && d.at >= k.began {
		k.fail("certificate %d is of frames from %d on, and member %x stood at %d", cert.Number,
			cert.Frames.From, m.ID, d.began)
	}
}

// judgeExtent asks whether the end of the stream is one that was heard of.
func (k *certificates) judgeExtent(cert *reliable.Certificate) {
	v := k.c.view(k.sub, k.s)
	seq, offset := max(v.arrivals.high, v.holders.next), max(v.arrivals.offset, v.holders.offset)
	if cert.Frames.To > min(seq, k.t.next()) || cert.NextOffset > min(offset, k.s.NextOffset()) {
		k.fail("certificate %d is of a stream up to frame %d and offset %d, and it was heard up "+
			"to %d and %d; there are %d and %d", cert.Number, cert.Frames.To, cert.NextOffset, seq,
			offset, k.t.next(), k.s.NextOffset())
	}
	if cert.Frames.From > cert.Frames.To {
		k.fail("certificate %d is of frames [%d, %d)", cert.Number, cert.Frames.From,
			cert.Frames.To)
	}
	// One that is told late may be followed by the word that the publisher is heard again.
	if cert.Frames.To < v.arrivals.high && !k.works && !k.late {
		k.fail("certificate %d is of a stream up to frame %d, and it knows of frames up to %d",
			cert.Number, cert.Frames.To, v.arrivals.high)
	}
	q := k.inquests()
	for i := range cert.Members {
		id := cert.Members[i].ID
		if s := q.known(id); s != nil && id != k.sub.ID() && !k.works && !k.late {
			if d := q.row(k.sub, s).whole; d != nil && d.next > cert.Frames.To {
				k.fail("certificate %d is of a stream up to frame %d, and %v knows of frames up "+
					"to %d", cert.Number, cert.Frames.To, s.sub, d.next)
				return
			}
		}
	}
	for i, r := range cert.Nobody {
		if r.Len() == 0 || r.From < cert.Frames.From || r.To > cert.Frames.To ||
			i > 0 && cert.Nobody[i-1].To >= r.From {
			k.fail("certificate %d lists frames %v as nobody's, of [%d, %d), after %v", cert.Number,
				r, cert.Frames.From, cert.Frames.To, cert.Nobody[:i])
			return
		}
	}
}

// judgeLost asks whether the losses that are listed are those that were told, and each is of
// a frame that nobody has, or that couldn't be settled.
func (k *certificates) judgeLost(cert *reliable.Certificate) {
	var lost []nack.Range
	sum := uint64(0)
	for _, l := range k.lost {
		lost, sum = append(lost, l.Range), sum+l.Len()
	}
	lost = nack.Normalize(lost)
	if len(lost) > mostLost {
		lost = lost[:mostLost]
	}
	if !slices.Equal(lost, cert.Lost) || sum != cert.LostMessages {
		k.fail("certificate %d lists %v as lost, %d messages, and %v were told, %d", cert.Number,
			cert.Lost, cert.LostMessages, lost, sum)
	}
	for _, l := range k.lost[k.judged:] {
		k.judgeCause(cert, &l)
	}
}

// mostLost is how many ranges of losses a certificate lists.
const mostLost = 1024

// judgeCause asks whether lost messages are of frames that nobody has, or that couldn't be settled.
func (k *certificates) judgeCause(cert *reliable.Certificate, l *lostRun) {
	var lists [2][]nack.Range
	switch l.cause {
	case reliable.CauseNobody, reliable.CauseUnanswered:
		lists = [2][]nack.Range{cert.Nobody, cert.Unsettled}
	case reliable.CauseSilent: // of a message whose rest nobody heard of
	default:
		return
	}
	for o := l.From; o < l.To; o++ {
		r := nack.Range{From: k.t.first(o), To: k.t.last(o + 1)}
		if !overlap(r, lists[:]...) && k.t.complete(o, cert.Frames.To) {
			k.fail("offset %d is lost as %q, and certificate %d doesn't say that its frames %v "+
				"are lost", o, l.cause, cert.Number, r)
			return
		}
	}
}

// judgeAll asks whether the subscriber has all that a listed member had.
func (k *certificates) judgeAll(cert *reliable.Certificate) {
	q := k.inquests()
	own := q.speaker(k.sub.ID(), k.sub).last()
	if own == nil || k.works || k.cfg.Receiver.Recovery.Off || k.recovery.MaxWait > 0 ||
		k.threwAway() {
		return
	}
	v := k.c.view(k.sub, k.s)
	for at := max(own.position, cert.Frames.From); at < cert.Frames.To; at++ {
		if v.arrivals.came(at) || overlap(nack.Range{From: at, To: at + 1}, cert.Unsettled) {
			continue
		}
		if !overlap(nack.Range{From: at, To: at + 1}, cert.Nobody) {
			k.fail("it lacks frame %d, and certificate %d doesn't say so", at, cert.Number)
			return
		}
	}
}

// judgeLive asks whether those that are said to hear the publisher said so.
func (k *certificates) judgeLive(cert *reliable.Certificate) {
	if len(cert.Live) > 0 && (len(cert.Nobody) > 0 || cert.Number != 0) {
		k.fail("certificate %d says that nobody has %v, and that the publisher is heard",
			cert.Number, cert.Nobody)
	}
	q := k.inquests()
	for i := range cert.Live {
		s := q.known(cert.Live[i].ID)
		if s == nil || q.row(k.sub, s).live == nil {
			k.fail("member %x is said to hear the publisher, and didn't say so", cert.Live[i].ID)
		}
	}
}

// overlap reports whether r has a number of one of the lists.
func overlap(r nack.Range, lists ...[]nack.Range) bool {
	for _, list := range lists {
		if within(list, r.From, r.To) {
			return true
		}
	}
	return false
}

// outside returns the first number of r that is in none of the lists.
func outside(r nack.Range, lists ...[]nack.Range) (uint64, bool) {
	var all []nack.Range
	for _, list := range lists {
		all = append(all, list...)
	}
	for _, x := range nack.Normalize(all) {
		if x.From <= r.From && r.From < x.To {
			r.From = x.To
		}
	}
	return r.From, r.Len() > 0
}
