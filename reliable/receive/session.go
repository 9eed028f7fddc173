package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// session is one publisher's life on one group, as one subscriber sees it: where the
// publisher is, when it was heard, and the streams that it sends.
type session struct {
	// What each frame looks at lies together, as in Receiver.

	r  *Receiver
	id uint64

	// One for each channel that was heard. Most sessions have one, and only has room for it
	// beside the session. byChannel is nil until there is another.
	streams   []*stream
	byChannel []*stream
	only      [1]*stream
	// busy are those of several that something is to be done for, and phases how many are in each.
	busy   []*stream
	phases [phases]uint16
	// wary says that a stream may wait for the publisher's next word, or for holders.
	wary bool

	// All frames come from the source, but for answers; SESSION names the control address.
	source  netip.AddrPort
	control netip.AddrPort
	// A frame came from the control address: that is where NACK and STATUS go.
	spoken bool
	// The feed by which the session was first heard, and all, if there are several; else nil.
	feed  int
	feeds *feeds
	// controls are those of SESSION before there are several feeds, once named says that it came.
	controls []netip.AddrPort
	named    bool
	// In the Receiver's list of sessions that time means something to.
	live bool

	// When the publisher was last heard, and how often it said it would be.
	heard    reliable.Time
	interval time.Duration
	// attested is until when it counts as heard by its answers alone: see Receiver.Attest.
	attested reliable.Time
	// The publisher's time to send back, and the latest in a frame that tells when it
	// was made.
	echo    echo
	newest  uint64
	transit transit
	credit  credit
	place   place

	// The first of the streams.
	own stream
	// What the streams hold together, and how they tell the publisher where they are.
	held    share
	reports reports

	title title
	// What the title says of all streams, once one needs it.
	common *reliable.Title
	// The group that its first frame came by, where that is known.
	group netip.AddrPort

	join   join // of streams to come
	rivals rivals
	kin    kinship
	moves  uint64

	// The address of the holder by whose DIGEST it was opened, before its publisher is heard.
	opener netip.Addr
	// Those that were admitted to it alone.
	holders []Holder
	// The topic by which it is followed, and its layout; nil: it is followed whatever it is of.
	topic  *followed
	layout topic.Layout
	member membership
	// teams says that the publisher grants work to teams, and concluded that those have done all.
	teams, concluded bool
	// learned is when the layout was taken, and doubted when it was last asked whether it has
	// ended.
	learned, doubted reliable.Time
}

// home returns the address that the session's place in the table counts for.
func (s *session) home() netip.Addr {
	if s.source.IsValid() {
		return s.source.Addr()
	}
	return s.opener
}

// join is how this subscriber came to a session.
type join struct {
	// The session began after this subscriber joined.
	fromStart bool
	start     reliable.Start
	// When a session had last been forgotten, when this one was first heard; 0: never.
	horizon reliable.Time
}

// newSession returns a session that is heard for the first time.
// It has a stream of a channel.
func newSession(r *Receiver, now reliable.Time, id uint64, channel uint32, source netip.AddrPort,

	j join) *session {
	s := &session{
		r: r, id: id, source: source, heard: now, interval: reliable.HeartbeatData,
		credit: credit{left: coldNacks, at: now}, join: j, kin: kinship{since: now},
		held: share{limit: r.cfg.Memory.Buffer},
	}
	s.only[0] = &s.own
	s.streams = s.only[:]
	s.reports = newReports(s, now)
	s.own.start(s, now, channel)
	return s
}

// add gives the session a stream of another channel.
func (s *session) add(now reliable.Time, channel uint32) *stream {
	st := new(stream)
	if s.byChannel == nil {
		s.byChannel = make([]*stream, topic.MaxPartitions)
		s.byChannel[s.own.channel] = &s.own
	}
	s.byChannel[channel] = st
	s.touch(&s.own)
	s.touch(st)
	s.streams = append(s.streams, st)
	s.r.table.grow(s, 1)
	st.start(s, now, channel)
	return st
}

// event makes ev an event of a stream's, with the fields that all of them have. It fills it in
// place: an event is large, and there is one a frame.
func (st *stream) event(ev *reliable.Run, kind reliable.EventKind, at reliable.Time) {
	s := st.session
	*ev = reliable.Run{}
	ev.Kind, ev.Partition, ev.Session = kind, st.channel, reliable.SessionID(s.id)
	ev.Group, ev.Source = s.group, s.source
	if t := st.told(); t != nil {
		ev.Publisher, ev.Title = t.Publisher, t
	}
	ev.Received = s.r.cfg.Epoch.Add(time.Duration(at))
}

// stream returns the session's stream of a channel, or nil if it has none.
func (s *session) stream(channel uint32) *stream {
	switch {
	case s.own.channel == channel:
		return &s.own
	case channel < uint32(len(s.byChannel)):
		return s.byChannel[channel]
	}
	return nil
}

// several reports whether the session has more than one stream.
func (s *session) several() bool { return s.byChannel != nil }

// all reports whether something is true of all streams.
func (s *session) all(is func(*stream) bool) bool {
	for _, st := range s.streams {
		if !is(st) {
			return false
		}
	}
	return true
}

