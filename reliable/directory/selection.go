package directory

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
)

// MaxTopics is the number of topics that a Selection follows at once.
const MaxTopics = 64

// Follower is what follows the topics of a Selection.
type Follower interface {
	// FollowTopic follows a topic whose groups follow from its name, and reports whether it does.
	FollowTopic(now reliable.Time, name string) bool
	// Unfollow leaves a topic.
	Unfollow(now reliable.Time, name string)
	// Hears reports whether a session of a topic goes on, or is looked for, and whether there ever
	// was one.
	Hears(now reliable.Time, name string) (goesOn, ever bool)
}

// A Selection follows the topics that a Listener finds: the first MaxTopics, and others in the
// place of those that are over. One that was announced, and of which nothing was ever heard, gives
// its place back once its announcements have ended. Their groups follow from their names: what a
// publisher announces of groups is not believed.
type Selection struct {
	listener *Listener
	topics   []pick
	refusals []Refusal
	// lacking says that a topic was refused for lack of room, unsure that nothing was heard of one
	// that is followed, and due when to look into both.
	lacking, unsure bool
	due             reliable.Time
	// lost is the Listener's count of lost events.
	lost  uint64
	stats SelectionStats
}

// pick is a topic that is followed, and since when.
type pick struct {
	name  string
	since reliable.Time
}

// Refusal is a topic that matches, and isn't followed.
type Refusal struct {
	Topic string
	// Base is the group that the topic's groups count from, by what was announced. If it isn't
	// valid, MaxTopics are followed already.
	Base netip.AddrPort
}

const (
	// lookEvery is the time between two looks for places that are free, and through all publishers
	// for topics that lack one: whoever announces and ends topics has no more of them.
	lookEvery = time.Second
	// stayTime is how long a topic is followed at least, though nothing is heard of it.
	stayTime = 4 * time.Second
)

// maxRefusals bounds the refusals that wait to be told.
const maxRefusals = 8

// SelectionStats counts what a Selection did.
type SelectionStats struct {
	// Refused counts publishers whose topic isn't followed, since there are too many, and Based
	// those whose topic has groups that don't follow from its name.
	Refused, Based uint64
	// Ghosts counts topics that gave their place back, since nothing was ever heard of them.
	Ghosts uint64
	// Topics is the number of topics that are followed.
	Topics int
}

// SelectionCounters are the counters of a SelectionStats.
var SelectionCounters = reliable.Table[SelectionStats]{
	reliable.Count("topics_refused", reliable.Sessions,
		"sessions whose topic matches and isn't followed, since 64 are",
		func(s *SelectionStats) uint64 { return s.Refused }).Told(),
	reliable.Count("topics_with_base", reliable.Sessions,
		"sessions whose topic matches and isn't followed, since its groups don't follow "+
			"from its name",
		func(s *SelectionStats) uint64 { return s.Based }).Told(),
	reliable.Count("topics_never_heard", reliable.Times,
		"times that a topic was given up of which nothing was heard but its announcements",
		func(s *SelectionStats) uint64 { return s.Ghosts }),
	reliable.Level("topics_followed", reliable.Sessions,
		"sessions' topics that match and are followed",
		func(s *SelectionStats) int { return s.Topics }),
}

// NewSelection returns a Selection that follows nothing yet. The Listener must have Events, which
// the Selection polls.
func NewSelection(l *Listener) *Selection { return &Selection{listener: l} }

// Follow follows a topic that isn't announced yet, if there is a place.
func (s *Selection) Follow(now reliable.Time, f Follower, name string) {
	if len(s.topics) < MaxTopics && !s.follows(name) && f.FollowTopic(now, name) {
		s.add(now, name)
	}
}

// add adds a topic that is followed.
func (s *Selection) add(now reliable.Time, name string) {
	s.topics, s.unsure = append(s.topics, pick{name, now}), true
}

// follows reports whether a topic is followed.
func (s *Selection) follows(name string) bool {
	return slices.ContainsFunc(s.topics, func(p pick) bool { return p.name == name })
}

