package receive

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// Receiver is one subscriber: it follows the sessions that it hears.
type Receiver struct {
	cfg    Config
	rand   *nack.Rand
	dec    frame.Decoder
	encode frame.Encoder
	inner  frame.Frame
	byID   map[uint64]*session
	list   []*session // in the order in which they were first heard
	live   []*session // of these, those that time means something to
	hosts  map[netip.Addr]*host
	past   []*session // those that left the table to make room; the one that left first comes first
	last   *session   // whose frame came last
	ready  []*session // with something to poll
	mem    memory
	name   []byte
	now    reliable.Time
	armed  reliable.Time // the last deadline
	closed bool

	// Once closed: how often publishers are yet to be told, and of r.list how many
	// are, this time.
	farewells, farewell int

	noRoom    noRoom
	forgotten reliable.Time // when a session was last forgotten of which something was told; 0: never

	deaf      bool          // nobody reads the sockets
	deafSince reliable.Time // since then, or it has been taken into account up to then

	removed []nack.Range
	arena   []byte
	scratch frame.Frame
	copies  copies
	taken   bool
	stats   Stats
}

// tick notes the time of a call.
func (r *Receiver) tick(now reliable.Time) {
	if r.armed != reliable.Never && now.Sub(r.armed) > reliable.Suspended {
		r.standStill(now.Sub(r.now))
		r.armed, r.deafSince = now, now
	}
	if r.deaf && now.Sub(r.deafSince) > reliable.Suspended {
		r.standStill(now.Sub(r.deafSince))
		r.deafSince = now
	}
	r.now = now
}

// standStill says that nothing could be heard for a while: that says nothing about
// the publishers.
func (r *Receiver) standStill(d time.Duration) {
	for _, s := range r.live {
		s.heard = s.heard.Add(d)
		s.req.Suspended(d)
	}
}

// Deaf says whether whoever reads the sockets is at something else, such as an
// application's Handler: for as long as that takes, no publisher is silent.
func (r *Receiver) Deaf(now reliable.Time, deaf bool) {
	if deaf != r.deaf {
		r.tick(now)
		r.deaf, r.deafSince = deaf, now
	}
}

// SetDatagram bounds the datagrams to send, in bytes, from now on: within 128, which leaves
// a NACK room for a few ranges, and 65,507.
func (r *Receiver) SetDatagram(size int) {
	r.cfg.Datagram = min(max(size, 128), frame.MaxDatagram)
}

// NewReceiver returns a Receiver that has heard nothing yet.
func New(cfg Config) (*Receiver, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Receiver{
		cfg: cfg, rand: nack.NewRand(cfg.Seed, cfg.ID),
		name: []byte(cfg.Name),
		byID: make(map[uint64]*session), hosts: make(map[netip.Addr]*host), mem: memory{limit: cfg.MaxMemory},
		now: cfg.Joined, armed: reliable.Never,
		arena: make([]byte, 0, cfg.Datagram),
	}, nil
}

// Handle takes a decoded frame. It may keep f and the datagram it views until
// the next Poll has returned all there is, or Hold is called: nothing of them
// may change before.
func (r *Receiver) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	r.Hold()
	if r.closed {
		return
	}
	r.tick(now)
	if f.Channel != r.cfg.Channel {
		r.stats.OtherChannel++
		return
	}
	switch f.Kind {
	case frame.Data, frame.Repair, frame.Heartbeat, frame.Session, frame.Bye, frame.Gone, frame.Confirm:
	default:
		r.stats.Unexpected++
		return
	}
	s := r.last
	if s == nil || s.id != f.Session {
		s = r.byID[f.Session]
	}
	switch f.Kind {
	case frame.Repair, frame.Gone, frame.Confirm:
		r.answer(now, from, s, f)
		return
	}
	if s != nil && (s.unheard || s.outspoken(now, from, f)) {
		r.forget(s) // as if it were heard for the first time
		s = nil
	}
	if s == nil {
		if s = r.open(now, from, f); s == nil {
			return
		}
	}
	if from != s.source && from != s.control && !s.elsewhere(now, from, f) {
		r.stats.Foreign++
		return
	}
	if !r.attends(now, s) {
		return
	}
	s.spoken = s.spoken || from == s.control
	r.last = s
	s.handle(now, f)
	r.enliven(s)
}

// attends reports whether frames of a session are taken, which comes back into the table
// for that if it had left it.
func (r *Receiver) attends(now reliable.Time, s *session) bool {
	if s.phase == silent && now < s.yields {
		r.stats.Refused++
		return false
	}
	return !s.away || r.comeBack(s)
}

