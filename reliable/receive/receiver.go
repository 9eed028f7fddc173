package receive

import (
	"net/netip"
	"slices"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/inquest"
	"crier/reliable/topic"
)

// Receiver is one subscriber: it follows the sessions that it hears.
type Receiver struct {
	// What each frame looks at lies together: of a thousand Receivers, most are out of the
	// processor's cache when their turn comes.

	now    reliable.Time
	closed bool
	pauses pauses
	// The stream whose frame came last.
	last *stream
	// Those with something to poll.
	ready []*stream
	// Those sessions of the table that time means something to, and the streams that wait for the
	// one before them.
	live   []*session
	held   []*stream
	mem    pool
	copies copies
	out    outgoing
	cfg    Config

	stats    Stats
	table    table
	elders   elders
	farewell farewell
	finder   finder
	rejoins  rejoins
	evidence evidence
	topics   topics
	removed  []nack.Range
	inquests inquest.Room
	// words is until when those of witnesses are paid for, by the publishers' addresses.
	words   [16]reliable.Time
	digests uint64 // that were sent
	name    []byte
	rand    *nack.Rand
	dec     frame.Decoder
	inner   frame.Frame // of the last REPAIR
}

// tick notes the time of a call.
func (r *Receiver) tick(now reliable.Time) {
	if d := r.pauses.take(now, r.now); d != 0 {
		for _, s := range r.live {
			s.standStill(d)
		}
	}
	r.now = now
}

// Deaf says whether whoever reads the sockets is at something else, such as an
// application's Handler: for as long as that takes, no publisher is silent.
func (r *Receiver) Deaf(now reliable.Time, deaf bool) {
	if deaf != r.pauses.deaf {
		r.tick(now)
		r.pauses.deaf, r.pauses.since = deaf, now
	}
}

// SetDatagram bounds the datagrams to send, in bytes, from now on: within 128, which leaves
// a NACK room for a few ranges, and 65,507.
func (r *Receiver) SetDatagram(size int) {
	r.cfg.Datagram = min(max(size, 128), frame.MaxDatagram)
}

// New returns a Receiver that has heard nothing yet.
func New(cfg Config) (*Receiver, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	r := &Receiver{
		cfg: cfg, name: []byte(cfg.Name), rand: nack.NewRand(cfg.Seed, cfg.ID),
		table: newTable(cfg.Memory.MaxSessions), mem: pool{limit: cfg.Memory.Total},
		out: outgoing{arena: make([]byte, 0, cfg.Datagram)},
		now: cfg.Joined, pauses: pauses{armed: reliable.Never},
	}
	r.finder.start(r)
	r.evidence.r = r
	r.topics.start(r)
	return r, nil
}

// Handle takes a decoded frame. It may keep f and the datagram it views until
// the next Poll has returned all there is, or Keep is called: nothing of them
// may change before.
func (r *Receiver) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	r.Keep()
	if r.closed {
		return
	}
	r.tick(now)
	if f.Flags&frame.Replay != 0 && !r.cfg.Logs.Replays {
		r.stats.Replays++
		return
	}
	if f.Channel >= topic.MaxPartitions &&
		(f.Kind != frame.Find || f.Channel != frame.EveryChannel) { // others ask recorders so
		r.stats.OtherChannel++
		return
	}
	if uint(f.Feed) >= MaxFeeds {
		r.stats.Foreign++
		return
	}
	switch f.Kind {
	case frame.Data, frame.Repair, frame.Heartbeat, frame.Session, frame.Bye, frame.Gone,
		frame.Confirm:
	case frame.Digest:
		r.digest(now, from, f)
		return
	case frame.Find:
		r.evidence.find(now, f)
		return
	default:
		r.stats.Unexpected++
		return
	}
	s := r.session(f.Session)
	switch f.Kind {
	case frame.Repair, frame.Gone, frame.Confirm:
		r.answer(now, from, s, f)
		return
	}
	var st *stream
	var before *session
	if s != nil {
		st = s.stream(f.Channel)
		if s.unheard() {
			r.forget(s) // as if it were heard for the first time
			s = nil
		} else if s.outspoken(now, from, st, f) {
			before, s = s, nil
			r.forget(before)
		}
	}
	if s == nil {
		if s = r.open(now, from, f, before); s == nil {
			return
		}
		st = s.stream(f.Channel)
	}
	if s.feeds != nil || f.Feed != s.feed {
		if !s.byFeed(now, from, st, f) {
			r.stats.Foreign++
			return
		}
	} else if from != s.source && from != s.control && !s.elsewhere(now, from, st, f) {
		if f.Kind == frame.Session && !s.source.IsValid() && !s.over() {
			r.topics.prepare(now, s, f)
		}
		r.stats.Foreign++
		return
	}
	if st == nil || st.phase == unheard {
		if st = r.begin(now, s, st, f); st == nil {
			return
		}
	}
	if !r.attends(now, st) {
		return
	}
	s.spoken = s.spoken || from == s.control
	r.last = st
	s.touch(st)
	s.handle(now, st, f)
	r.enliven(s)
}

