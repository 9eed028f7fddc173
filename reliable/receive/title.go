package receive

import (
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// title is the content of SESSION, if it was heard: that of a stream, or for a session that of
// the first stream of which it was. Events share what was told: a change is a new one.
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

// announce takes a SESSION, but for the place where its stream begins.
func (s *session) announce(st *stream, f *frame.Frame) {
	if !st.title.known {
		st.entitle(reliable.TitleOf(f))
	}
	s.introduce(f)
	s.kin.look(st)
	if s.control != f.Control {
		s.control, s.spoken = f.Control, false
	}
}

// introduce takes the part of a SESSION that is about all streams: what the session is of, and
// its groups.
func (s *session) introduce(f *frame.Frame) {
	s.teams = f.Teams
	if !s.title.known {
		s.title, s.common = title{known: true, told: reliable.TitleOf(f)}, nil
	}
	o := s.topic
	if o == nil {
		return
	}
	l, ok := o.layout(f)
	if !ok || o.Name != "" && o.Name != string(f.Topic) {
		s.r.stats.OtherLayout++
		return
	}
	if l.Groups > 1 && !s.layout.Base.IsValid() && s.group != topic.Home(o.Name, o.Base) {
		s.group = topic.Home(o.Name, o.Base)
	}
	s.r.topics.learn(s, l)
}

// entitle gives a stream its title.
func (st *stream) entitle(t *reliable.Title) {
	s := st.session
	st.title = title{known: true, told: t}
	if !s.title.known {
		s.title, s.common = st.title, nil
	}
	st.tapeTitle()
}

// told returns what is known of a stream's title, or nil: as long as its own SESSION wasn't
// heard, what those of other streams say of all.
func (st *stream) told() *reliable.Title {
	s := st.session
	switch {
	case st.title.told != nil || s.title.told == nil:
		return st.title.told
	case s.common == nil:
		t := *s.title.told
		t.FirstSeq, t.FirstOffset, t.Prev = 0, 0, reliable.Link{}
		s.common = &t
	}
	return s.common
}
