package checker

import (
	"bytes"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// kept is what a subscriber repeats for others.
//
//   - It says that it has a frame only if that came, and repeats it byte for byte.
//   - It repeats only what it was asked for, and only while a member of an inquest needs it.
type kept struct {
	*pair

	asked bitset // frames that it was asked for
	// Frames that holders repeated. One counts, too, that was to be asked for in a NACK that was
	// withheld, as one in excess of what its address is believed, and that another asked for.
	passed bitset
	needs  reliable.Time // when one that doesn't hear the publisher was heard last
}

// serveAfter is how long after the last word of one that doesn't hear the publisher it may be
// served.
const serveAfter = 10 * time.Second

// ask notes a NACK that came to it.
func (k *kept) ask(f *frame.Frame) {
	for _, r := range f.Ranges {
		for r = r.Clip(k.s.FirstSeq, k.t.next()); r.From < r.To; r.From++ {
			k.asked.set(r.From - k.s.FirstSeq)
		}
	}
}

// serve judges what a subscriber says of what it has, and repeats.
func (v *view) serve(d *world.Datagram) {
	k, f, now := &v.kept, d.Frame, v.c.w.Now()
	if !k.survives() {
		v.fail("it says %v, and keeps no history", f)
		return
	}
	switch f.Kind {
	case frame.Digest:
		v.judgeDigest(f)
	case frame.Repair:
		in := f.Data
		switch {
		case in == nil || in.Seq < v.s.FirstSeq || in.Seq >= v.t.next() ||
			!v.t.sentAs(in):
			v.fail("it repeats what its publisher never sent: %v", f)
		case !k.asked.has(in.Seq - v.s.FirstSeq):
			v.fail("it repeats frame %d, and nobody has asked it for that", in.Seq)
		case !v.app.inquires() && !v.app.over() && (k.needs == 0 || now.Sub(k.needs) > serveAfter):
			v.fail("it repeats frame %d, and the publisher lives", in.Seq)
		}
	}
}

// sentAs reports whether a DATA frame is one that the publisher sent.
func (t *truth) sentAs(f *frame.Frame) bool {
	raw := t.frames[f.Seq-t.s.FirstSeq].raw
	return raw == nil || bytes.Equal(f.Raw, raw)
}

// heardNothingOf returns the first of the frames [from, to) of which nothing came, not even a
// repair from before the application was told that the session begins: it is told that only when it
// has done its work before, and the receiver may have taken the frame by then.
func (v *view) heardNothingOf(from, to uint64) (uint64, bool) {
	for q := from; q < to; q++ {
		i := q - v.s.FirstSeq
		if !v.arrivals.came(q) && !v.arrivals.early.has(i) && !v.kept.passed.has(i) {
			return q, true
		}
	}
	return 0, false
}

// judgeDigest asks whether what a subscriber says that it has came, and whether its ends are
// those of which it heard.
func (v *view) judgeDigest(f *frame.Frame) {
	b := f.Digest
	if f.Responder != v.sub.ID() || b.Role != frame.Peer {
		v.fail("it says %v, and is %x, a peer", f, v.sub.ID())
	}
	if most := min(max(v.arrivals.high, v.holders.next), v.t.next()); f.NextSeq > most {
		v.fail("it says %v, and there is nothing from frame %d on", f, most)
		return
	}
	at := b.From
	for i := 0; i <= len(f.Ranges); i++ {
		to := b.To
		if i < len(f.Ranges) {
			to = f.Ranges[i].From
		}
		if q, lacks := v.heardNothingOf(at, to); lacks {
			v.fail("it says that it has frame %d, which didn't come", q)
			return
		}
		if i < len(f.Ranges) {
			at = f.Ranges[i].To
		}
	}
	if b.Position > f.NextSeq {
		v.fail("it says that it stands at frame %d of %d", b.Position, f.NextSeq)
	}
}