// open begins to follow a session, if the frame is one to begin with.
func (r *Receiver) open(now reliable.Time, from netip.AddrPort, f *frame.Frame) *session {
	fromStart, start := f.Time <= uint64(max(0, now.Sub(r.cfg.Joined))), r.cfg.Start
	if f.Kind != frame.Data && beganBefore(now, f, r.forgotten) {
		fromStart, start = false, reliable.Latest
	}
	if f.Kind == frame.Bye && !fromStart && start == reliable.Latest {
		r.stats.Unexpected++ // it is over, and nothing of it counts here
		return nil
	}
	if !r.makeRoom(from.Addr(), f.Kind == frame.Data) {
		r.stats.Refused++
		return nil
	}
	s := newSession(r, now, f.Session, from)
	s.fromStart, s.start = fromStart, start
	r.byID[s.id] = s
	r.enter(s)
	return s
}

// enliven puts a session among those that time means something to.
func (r *Receiver) enliven(s *session) {
	if !s.live && !s.idle() {
		s.live = true
		r.live = append(r.live, s)
	}
}

// Hold copies what Handle borrowed and Poll has not returned yet: the datagram
// may change after it.
func (r *Receiver) Hold() {
	if r.last != nil {
		r.last.keep()
	}
}

// Poll fills in events, in each session's order, and returns how many. Their
// payloads are views, valid until the next call of Poll, and, where they came
// with the frame last handled, until its datagram changes.
//
// It may return fewer than there are, but 0 only where there is nothing.
func (r *Receiver) Poll(events []reliable.Event) int {
	r.mem.reuse()
	r.copies.reuse()
	return r.PollMore(events)
}

// PollMore is Poll that leaves the payloads of the events before valid; it may
// return 0 though there is more, which Poll then returns.
func (r *Receiver) PollMore(events []reliable.Event) int {
	n := 0
	for len(r.ready) > 0 && n < len(events) && !r.copies.full() {
		s := r.ready[0]
		for n < len(events) && !r.copies.full() && s.step(&events[n]) {
			n++
		}
		r.ready = append(r.ready[:0], r.ready[1:]...)
		if n == len(events) || r.copies.full() { // there may be more: others first
			r.ready = append(r.ready, s)
		} else {
			s.ready = false
		}
	}
	return n
}

// Borrowing reports whether Poll has yet to return something of the frame last
// handled.
func (r *Receiver) Borrowing() bool {
	return r.last != nil && r.last.cursor.borrowed && r.last.cursor.frame != nil
}

// Advance lets time pass.
func (r *Receiver) Advance(now reliable.Time) {
	r.tick(now)
	r.armed = reliable.Never
	kept := r.live[:0]
	for _, s := range r.live {
		if s.advance(now); s.idle() {
			s.live = false
			continue
		}
		kept = append(kept, s)
	}
	clear(r.live[len(kept):])
	r.live = kept
}

// Deadline returns when to call Advance, and then Next.
func (r *Receiver) Deadline() reliable.Time {
	at := reliable.Never
	if r.closed {
		return at
	}
	for _, s := range r.live {
		at = min(at, s.deadline())
	}
	r.armed = max(at, r.now) // what waits for the socket doesn't make the process late
	return at
}

// Next returns the next datagram to send, and false if there is none now. The
// batch must be handed back with Sent before the next call.
func (r *Receiver) Next(now reliable.Time) (reliable.Batch, bool) {
	if r.taken {
		return reliable.Batch{}, false
	}
	r.tick(now)
	if r.closed {
		if s := r.nextLeft(); s != nil {
			return r.send(s, s.farewell(now)), true
		}
		return reliable.Batch{}, false
	}
	for _, s := range r.live {
		if f := s.report(now); f != nil {
			return r.send(s, f), true
		}
	}
	return reliable.Batch{}, false
}

// send encodes a frame to a session's publisher.
func (r *Receiver) send(s *session, f *frame.Frame) reliable.Batch {
	r.taken = true
	r.stats.Sent++
	r.arena = r.encode.Append(r.arena[:0], f)
	return reliable.Batch{To: s.to(), Data: r.arena, Segment: len(r.arena)}
}

// Sent hands a batch back.
func (r *Receiver) Sent(reliable.Batch) { r.taken = false }

// Close ends all sessions: what is missing is reported lost, what is held is
// delivered by Poll, and nothing is taken any more, nor sent but a word of
// farewell to publishers.
func (r *Receiver) Close(now reliable.Time) {
	r.Hold()
	r.now = now
	if !r.closed {
		r.farewells = farewells
	}
	r.closed = true
	for _, s := range r.list {
		s.close()
	}
}