// Settle follows what was found since the last call, and leaves what is over.
func (s *Selection) Settle(now reliable.Time, f Follower) {
	var events [16]Event
	for n := s.listener.Poll(events[:]); n > 0; n = s.listener.Poll(events[:]) {
		for i := range events[:n] {
			if e := &events[i]; !e.Gone {
				s.consider(now, f, &e.Row, true)
			}
		}
	}
	if lost := s.listener.Stats().EventsLost; lost != s.lost {
		s.lost, s.lacking = lost, true
	}
	if now < s.Deadline() {
		return
	}
	s.due = now.Add(lookEvery)
	s.giveBack(now, f)
	if s.lacking && (len(s.topics) < MaxTopics || s.over(now, f) >= 0) {
		s.lacking = false
		for i := range s.listener.roster.list {
			if row := s.listener.roster.list[i].row; row != nil {
				s.consider(now, f, row, false)
			}
		}
	}
}

// Deadline returns when to call Settle though nothing is found.
func (s *Selection) Deadline() reliable.Time {
	if !s.lacking && !s.unsure {
		return reliable.Never
	}
	return s.due
}

// consider follows the topic of a publisher, unless it can't. told says that a refusal is new.
func (s *Selection) consider(now reliable.Time, f Follower, row *Row, told bool) {
	if s.follows(row.Topic) {
		return
	}
	if base := row.Layout.Base; base.IsValid() {
		if told {
			s.stats.Based++
			s.refuse(Refusal{row.Topic, base})
		}
		return
	}
	if len(s.topics) >= MaxTopics && !s.free(now, f) || !f.FollowTopic(now, row.Topic) {
		if s.lacking = true; told {
			s.stats.Refused++
			s.refuse(Refusal{Topic: row.Topic})
		}
		return
	}
	s.add(now, row.Topic)
}

// over returns the place of a topic that is over, or -1: no publisher of it is known, and none is
// heard or looked for.
func (s *Selection) over(now reliable.Time, f Follower) int {
	return slices.IndexFunc(s.topics, func(p pick) bool {
		goesOn, _ := f.Hears(now, p.name)
		return !goesOn && !s.listener.Lives(p.name)
	})
}

// free leaves a topic that is over.
func (s *Selection) free(now reliable.Time, f Follower) bool {
	i := s.over(now, f)
	if i >= 0 {
		f.Unfollow(now, s.topics[i].name)
		s.topics = slices.Delete(s.topics, i, i+1)
	}
	return i >= 0
}

// giveBack leaves the topics of which nothing was ever heard, and that nobody announces any more.
func (s *Selection) giveBack(now reliable.Time, f Follower) {
	s.unsure = false
	s.topics = slices.DeleteFunc(s.topics, func(p pick) bool {
		goesOn, ever := f.Hears(now, p.name)
		if ever {
			return false
		}
		if s.listener.Lives(p.name) || goesOn || now < p.since.Add(stayTime) {
			s.unsure = true
			return false
		}
		f.Unfollow(now, p.name)
		s.stats.Ghosts++
		return true
	})
}

func (s *Selection) refuse(r Refusal) {
	if len(s.refusals) < maxRefusals && !slices.Contains(s.refusals, r) {
		s.refusals = append(s.refusals, r)
	}
}

// TakeRefusal returns a refusal that wasn't told yet, if there is one.
func (s *Selection) TakeRefusal() (Refusal, bool) {
	if len(s.refusals) == 0 {
		return Refusal{}, false
	}
	r := s.refusals[0]
	s.refusals = slices.Delete(s.refusals, 0, 1)
	return r, true
}

// Topics returns the topics that are followed, in the order in which they were found.
func (s *Selection) Topics() []string {
	list := make([]string, len(s.topics))
	for i := range s.topics {
		list[i] = s.topics[i].name
	}
	return list
}

// Stats returns the counters so far.
func (s *Selection) Stats() SelectionStats {
	st := s.stats
	st.Topics = len(s.topics)
	return st
}
