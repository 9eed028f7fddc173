package receive

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// session is one publisher's life on one group, as one subscriber sees it: where the
// publisher is, when it was heard, and the streams that it sends.
type session struct {
	// What each frame looks at lies together, as in Receiver.

	r  *Receiver
	id uint64

	// One for each channel that is listened to: today there is one, and only has room for
	// it beside the session.
	streams []*stream
	only    [1]*stream

	// All frames come from the source, but for answers; SESSION names the control address.
	source  netip.AddrPort
	control netip.AddrPort
	// A frame came from the control address: that is where NACK and STATUS go.
	spoken bool
	// In the Receiver's list of sessions that time means something to.
	live bool

	// When the publisher was last heard, and how often it said it would be.
	heard    reliable.Time
	interval time.Duration
	// The publisher's time to send back, and the latest in a frame that tells when it
	// was made.
	echo    echo
	newest  uint64
	transit transit
	credit  credit
	place   place

	// The first of the streams.
	own stream

	title title
	// The group that its first frame came by, where that is known.
	group netip.AddrPort

	join   join
	rivals rivals
	kin    kinship
	moves  uint64

	// The address of the holder by whose DIGEST it was opened, before its publisher is heard.
	opener netip.Addr
	// The session that is delivered before this one, or the id of one that is looked for, and
	// since when this one waits, and how far the others had come then.
	after  *session
	awaits uint64
	since  reliable.Time
	heldAt uint64
}

// home returns the address that the session's place in the table counts for.
func (s *session) home() netip.Addr {
	if s.source.IsValid() {
		return s.source.Addr()
	}
	return s.opener
}

// title is the content of SESSION, if it was heard. Events share what was told: a change is a
// new one.
type title struct {
	known bool
	told  *reliable.Title
}

// name returns the publisher's name, or nothing.
func (t *title) name() string {
	if t.told == nil {
		return ""
	}
	return t.told.Publisher
}

// join is how this subscriber came to a session.
type join struct {
	// The session began after this subscriber joined.
	fromStart bool
	start     reliable.Start
	// When a session had last been forgotten, when this one was first heard; 0: never.
	horizon reliable.Time
}

// echo is the last time that somebody told, to be sent back. The zero value is none.
type echo struct {
	known bool
	told  uint64
	at    reliable.Time
}

// note takes a time that was told by a HEARTBEAT, SESSION or BYE. The time of DATA is when its
// first message was accepted, and the frame may have waited for others to share its datagram: a
// round trip measured from it would be too long.
func (e *echo) note(now reliable.Time, told uint64) {
	if told >= e.told {
		*e = echo{known: true, told: told, at: now}
	}
}

// newSession returns a session that is heard for the first time.
func newSession(r *Receiver, now reliable.Time, id uint64, source netip.AddrPort, j join) *session {
	s := &session{
		r: r, id: id, source: source, heard: now, interval: reliable.HeartbeatData,
		credit: credit{left: coldNacks, at: now}, join: j, kin: kinship{since: now},
	}
	s.own.start(s, now, r.cfg.Channel)
	s.only[0] = &s.own
	s.streams = s.only[:]
	return s
}

// event makes ev an event of a stream's, with the fields that all of them have. It fills it in
// place: an event is large, and there is one a frame.
func (s *session) event(ev *reliable.Run, kind reliable.EventKind, channel uint32,
	at reliable.Time) {
	*ev = reliable.Run{}
	ev.Kind, ev.Partition, ev.Session = kind, channel, reliable.SessionID(s.id)
	ev.Group, ev.Source = s.group, s.source
	if t := s.title.told; t != nil {
		ev.Publisher, ev.Title = t.Publisher, t
	}
	ev.Received = s.r.cfg.Epoch.Add(time.Duration(at))
}

// stream returns the session's stream of a channel that is listened to.
func (s *session) stream(channel uint32) *stream {
	for _, st := range s.streams {
		if st.channel == channel {
			return st
		}
	}
	return nil
}

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
	if s.spoken {
		return s.control
	}
	return s.source
}

// handle takes a frame of one of its streams that came from the session's source, and
// answers nothing.
func (s *session) handle(now reliable.Time, st *stream, f *frame.Frame) {
	if st.over() {
		st.stats.Late++
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
		st.data(now, f, original)
		return
	}
	s.echo.note(now, f.Time)
	if st.phase == starting && beganBefore(now, f, s.join.horizon) {
		// It may be one of those that were forgotten: it is joined at its newest.
		s.join.fromStart, s.join.start = false, reliable.Latest
	}
	switch f.Kind {
	case frame.Session:
		s.announce(f)
		s.r.lineUp(now, s)
		if st.seek != nil {
			st.aim(now)
		}
		st.announce(now, f)
	case frame.Heartbeat:
		if f.Interval > 0 {
			s.interval = min(f.Interval, maxInterval)
		}
		st.beat(now, f)
	case frame.Bye:
		st.beat(now, f)
		st.bye(now, f)
	}
}

// announce takes the part of SESSION that is about all streams.
func (s *session) announce(f *frame.Frame) {
	if !s.title.known {
		s.title = title{known: true, told: reliable.TitleOf(f)}
		s.tapeTitle()
	}
	s.kin.look(s)
	if s.control != f.Control {
		s.control, s.spoken = f.Control, false
	}
}

// noteNewest takes the time of a frame that tells when it was made: one that is newer
// than all before was not repeated, and so the publisher was heard.
func (s *session) noteNewest(now reliable.Time, f *frame.Frame) {
	if f.Time > s.newest || s.newest == 0 {
		s.newest = max(s.newest, f.Time)
		s.refresh(now)
	}
}

// refresh notes that the publisher was heard, by something that is new: a repetition,
// by whomever, says nothing about it.
func (s *session) refresh(now reliable.Time) {
	s.heard = now
	for _, st := range s.streams {
		if st.deserted() {
			st.resume(now)
		} else if st.asked.expected != nil {
			st.asked.trust()
		}
	}
}

// silence returns how long the publisher may be quiet.
func (s *session) silence() time.Duration {
	return max(silenceIntervals*s.interval, s.r.cfg.Recovery.Silence)
}

// silentAt returns when nothing has been heard of the publisher for so long that it is
// silent. One that seems to be at another address by then has as long again as the old one
// must be quiet: it is about to be believed.
func (s *session) silentAt() reliable.Time {
	at := s.heard.Add(s.silence())
	if c := &s.rivals.candidate; c.Words > 0 {
		at = max(at, min(c.Since, at).Add(peer.Intervals*s.interval))
	}
	return at
}

// standStill says that nothing could be heard for so long.
func (s *session) standStill(d time.Duration) {
	s.heard = s.heard.Add(d)
	for _, st := range s.streams {
		st.asked.suspended(d)
		if st.aftermath != nil {
			st.aftermath.suspended(d)
		}
	}
}

// advance lets time pass.
func (s *session) advance(now reliable.Time) {
	for _, st := range s.streams {
		st.advance(now)
	}
}

// idle reports whether nothing happens to the session by time alone.
func (s *session) idle() bool { return s.all((*stream).idle) }

// deadline returns when to call advance.
func (s *session) deadline() reliable.Time {
	at := reliable.Never
	for _, st := range s.streams {
		at = min(at, st.deadline())
	}
	return at
}
