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
	// Hears reports whether a session of a topic goes on.
	Hears(name string) bool
}

// A Selection follows the topics that a Listener finds: the first MaxTopics, and others in the
// place of those that are over. Their groups follow from their names: what a publisher announces
// of groups is not believed.
type Selection struct {
	listener *Listener
	topics   []string
	refusals []Refusal
	// lacking says that a topic was refused for lack of room, freed that there may be room since,
	// and looked when that was last tried.
	lacking, freed bool
	looked         reliable.Time
	// lost is the Listener's count of lost events.
	lost  uint64
	stats SelectionStats
}

// Refusal is a topic that matches, and isn't followed.
type Refusal struct {
	Topic string
	// Base is the group that the topic's groups count from, by what was announced. If it isn't
	// valid, MaxTopics are followed already.
	Base netip.AddrPort
}

// lookEvery is the least time between two looks through all publishers for topics to follow:
// whoever announces and ends topics has no more of them.
const lookEvery = time.Second

// maxRefusals bounds the refusals that wait to be told.
const maxRefusals = 8

// SelectionStats counts what a Selection did.
type SelectionStats struct {
	// Refused counts publishers whose topic isn't followed, since there are too many, and Based
	// those whose topic has groups that don't follow from its name.
	Refused, Based uint64
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
	reliable.Level("topics_followed", reliable.Sessions,
		"sessions' topics that match and are followed",
		func(s *SelectionStats) int { return s.Topics }),
}

// NewSelection returns a Selection that follows nothing yet. The Listener must have Events, which
// the Selection polls.
func NewSelection(l *Listener) *Selection { return &Selection{listener: l} }

// Settle follows what was found since the last call.
func (s *Selection) Settle(now reliable.Time, f Follower) {
	var events [16]Event
	for n := s.listener.Poll(events[:]); n > 0; n = s.listener.Poll(events[:]) {
		for i := range events[:n] {
			if e := &events[i]; e.Gone {
				s.freed = true
			} else {
				s.consider(now, f, &e.Row, true)
			}
		}
	}
	if lost := s.listener.Stats().EventsLost; lost != s.lost {
		s.lost, s.freed, s.lacking = lost, true, true
	}
	if s.freed && s.lacking && (now >= s.looked.Add(lookEvery) || s.looked == 0) {
		s.freed, s.lacking, s.looked = false, false, now
		for i := range s.listener.roster.list {
			if row := s.listener.roster.list[i].row; row != nil {
				s.consider(now, f, row, false)
			}
		}
	}
}

// consider follows the topic of a publisher, unless it can't. told says that a refusal is new.
func (s *Selection) consider(now reliable.Time, f Follower, row *Row, told bool) {
	if slices.Contains(s.topics, row.Topic) {
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
	s.topics = append(s.topics, row.Topic)
}

// free leaves a topic that is over: no publisher of it is known, and none is heard.
func (s *Selection) free(now reliable.Time, f Follower) bool {
	for i, name := range s.topics {
		if !s.listener.Lives(name) && !f.Hears(name) {
			f.Unfollow(now, name)
			s.topics = slices.Delete(s.topics, i, i+1)
			return true
		}
	}
	return false
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

// Topics returns the topics that are followed, in the order in which they were found. The caller
// must not change them.
func (s *Selection) Topics() []string { return s.topics }

// Stats returns the counters so far.
func (s *Selection) Stats() SelectionStats {
	st := s.stats
	st.Topics = len(s.topics)
	return st
}
