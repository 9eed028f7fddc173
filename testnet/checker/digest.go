package checker

import (
	"cmp"
	"net/netip"
	"slices"
	"sort"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// ofInquest reports whether a frame is a DIGEST that nobody asked for, as those of an inquest.
func ofInquest(f *frame.Frame) bool { return f.Kind == frame.Digest && f.Request == 0 }

// digest is what a holder said that it holds: a DIGEST, or the parts of one.
type digest struct {
	version  uint64
	at       reliable.Time // when it was sent
	from     netip.AddrPort
	role     frame.Role
	flags    frame.Flags
	proposal uint64

	position, began, next, offset uint64 // began is the position when the inquest began

	parts  []nack.Range // that it told of, ascending
	absent []nack.Range // of these
}

// take adds a part, and returns its number.
func (d *digest) take(f *frame.Frame) {
	d.parts = append(d.parts, nack.Range{From: f.Digest.From, To: f.Digest.To})
	d.absent = append(d.absent, f.Ranges...)
}

// aside reports whether the holder counts by what it holds alone, in an inquest that began at a
// time: it is in none, or is a recorder that told of itself before.
func (d *digest) aside(began reliable.Time) bool {
	return d.proposal == 0 && (d.flags&frame.Final != 0 || d.role == frame.Recorder) ||
		d.role == frame.Recorder && d.at < began
}

// part returns the number of the part that begins with a frame, or -1.
func (d *digest) part(from uint64) int {
	return slices.IndexFunc(d.parts, func(r nack.Range) bool { return r.From == from })
}

// whole reports whether the parts are all of what the holder says that it holds.
func (d *digest) whole() bool {
	return d.parts[len(d.parts)-1].To >= d.next || d.role == frame.Recorder
}

// held returns the first frame of r that the digest says its holder has.
func (d *digest) held(r nack.Range) (uint64, bool) {
	for _, p := range d.parts {
		in := r.Clip(p.From, p.To)
		i := sort.Search(len(d.absent), func(i int) bool { return d.absent[i].To > in.From })
		for ; i < len(d.absent) && d.absent[i].From <= in.From && in.Len() > 0; i++ {
			in.From = d.absent[i].To
		}
		if in.Len() > 0 {
			return in.From, true
		}
	}
	return 0, false
}

// speaker is a holder that told of a session.
type speaker struct {
	index  int
	sub    *world.Subscriber
	recent []*digest     // that it sent lately, ascending by version
	began  reliable.Time // of its inquest; 0: it holds none
	ended  reliable.Time // of its first certificate; 0: there is none
	mixed  bool          // it held another inquest before
	first  *reliable.Certificate
}

// last returns the last digest that it sent, or nil.
func (s *speaker) last() *digest {
	if len(s.recent) == 0 {
		return nil
	}
	return s.recent[len(s.recent)-1]
}

// keepDigests is how many digests of a holder are remembered: what comes later than that many
// others is taken for old. A process that was paused for seconds hears them all when it wakes up.
const keepDigests = 1024

// wasFull reports whether the holder said, since a time, that it has no room for what it lacks.
func (s *speaker) wasFull(since reliable.Time) bool {
	for i := len(s.recent) - 1; i >= 0 && s.recent[i].at >= since; i-- {
		if s.recent[i].flags&frame.Full != 0 {
			return true
		}
	}
	return false
}

// say notes a DIGEST that it sends. A recorder tells of its inquest by that alone.
func (s *speaker) say(now reliable.Time, f *frame.Frame, from netip.AddrPort) {
	if f.Digest.Role == frame.Recorder {
		switch {
		case f.Flags&frame.Live != 0:
			s.mixed, s.began = s.began != 0, 0
		case s.began == 0:
			s.began = now
		case f.Flags&frame.Final != 0 && s.ended == 0:
			s.ended = now
		}
	}
	if d := s.last(); d != nil && d.version == f.Digest.Version {
		d.take(f)
		return
	}
	d := &digest{version: f.Digest.Version, at: now, from: from, role: f.Digest.Role,
		flags:    f.Flags,
		proposal: f.Digest.Proposal, position: f.Digest.Position, began: f.Digest.Position,
		next: f.NextSeq, offset: f.NextOffset}
	if f.Digest.At {
		d.began = f.Digest.AtSeq
	}
	d.take(f)
	if len(s.recent) == keepDigests {
		s.recent = append(s.recent[:0:0], s.recent[keepDigests/2:]...)
	}
	s.recent = append(s.recent, d)
}

// row is what a process heard of a holder.
type row struct {
	first reliable.Time // when one came first, or a part
	whole *digest       // the last one that came as a whole
	at    reliable.Time // when that came
	gap   time.Duration // the longest time without one, in an inquest
	part  *digest       // of which parts came
	came  bitset        // these
	parts int
	live  *digest // the last one that came and said that its holder hears the publisher
}

// hear takes a DIGEST that came, of a speaker, at one that holds an inquest since a time.
func (r *row) hear(now reliable.Time, s *speaker, began reliable.Time, f *frame.Frame) {
	i := len(s.recent) - 1
	for i >= 0 && s.recent[i].version != f.Digest.Version {
		i--
	}
	if i < 0 {
		return
	}
	d := s.recent[i]
	if r.first == 0 {
		r.first = max(now, 1)
	}
	if f.Flags&frame.Live != 0 {
		r.live = d
	}
	switch {
	case r.whole != nil && d.version <= r.whole.version,
		r.part != nil && d.version < r.part.version:
		return
	case r.part != d:
		r.part, r.came, r.parts = d, nil, 0
	}
	n := d.part(f.Digest.From)
	if n < 0 || r.came.has(uint64(n)) {
		return
	}
	r.came.set(uint64(n))
	if r.parts++; r.parts < len(d.parts) || !d.whole() {
		return
	}
	r.gap = r.until(now, began)
	r.whole, r.at, r.part = d, now, nil
}

// held returns the first frame of r that the holder has by its last word of that: parts of a
// digest that hasn't come as a whole count for what they tell of.
func (r *row) held(of nack.Range) (uint64, bool) {
	if r.part == nil {
		return r.whole.held(of)
	}
	newer := digest{absent: r.part.absent}
	for i, p := range r.part.parts {
		if r.came.has(uint64(i)) {
			newer.parts = append(newer.parts, p)
		}
	}
	if seq, ok := newer.held(of); ok {
		return seq, true
	}
	for _, p := range newer.parts { // what lies between them is as it was
		if seq, ok := r.whole.held(of.Clip(of.From, p.From)); ok {
			return seq, true
		}
		of.From = min(max(of.From, p.To), of.To)
	}
	return r.whole.held(of)
}

// until returns the longest time without a whole digest up to now.
func (r *row) until(now, began reliable.Time) time.Duration {
	if began == 0 {
		return r.gap
	}
	return max(r.gap, now.Sub(max(r.at, began)))
}

// inquests is what holders of a session told each other.
type inquests struct {
	c     *Checker
	s     *world.Session
	order []*speaker
	ids   index[uint64] // of order
	rows  [][]row       // by the number of a subscriber or recorder, and that of a speaker
}

// speaker returns what is known of the holder with an id, which a process has.
func (q *inquests) speaker(id uint64, sub *world.Subscriber) *speaker {
	s := q.known(id)
	if s == nil {
		s = &speaker{index: len(q.order), sub: sub}
		q.ids.add(id, cmp.Compare[uint64], s.index)
		q.order = append(q.order, s)
	}
	return s
}

// known returns the holder with an id, or nil.
func (q *inquests) known(id uint64) *speaker {
	if i, ok := q.ids.find(id, cmp.Compare[uint64]); ok {
		return q.order[i]
	}
	return nil
}

// row returns what a process heard of a speaker.
func (q *inquests) row(sub *world.Subscriber, s *speaker) *row {
	for len(q.rows) <= sub.Index() {
		q.rows = append(q.rows, nil)
	}
	list := &q.rows[sub.Index()]
	if len(*list) <= s.index {
		*list = append(*list, make([]row, max(len(q.order), s.index+1)-len(*list))...)
	}
	return &(*list)[s.index]
}

// forget forgets what a process heard in an earlier life.
func (q *inquests) forget(sub *world.Subscriber) {
	if sub.Index() < len(q.rows) {
		q.rows[sub.Index()] = nil
	}
}

// freeze ends what is noted of gaps between digests, as a process ends its inquest.
func (q *inquests) freeze(own *speaker) {
	if own.sub.Index() >= len(q.rows) {
		return
	}
	list := q.rows[own.sub.Index()]
	for i := range list {
		list[i].gap = list[i].until(own.ended, own.began)
	}
}

// hear takes a DIGEST that came to a process.
func (q *inquests) hear(sub *world.Subscriber, f *frame.Frame) {
	s, own := q.known(f.Responder), q.known(sub.ID())
	if s == nil || s == own {
		return
	}
	began := reliable.Time(0)
	if own != nil && own.ended == 0 {
		began = own.began
	}
	r := q.row(sub, s)
	if r.whole == nil && own != nil && own.ended != 0 { // it was deaf to it all the time
		r.gap = own.ended.Sub(own.began)
	}
	r.hear(q.c.w.Now(), s, began, f)
}
