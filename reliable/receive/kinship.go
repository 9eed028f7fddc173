package receive

import (
	"slices"
	"time"

	"crier/nack"
	"crier/reliable"
)

// kinship is what a session is to others of its stream, which has one publisher at a time: one
// that starts again goes on with the offsets of the session before.
type kinship struct {
	// since is when the session was first heard.
	since reliable.Time
	// rivals are the sessions that an event told of.
	rivals []uint64
	// contested is until when the publisher is told that it isn't alone.
	contested reliable.Time
}

const (
	// rivalTime is for how long both of two sessions must have been heard: the end of one
	// may be on its way while the next one begins.
	rivalTime = 500 * time.Millisecond
	// contestTime is how long a publisher is told so.
	contestTime = 3 * time.Second
	// maxKin bounds the sessions that events of one session tell of.
	maxKin = 8
)

// look compares a stream of the session to those of others that it is one with. It is called for
// each SESSION.
func (k *kinship) look(st *stream) {
	s, t := st.session, st.title.told
	if t == nil || t.Publisher == "" || t.Replay != 0 {
		return
	}
	for _, other := range s.r.table.list {
		if other == s || !other.sameStream(t) {
			continue
		}
		if t.Prev.Session != 0 {
			k.compare(st, other.stream(st.channel))
		}
		k.contest(s, other)
	}
}

// sameStream reports whether a session is of the stream that a title names.
func (s *session) sameStream(t *reliable.Title) bool {
	o := s.title.told
	return o != nil && o.Publisher == t.Publisher && o.Topic == t.Topic && o.Key == t.Key &&
		o.Replay == 0
}

// compare reports offsets that two streams have used, of which one goes on where the other
// should have ended, or both where the same one should have.
func (k *kinship) compare(st, before *stream) {
	if before == nil {
		return
	}
	s, other := st.session, before.session
	t, o := st.title.told, before.told()
	if t.Prev.Session != reliable.SessionID(other.id) &&
		(t.Prev.Session != o.Prev.Session || other.later(s)) || !fresh(st.forks, other.id) {
		return
	}
	at, known := before.reach()
	if from := max(t.FirstOffset, o.FirstOffset); known && at.offset > from {
		if st.tellKin(reliable.StreamForked, other.id, nack.Range{From: from, To: at.offset}) {
			st.forks = append(st.forks, other.id)
			s.r.stats.Forks++
		}
	}
}

// later reports whether a session began after another one, by their wall clocks.
func (s *session) later(other *session) bool {
	a, b := s.title.told.Wall, other.title.told.Wall
	return a > b || a == b && s.id > other.id
}

// contest reports two sessions that both go on.
func (k *kinship) contest(s, other *session) {
	both := max(k.since, other.kin.since).Add(rivalTime)
	if s.heard < both || other.heard < both || !s.goes() || !other.goes() {
		return
	}
	until := s.r.now.Add(contestTime)
	k.contested, other.kin.contested = until, until
	if !fresh(k.rivals, other.id) || !fresh(other.kin.rivals, s.id) {
		return
	}
	newer, older := s, other
	if other.kin.since > k.since {
		newer, older = other, s
	}
	told := false
	for _, st := range newer.streams {
		told = st.tellKin(reliable.StreamContested, older.id, nack.Range{}) || told
	}
	if told {
		k.rivals = append(k.rivals, other.id)
		other.kin.rivals = append(other.kin.rivals, s.id)
		s.r.stats.Rivals++
		s.hasten()
		other.hasten()
	}
}

// goes reports whether a session's publisher goes on with it.
func (s *session) goes() bool {
	return s.source.IsValid() && s.all(func(st *stream) bool { return st.hears(s.r.now) })
}

// hasten has the publisher told soon.
func (s *session) hasten() {
	s.reports.by(s.r.now.Add(s.r.rand.Duration(reliable.StatusMin / 5)))
}

// fresh reports whether a list lacks a session, and has a place for it.
func fresh(list []uint64, id uint64) bool {
	return len(list) < maxKin && !slices.Contains(list, id)
}

// tellKin places an event about another session into the stream, and reports whether it did.
func (st *stream) tellKin(kind reliable.EventKind, other uint64, offsets nack.Range) bool {
	if st.phase == starting || len(st.marks) >= maxMarks/2 {
		return false
	}
	st.marks.place(mark{seq: st.win.high, kind: kind, other: other, offsets: offsets})
	st.wake()
	return true
}
