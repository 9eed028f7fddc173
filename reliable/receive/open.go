package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// attends reports whether frames of a stream are taken. Its session comes back into the
// table for that if it had left it.
func (r *Receiver) attends(now reliable.Time, st *stream) bool {
	s := st.session
	if st.phase == silent && now < s.place.yields {
		r.stats.Refused++
		return false
	}
	return !s.place.away || r.comeBack(st)
}

// open begins to follow a session, if the frame is one to begin with. Before is nil, or the same
// session as somebody else spoke for it: of what topic it is, is known by that.
func (r *Receiver) open(now reliable.Time, from netip.AddrPort, f *frame.Frame,
	before *session) *session {
	of, channel, ok := r.follows(f, before)
	if !ok {
		return nil
	}
	j := join{fromStart: r.beganHere(now, f, of), start: r.cfg.Start, horizon: r.table.forgotten}
	if f.Kind != frame.Data && beganBefore(now, f, j.horizon) {
		j.fromStart, j.start = false, reliable.Latest
	}
	if f.Kind == frame.Bye && !j.fromStart && j.start == reliable.Latest {
		r.stats.Unexpected++ // it is over, and nothing of it counts here
		r.elders.add(f.Session)
		return nil
	}
	if !r.makeRoom(from.Addr(), f.Kind == frame.Data) {
		r.stats.Refused++
		return nil
	}
	s := newSession(r, now, f.Session, channel, from, j)
	s.group, s.feed = r.topics.group(f.GroupIndex), f.Feed
	s.follow(of)
	r.table.enter(s)
	if before != nil && of != nil && before.layout != (topic.Layout{}) {
		r.topics.learn(s, before.layout)
	}
	for _, h := range r.cfg.Holders {
		r.Admit(s.id, h)
	}
	r.prepare(now, &s.own)
	if channel != f.Channel {
		s.own.status.want(now)
		r.enliven(s)
	}
	return s
}

// beganHere reports whether a session began after its topic was followed, by a frame of its
// publisher's.
func (r *Receiver) beganHere(now reliable.Time, f *frame.Frame, of *followed) bool {
	return f.Time <= uint64(max(0, now.Sub(r.joined(of)))) && !r.elders.has(f.Session)
}

// prepare looks for the beginning of a stream that is heard for the first time, if it may lie
// in the past.
func (r *Receiver) prepare(now reliable.Time, st *stream) {
	r.finder.answered(st)
	if r.wantsPast() {
		st.aim(now)
	}
}

// follows returns the topic as which the session of a frame is followed, the channel that it
// begins with, and false if it isn't followed.
func (r *Receiver) follows(f *frame.Frame, before *session) (of *followed, channel uint32,
	ok bool) {
	if of, ok = r.topics.of(f); !ok && before != nil && before.topic != nil {
		of, ok = before.topic, true
	}
	switch {
	case !ok:
		r.stats.OtherTopic++
		return nil, 0, false
	case of == nil || f.Kind != frame.Session && of.wants(f.Channel):
		return of, f.Channel, true
	case f.Kind != frame.Session:
		r.stats.Unwanted++
		return nil, 0, false
	}
	l, ok := of.layout(f)
	if !ok {
		r.stats.OtherLayout++
		return nil, 0, of.Name == ""
	}
	if of.wants(f.Channel) {
		return of, f.Channel, true
	}
	if channel, ok = of.first(l.Partitions); !ok {
		of.most = l
		r.stats.Unwanted++
	}
	return of, channel, ok
}

// begin returns the stream of a session's channel that is heard for the first time, or once more
// after it fell silent too early, and nil where it isn't followed.
func (r *Receiver) begin(now reliable.Time, s *session, st *stream, f *frame.Frame) *stream {
	switch {
	case s.topic != nil && !s.topic.wants(f.Channel):
		switch {
		case f.Kind != frame.Session:
			r.stats.Unwanted++
		case !s.over():
			s.noteNewest(now, f)
			s.echo.note(now, f.Time)
			s.introduce(f)
			s.learnFeeds(now, f)
			r.enliven(s)
		}
		return nil
	case f.Kind == frame.Bye && !s.join.fromStart && s.join.start == reliable.Latest:
		r.stats.Unexpected++ // it is over, and nothing of it counts here
		return nil
	case s.place.away && !r.makeRoom(s.home(), true), st == nil && !r.table.admits(s):
		r.stats.Refused++
		return nil
	case s.place.away:
		r.table.recall(s)
		r.table.enter(s)
	}
	if st == nil {
		st = s.add(now, f.Channel)
	} else {
		st.start(s, now, f.Channel)
	}
	for _, h := range r.cfg.Holders {
		st.asked.admit(now, h)
	}
	for _, h := range s.holders {
		st.asked.admit(now, h)
	}
	r.prepare(now, st)
	return st
}

// enliven puts a session among those that time means something to.
func (r *Receiver) enliven(s *session) {
	if !s.live && !s.idle() {
		s.live = true
		r.live = append(r.live, s)
		if s.layout.Groups > 1 && !s.over() {
			r.topics.join(s)
		}
	}
}