// to returns where NACK and STATUS go: to the control address once a frame has come from it.
// Before that anybody could aim the NACKs of a whole group at a third party, with two datagrams.
func (s *session) to() netip.AddrPort {
	if s.feeds != nil {
		return s.feeds.to(0)
	}
	return s.address()
}

// address returns where they go by the feed by which the session was first heard.
func (s *session) address() netip.AddrPort {
	if s.spoken {
		return s.control
	}
	return s.source
}

// speaks reports whether the publisher speaks from an address, by whatever feed.
func (s *session) speaks(from netip.AddrPort) bool {
	return from == s.source || from == s.control || s.feeds.has(from)
}

// handle takes a frame of one of its streams that came from the session's source, and
// answers nothing.
func (s *session) handle(now reliable.Time, st *stream, f *frame.Frame) {
	if st.over() {
		st.stats.Late++
		if f.Kind != frame.Data {
			s.noteNewest(now, f) // other streams may go on, or lack their BYE
		}
		if f.Kind == frame.Bye {
			st.status.leaveAgain(now)
		}
		return
	}
	if f.Kind != frame.Data {
		s.noteNewest(now, f)
	}
	st.asked.setBehind(s.transit.take(now, f.Time))
	if f.Kind == frame.Data {
		if s.feeds == nil || st.phase == starting || st.taken.off {
			st.data(now, f, original)
			return
		}
		if st.arbitrate(now, f) {
			st.data(now, f, original)
			st.arbiter.filling = false
		}
		st.passed(now)
		return
	}
	s.echo.note(now, f.Time)
	if st.phase == starting && beganBefore(now, f, st.join.horizon) {
		// It may be one of those that were forgotten: it is joined at its newest.
		st.join.fromStart, st.join.start = false, reliable.Latest
	}
	switch f.Kind {
	case frame.Session:
		s.announce(st, f)
		s.learnFeeds(now, f)
		s.r.lineUp(now, st)
		if st.seek != nil {
			st.aim(now)
		}
		st.announce(now, f)
		if s.several() { // else at the next one: here that is long in coming
			s.kin.look(st)
		}
	case frame.Heartbeat:
		if f.Interval > 0 {
			s.interval = min(f.Interval, maxInterval)
		}
		st.beat(now, f)
	case frame.Bye:
		if st.silentSoFar() && !st.join.fromStart && st.join.start == reliable.Latest {
			s.r.stats.Unexpected++ // as in Receiver.begin
			st.drop()
			return
		}
		st.beat(now, f)
		st.bye(now, f)
	}
	if a := st.arbiter; a != nil && f.Kind != frame.Session && st.phase != starting {
		a.told(s.feeds, f.Feed, f.NextSeq)
		st.passed(now)
	}
}

// advance lets time pass.
func (s *session) advance(now reliable.Time) {
	if !s.several() {
		s.own.advance(now)
		return
	}
	if now >= s.doubtAt() {
		s.doubt(now)
	}
	if s.watches() && now >= s.silentAt() {
		for _, st := range s.streams {
			st.advance(now)
		}
	}
	for i := 0; i < len(s.busy); i++ { // there may be more meanwhile
		s.busy[i].advance(now)
	}
	kept := s.busy[:0]
	for _, st := range s.busy {
		if st.busy = !st.calm(); st.busy {
			kept = append(kept, st)
		}
	}
	clear(s.busy[len(kept):])
	s.busy = kept
}

// active returns the streams that something may be to be done for.
func (s *session) active() []*stream {
	if s.several() {
		return s.busy
	}
	return s.streams
}

// touch notes that something may be to be done for a stream.
func (s *session) touch(st *stream) {
	if s.several() && !st.busy {
		st.busy = true
		s.busy = append(s.busy, st)
	}
}

// idle reports whether nothing happens to the session by time alone.
func (s *session) idle() bool {
	if s.phases[starting]+s.phases[live]+s.phases[orphaned]+s.phases[left] > 0 {
		return false
	}
	return s.all((*stream).idle) && s.reports.deadline() == reliable.Never
}

// deadline returns when to call advance.
func (s *session) deadline() reliable.Time {
	at := s.reports.deadline()
	for _, st := range s.active() {
		at = min(at, st.deadline())
	}
	if s.several() && s.watches() {
		at = min(at, s.silentAt(), s.doubtAt())
	}
	return at
}

// report returns the NACK or STATUS that the session sends now, and to whom, or nil. The
// frame is valid until the next call for any stream.
func (s *session) report(now reliable.Time) (*frame.Frame, netip.AddrPort) {
	if f := s.reports.leave(now); f != nil {
		return f, s.to()
	}
	for _, st := range s.active() {
		if st.over() {
			continue
		}
		if f, to := st.asked.nack(now); f != nil {
			return f, to
		}
	}
	if !s.to().IsValid() {
		return nil, netip.AddrPort{}
	}
	return s.reports.report(now), s.to()
}

// over reports whether nothing more is told of any stream.
func (s *session) over() bool {
	return int(s.phases[ended]+s.phases[unheard]) == len(s.streams)
}
