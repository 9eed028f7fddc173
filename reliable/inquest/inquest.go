package inquest

import (
	"net/netip"
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Config configures an Inquest.
type Config struct {
	// ID is this survivor's random id, and Role its role: frame.Peer or frame.Recorder.
	ID   uint64
	Role frame.Role
	// Name is what it calls itself, or empty.
	Name string
	// Seed seeds the times of DIGESTs.
	Seed uint64
	// Session and Channel name the stream.
	Session uint64
	Channel uint32
	// Home is the address of its publisher. Inquests of different ones share the Room.
	Home netip.Addr
	// Counted is the number of subscribers that the publisher had counted, by its last word; 0 if
	// that isn't known.
	Counted int
	// RoundTrip is that of the group, or an estimate.
	RoundTrip time.Duration
	// FrameSize is that of a full frame, in bytes; 0 means reliable.DefaultDatagram. The deadline
	// has time for so much to be sent for each missing number.
	FrameSize int
	// Room is shared by all inquests of a process. nil means one of its own.
	Room *Room
}

// A Place is a sequence number, and the offset of the first message that starts in that frame or
// after it.
type Place struct{ Seq, Offset uint64 }

// Own is what this survivor has of the stream.
type Own struct {
	// Oldest is the lowest frame that it holds for others, and Next where the stream ends as far
	// as it knows. Oldest is Next if it holds nothing.
	Oldest, Next Place
	// Position is the first number that it has neither got nor given up. That of the first Update
	// is where the inquest begins.
	Position Place
	// Absent are the numbers of [Oldest.Seq, Next.Seq) that it doesn't hold, ascending and
	// disjoint. They are copied.
	Absent []nack.Range
	// Full says that it has no room for more: nobody is to wait until it has got what it lacks.
	Full bool
}

// A Member is another survivor, as whom to ask.
type Member struct {
	reliable.Survivor
	// Time is its clock, by its last DIGEST, and Heard when that came: what a NACK echoes.
	Time  uint64
	Heard reliable.Time
}

// Outcome is how far an inquest is.
type Outcome uint8

// The outcomes. All but Running have a Certificate.
const (
	// Running: it isn't over. Nothing is lost yet.
	Running Outcome = iota
	// Agreed: all members have the same certificate.
	Agreed
	// Overdue: the time was over before all agreed.
	Overdue
	// CutOff: others hear the publisher. The certificate's Number is 0, and it names them.
	CutOff
)

var outcomeNames = [...]string{"running", "agreed", "overdue", "cut off"}

// String returns the outcome as in traces.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// Refused counts the DIGESTs that weren't taken, by their causes.
type Refused struct {
	// Foreign are of another stream, of no survivor, or this survivor's own.
	Foreign uint64
	// Old came before, or are older than one that did.
	Old uint64
	// Rival have an id that another address had first.
	Rival uint64
	// Crowded are of a member for which there was no place.
	Crowded uint64
	// Flooded are more than there is time for.
	Flooded uint64
}

// An Inquest is one survivor's part in the inquest of one stream. It is not safe for concurrent
// use. The caller calls Update first, and again whenever its own content changed, before it calls
// another method; Hear for each DIGEST of the stream; Advance when Deadline says so; and Digest
// after each of these.
//
// It goes on after its end: members are heard and told at longer intervals, and Amended tells
// when that led to more. The caller forgets it when the publisher is heard, or when it holds
// nothing of the stream any more, and calls Close then.
type Inquest struct {
	cfg    Config
	table  table
	own    own
	course course
	find   finding
	budget budget
	// lag is for how long the process stood still: all times within are without it.
	lag time.Duration

	refused Refused
	changes uint64
	// vain are the addresses of members asked in vain, during a choice.
	vain []netip.Addr
}

// own is what this survivor has.
type own struct {
	known    bool
	start    Place
	base     uint64 // how far evidence is believed to go on from
	oldest   Place
	next     Place
	position uint64
	absent   []nack.Range
	full     bool
}

// New returns an Inquest that begins now: when the publisher fell silent.
func New(now reliable.Time, cfg Config) *Inquest {
	if cfg.Room == nil {
		cfg.Room = new(Room)
	}
	if cfg.FrameSize <= 0 {
		cfg.FrameSize = reliable.DefaultDatagram
	}
	q := &Inquest{cfg: cfg}
	q.table.room = cfg.Room
	q.course.begin(now, &q.cfg)
	return q
}

// Close gives back what it takes of the Room.
func (q *Inquest) Close() {
	q.table.clear()
	q.cfg.Room.forget(q)
	q.course.closed = true
}

// Suspended says that the process stood still for so long: nothing could be heard.
func (q *Inquest) Suspended(d time.Duration) { q.lag += max(0, d) }

// clock returns the time without those for which the process stood still.
func (q *Inquest) clock(now reliable.Time) reliable.Time { return now.Add(-q.lag) }

// Update takes what this survivor has now. The frames that came lately need not be told at once,
// but before Advance and Digest are called.
func (q *Inquest) Update(now reliable.Time, o *Own) {
	w := &q.own
	first := !w.known
	if first {
		w.known, w.start, w.base = true, o.Position, o.Next.Seq
	}
	oldest, next := o.Oldest, o.Next
	position := max(o.Position.Seq, w.start.Seq)
	next.Seq = max(next.Seq, position)
	oldest.Seq = min(oldest.Seq, next.Seq)
	if !first && w.next == next && w.position == position && w.full == o.Full &&
		w.oldest == oldest && slices.Equal(w.absent, o.Absent) {
		return
	}
	w.oldest, w.next, w.position, w.full = oldest, next, position, o.Full
	w.absent = w.absent[:0]
	for _, r := range o.Absent {
		w.absent = join(w.absent, r.Clip(oldest.Seq, next.Seq))
	}
	m := w.row()
	w.base = max(w.base, m.top())
	q.course.changed(q.clock(now), q)
}

// row returns what this survivor has, as a member.
func (w *own) row() row {
	m := row{start: w.start.Seq, position: w.position, oldest: w.oldest.Seq, next: w.next.Seq,
		nextOffset: w.next.Offset}
	if len(w.absent) > 0 {
		m.more = &more{absent: w.absent}
	}
	if w.full {
		m.flags = frame.Full
	}
	return m
}

// Hear takes a DIGEST of another: of a peer or a recorder, whole or a part, Live, Final or
// neither. It reports false for one that it doesn't take: of another stream, of this survivor
// itself, an answer to a FIND, one that came before, one of an id that another address has, one
// too many, or one that contradicts itself. Refused counts them by these causes.
func (q *Inquest) Hear(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool {
	now = q.clock(now)
	d := f.Digest
	if f.Kind != frame.Digest || d == nil || f.Session != q.cfg.Session ||
		f.Channel != q.cfg.Channel || f.Responder == q.cfg.ID || f.Request != 0 ||
		d.Role != frame.Peer && d.Role != frame.Recorder || !from.IsValid() || q.course.closed ||
		!sound(f) {
		q.refused.Foreign++
		return false
	}
	if !q.budget.pay(now, Home(from.Addr()), 1+len(f.Ranges)/32) {
		q.refused.Flooded++
		return false
	}
	m := q.table.find(f.Responder)
	switch {
	case m == nil:
		if m = q.table.admit(now, f.Responder, from, d.Role); m == nil {
			q.refused.Crowded++
			return false
		}
	case m.addr != from:
		if m.state != away || !m.told {
			q.refused.Rival++
			return false
		}
		m.addr, m.told = from, false // it was given up, and may be at another address
	case m.told && (d.Version < m.version || d.Version == m.version && m.partless(f)):
		q.refused.Old++
		return false
	}
	q.take(now, m, f)
	return true
}

// sound reports whether a DIGEST's numbers fit each other, as those of Decode do.
func sound(f *frame.Frame) bool {
	d := f.Digest
	if f.OldestSeq > f.NextSeq || d.Position > f.NextSeq || d.From < f.OldestSeq ||
		d.To > f.NextSeq || d.From > d.To {
		return false
	}
	at := d.From
	for _, r := range f.Ranges {
		if r.From < at || r.To <= r.From || r.To > d.To {
			return false
		}
		at = r.To
	}
	return true
}

// partless reports whether a DIGEST of a version that came before is whole, or tells only what
// is known.
func (m *row) partless(f *frame.Frame) bool {
	d := f.Digest
	return d.From == m.oldest && d.To == m.next || countIn(m.unknown(), d.From, d.To) == 0
}

// take takes a DIGEST of a member.
func (q *Inquest) take(now reliable.Time, m *row, f *frame.Frame) {
	d := f.Digest
	start := d.Position
	if d.At {
		start = min(d.AtSeq, d.Position)
	}
	known := m.told
	m.told = true
	back := m.state == away || m.state == awaited
	m.heard, m.time = now, f.Time
	if !q.course.runs() && f.Flags&(frame.Final|frame.Live) == 0 {
		q.course.quicken(now, q)
	}
	if known && !back && d.Proposal == m.proposal && m.same(f, start) {
		m.version = d.Version
		return
	}
	said := m.proposal != d.Proposal || m.flags != f.Flags
	holds := !known || back || !m.same(f, start)
	oldest, next := m.oldest, m.next
	m.version, m.flags, m.role, m.proposal = d.Version, f.Flags, d.Role, d.Proposal
	m.start, m.position, m.oldest, m.next = start, d.Position, f.OldestSeq, f.NextSeq
	m.nextOffset = f.NextOffset
	if back {
		m.state = listed
		if m.live() {
			m.state = living
		}
	}
	if len(d.Holder) > 0 && (m.more == nil || m.more.name != string(d.Holder)) {
		if m.more == nil {
			m.more = new(more)
		}
		m.more.name = string(d.Holder)
	}
	if holds {
		q.table.tell(m, f, oldest, next, known)
		q.changes++
	}
	if holds || said {
		q.course.heard(now, q)
	}
}

// Refused returns how many DIGESTs weren't taken.
func (q *Inquest) Refused() Refused { return q.refused }

// Changed returns a number that grows when what members have changed.
func (q *Inquest) Changed() uint64 { return q.changes }

// memberOf returns a row for the caller.
func (q *Inquest) memberOf(m *row) Member {
	return Member{Survivor: q.survivor(m), Time: m.time, Heard: m.heard.Add(q.lag)}
}

// survivor returns a row as a certificate names it.
func (q *Inquest) survivor(m *row) reliable.Survivor {
	s := reliable.Survivor{ID: m.id, Addr: m.addr, Role: m.role}
	if m.more != nil {
		s.Name = m.more.name
	}
	return s
}

// Member returns a member by its id, as it was heard last. It reports false for one that isn't
// heard any more.
func (q *Inquest) Member(id uint64) (m Member, ok bool) {
	if row := q.table.find(id); row != nil && row.state != away {
		return q.memberOf(row), true
	}
	return Member{}, false
}

// Listens reports whether DIGESTs came from an address under an id: its NACKs may be answered.
func (q *Inquest) Listens(from netip.AddrPort, id uint64) bool {
	m := q.table.find(id)
	return m != nil && m.addr == from
}

// Holds reports whether the member with an id, which is heard at that address, has a number by its
// last word.
func (q *Inquest) Holds(from netip.AddrPort, id, seq uint64) bool {
	m := q.table.find(id)
	if m == nil || m.addr != from || m.state == away {
		return false
	}
	has, _ := m.has(seq)
	return has
}

// Members returns the number of members that are heard, but for this survivor.
func (q *Inquest) Members() (n int) {
	for i := range q.table.ids {
		if q.table.member(i).state != away {
			n++
		}
	}
	return n
}

// Memory returns how many bytes the members take.
func (q *Inquest) Memory() int {
	const rowSize, rangeSize = 128 + 8 + 4, 16
	return cap(q.table.rows)*rowSize + q.table.ranges*rangeSize
}
