package checker

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// holders is what a subscriber and holders of frames beside the publisher said to each
// other.
type holders struct {
	asked  []question // what holders were asked for, by their addresses
	places index[netip.AddrPort]
	denied []nack.Range // what they said that they lack

	repaired bitset // frames that one of them repeated when it was asked

	// told says that one told of the session, final that it is over, and ended that it
	// ended by BYE.
	told, final, ended bool
	// extended says that the session was taken up again by its word.
	extended bool
	// next and offset are one past the highest frame and message that one, or the publisher,
	// knew of, in a DIGEST; found says that there was one.
	next, offset uint64
	found        bool
	// gone are the frames that the publisher doesn't hold, by its word of wordTime ago, and
	// that a recorder does. denies is its newest word, of since.
	gone   nack.Range
	denies uint64
	since  reliable.Time
	has    nack.Range
	// ids are those that told of it.
	ids []uint64
}

// question is what the holder at an address was asked for: frames, by their places from the
// session's first on.
type question struct{ frames bitset }

// ask notes that the holder at an address is asked for frames.
func (h *holders) ask(to netip.AddrPort, ranges []nack.Range, first, next uint64) {
	i, ok := h.places.find(to, netip.AddrPort.Compare)
	if !ok {
		i = len(h.asked)
		h.places.add(to, netip.AddrPort.Compare, i)
		h.asked = append(h.asked, question{})
	}
	for _, r := range ranges {
		for r = r.Clip(first, next); r.From < r.To; r.From++ {
			h.asked[i].frames.set(r.From - first)
		}
	}
}

// askedOf reports whether the holder at an address was asked for a frame, by its place.
func (h *holders) askedOf(to netip.AddrPort, place uint64) bool {
	i, ok := h.places.find(to, netip.AddrPort.Compare)
	return ok && h.asked[i].frames.has(place)
}

// wordTime is how long a word of the publisher's may take to be heeded.
const wordTime = 250 * time.Millisecond

// hold takes the word of a publisher that it holds nothing below a frame.
func (h *holders) hold(now reliable.Time, oldest uint64) {
	if now.Sub(h.since) >= wordTime {
		h.gone = h.has.Clip(0, h.denies)
		h.denies, h.since = max(h.denies, oldest), now
	}
}

// any reports whether a holder was asked for one of the frames at the places [from, to).
func (h *holders) any(from, to uint64) bool {
	return slices.ContainsFunc(h.asked, func(q question) bool {
		for place := from; place < to; place++ {
			if q.frames.has(place) {
				return true
			}
		}
		return false
	})
}

// hearHolder takes a packet of a holder, whose time is its own, and whose word is about
// itself.
func (v *view) hearHolder(d *world.Datagram) {
	switch d.Frame.Kind {
	case frame.Repair: // which counts where it was asked for
		inner := d.Frame.Data
		if inner != nil && inner.Seq >= v.s.FirstSeq && inner.Seq < v.t.next() {
			v.kept.passed.set(inner.Seq - v.s.FirstSeq)
		}
		if inner != nil && (v.holders.askedOf(d.From, inner.Seq-v.s.FirstSeq) || v.inquires(d)) {
			v.holders.repaired.set(inner.Seq - v.s.FirstSeq)
			v.hear(d)
		}
	case frame.Digest:
		v.digest(d.Frame)
		return
	case frame.Find:
		return
	case frame.Nack:
		v.kept.ask(d.Frame)
		return
	case frame.Gone:
		v.holders.denied = append(v.holders.denied, d.Frame.Ranges...)
	}
	v.help = v.c.w.Now()
}

// inquires reports whether a datagram comes from one that takes part in an inquest with the
// subscriber.
func (v *view) inquires(d *world.Datagram) bool {
	q := &v.t.inquests
	s := q.known(d.Frame.Responder)
	return v.survives() && (v.app.inquires() || v.app.over()) && s != nil && s.sub == d.Subscriber &&
		q.row(v.sub, s).whole != nil
}

// digest takes what a recorder tells of the session.
func (v *view) digest(f *frame.Frame) {
	v.start.digest(f)
	h := &v.holders
	v.certificates.hear(f)
	if f.Flags&frame.Live == 0 {
		v.kept.needs = v.c.w.Now()
	}
	h.knows(f)
	if f.Digest.Role == frame.Peer {
		if !v.pulse.heard || v.app.over() || v.app.inquires() {
			v.help = v.c.w.Now()
			v.arrivals.exists(v.help, f.NextSeq, f.NextOffset, v.app.next)
		}
		return
	}
	h.told = true
	if f.Digest.Role == frame.Recorder {
		h.has = nack.Range{From: f.OldestSeq, To: f.Digest.Position}
		for _, r := range f.Ranges { // of parts, the first
			h.has = h.has.Clip(0, r.From)
		}
	}
	if !slices.Contains(h.ids, f.Responder) {
		h.ids = append(h.ids, f.Responder)
	}
	h.final = h.final || f.Flags&frame.Final != 0 ||
		f.Flags&frame.Live == 0 && f.Digest.Role == frame.Recorder && v.survives()
	h.ended = h.ended || f.Flags&frame.Ended != 0
	if !v.pulse.heard && v.looksBack() || v.app.over() || v.app.inquires() {
		// else only the publisher tells
		now := v.c.w.Now()
		v.help = now
		v.arrivals.exists(now, f.NextSeq, f.NextOffset, v.app.next)
	}
}

// knows takes what a DIGEST knows of.
func (h *holders) knows(f *frame.Frame) {
	h.found, h.next, h.offset = true, max(h.next, f.NextSeq), max(h.offset, f.NextOffset)
}

// within reports whether ranges hold one of the numbers [from, to).
func within(ranges []nack.Range, from, to uint64) bool {
	return slices.ContainsFunc(ranges,
		func(r nack.Range) bool { return r.Clip(from, to).Len() > 0 })
}