// session returns the session with an id, or nil.
func (r *Receiver) session(id uint64) *session {
	if r.last != nil && r.last.session.id == id {
		return r.last.session
	}
	return r.table.byID[id]
}

// Keep copies the frames that Handle borrowed and Poll has not returned yet: the datagram
// may change after it.
func (r *Receiver) Keep() {
	if r.last != nil {
		r.last.cursor.keep()
	}
}

// Poll fills in events, in each stream's order, and returns how many. Their
// payloads are views, valid until the next call of Poll, and, where they came
// with the frame last handled, until its datagram changes.
//
// It may return fewer than there are, but 0 only where there is nothing.
func (r *Receiver) Poll(events []reliable.Run) int {
	r.mem.reuse()
	r.copies.reuse()
	return r.PollMore(events)
}

// PollMore is Poll that leaves the payloads of the events before valid; it may
// return 0 though there is more, which Poll then returns.
func (r *Receiver) PollMore(events []reliable.Run) int {
	n := 0
	for n < len(events) && !r.copies.full() && !r.tapeFull() &&
		(len(r.ready) > 0 || len(r.held) > 0 && r.goOn()) {
		st := r.ready[0]
		for n < len(events) && !r.copies.full() && st.cursor.step(&events[n]) {
			n++
		}
		if i := slices.Index(r.ready, st); i < 0 {
			continue // it left the table meanwhile
		} else {
			r.ready = slices.Delete(r.ready, i, i+1)
		}
		if n == len(events) || r.copies.full() || r.tapeFull() { // there may be more: others first
			r.ready = append(r.ready, st)
		} else {
			st.ready = false
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
	r.pauses.armed = reliable.Never
	r.finder.advance(now)
	r.rejoins.advance(now, r)
	r.topics.advance(now)
	if len(r.held) > 0 {
		r.goOn()
	}
	kept := r.live[:0]
	for _, s := range r.live {
		if s.advance(now); s.idle() {
			s.live = false
			r.topics.rests(s)
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
	at = min(r.finder.deadline(), r.rejoins.deadline(), r.evidence.deadline(), r.topics.due,
		r.topics.groups.due)
	for _, s := range r.live {
		at = min(at, s.deadline())
	}
	r.pauses.armed = max(at, r.now) // a wait for the socket doesn't make the process late
	return at
}

// Next returns the next datagram to send, and false if there is none now. The
// batch must be handed back with Sent before the next call.
func (r *Receiver) Next(now reliable.Time) (reliable.Batch, bool) {
	if r.out.taken {
		return reliable.Batch{}, false
	}
	r.tick(now)
	if r.closed {
		if s := r.farewell.next(r.table.list); s != nil {
			return r.send(s.to(), s.reports.farewell(now)), true
		}
		return reliable.Batch{}, false
	}
	for _, s := range r.live {
		if f, to := s.report(now); f != nil {
			if s.member.joined && s.idle() {
				r.topics.rests(s)
			}
			return r.send(to, f), true
		}
		for _, st := range s.active() {
			if b, ok := st.speak(now); ok {
				return b, true
			}
		}
	}
	if f, to := r.finder.next(); f != nil {
		return r.send(to, f), true
	}
	if f, to := r.evidence.next(now); f != nil {
		return r.send(to, f), true
	}
	return reliable.Batch{}, false
}

// send sends a frame to an address.
func (r *Receiver) send(to netip.AddrPort, f *frame.Frame) reliable.Batch {
	r.stats.Sent++
	return r.out.batch(to, f)
}

// Sent hands a batch back.
func (r *Receiver) Sent(reliable.Batch) { r.out.taken = false }

// Close ends all sessions: missing messages are reported lost, waiting ones are
// delivered by Poll, and nothing is taken any more, nor sent but a word of
// farewell to publishers.
func (r *Receiver) Close(now reliable.Time) {
	r.Keep()
	r.now = now
	if !r.closed {
		r.farewell.rounds = farewells
	}
	r.closed = true
	for _, s := range r.table.list {
		s.reports.parting = false // the farewell begins anew
		for _, st := range s.streams {
			st.close()
		}
	}
}
