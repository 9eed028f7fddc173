package directory

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/topic"
)

// follower follows topics, hears those that it was told, and once heard others.
type follower struct {
	topics, heard, once []string
	full                bool // it follows no more
}

func (f *follower) FollowTopic(_ reliable.Time, name string) bool {
	if f.full {
		return false
	}
	f.topics = append(f.topics, name)
	return true
}

func (f *follower) Unfollow(_ reliable.Time, name string) {
	f.topics = slices.DeleteFunc(f.topics, func(n string) bool { return n == name })
}

func (f *follower) Hears(_ reliable.Time, name string) (goesOn, ever bool) {
	goesOn = slices.Contains(f.heard, name)
	return goesOn, goesOn || slices.Contains(f.once, name)
}

// TestSelection follows what matches, up to 64 topics, whatever their announcements say of groups,
// and others in the place of those that are over.
func TestSelection(t *testing.T) {
	p, _ := topic.ParsePattern("q.*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{}
	now := reliable.Time(time.Second)
	hear := func(session uint64, name string, interval time.Duration, base netip.AddrPort) {
		l.Handle(now, address(int(session)), announce(t, session, func(f *frame.Frame) {
			f.Topic = []byte(name)
			f.Announce.Interval, f.Announce.Base = interval, base
		}))
		s.Settle(now, f)
	}
	none := netip.AddrPort{}
	hear(1, "other", time.Second, none)
	hear(2, "q.based", time.Second, netip.MustParseAddrPort("239.1.2.3:4"))
	for i := range uint64(70) {
		hear(10+i, fmt.Sprintf("q.%d", i), time.Second, none)
		hear(100+i, fmt.Sprintf("q.%d", i), time.Second, none) // another publisher of it
	}
	if len(f.topics) != MaxTopics || !slices.Equal(f.topics, s.Topics()) || f.topics[0] != "q.0" {
		t.Fatalf("%d topics are followed: %q", len(f.topics), f.topics)
	}
	if st := s.Stats(); st.Refused != 12 || st.Based != 1 || st.Topics != MaxTopics {
		t.Errorf("%+v", st)
	}
	var told []string
	for r, ok := s.TakeRefusal(); ok; r, ok = s.TakeRefusal() {
		told = append(told, r.Topic)
	}
	if len(told) != 7 || told[0] != "q.based" || told[1] != "q.64" {
		t.Errorf("refusals %q", told)
	}
	// Both publishers of q.0 end, but one is still heard.
	f.heard = []string{"q.0"}
	hear(10, "q.0", 0, none)
	hear(100, "q.0", 0, none)
	if !slices.Contains(f.topics, "q.0") {
		t.Error("a topic that is heard made room")
	}
	f.heard = nil
	hear(11, "q.1", 0, none)
	if !slices.Contains(f.topics, "q.1") {
		t.Error("a topic that has another publisher made room")
	}
	hear(101, "q.1", 0, none)
	now = now.Add(lookEvery)
	s.Settle(now, f)
	if slices.Contains(f.topics, "q.0") || slices.Contains(f.topics, "q.1") ||
		len(f.topics) != MaxTopics || s.Stats().Refused != 12 {
		t.Errorf("after the end of two: %q, %+v", f.topics, s.Stats())
	}
}

// TestSelectionOfWhatCantBeFollowed refuses a topic that its Follower doesn't follow, and tries
// again when a topic has ended.
func TestSelectionOfWhatCantBeFollowed(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{full: true}
	now := reliable.Time(time.Second)
	hear := func(session uint64, interval time.Duration) {
		l.Handle(now, address(1), announce(t, session, func(f *frame.Frame) {
			f.Topic, f.Announce.Interval = fmt.Append(nil, "t", session), interval
		}))
		s.Settle(now, f)
	}
	hear(1, time.Second)
	hear(2, time.Second)
	r, ok := s.TakeRefusal()
	if st := s.Stats(); len(s.Topics()) != 0 || st.Refused != 2 || !ok || r.Topic != "t1" {
		t.Fatalf("%q, %+v, %+v", s.Topics(), st, r)
	}
	f.full = false
	now = now.Add(lookEvery)
	hear(1, 0)
	if st := s.Stats(); !slices.Equal(s.Topics(), []string{"t2"}) || st.Refused != 2 {
		t.Errorf("%q, %+v", s.Topics(), st)
	}
}

// TestSelectionOfTopicsThatComeAndGo has the publishers looked through once in a while only,
// however often somebody announces topics and ends them.
func TestSelectionOfTopicsThatComeAndGo(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{}
	now, looks, last := reliable.Time(time.Second), 0, reliable.Time(0)
	hear := func(session uint64, interval time.Duration) {
		l.Handle(now, address(1), announce(t, session, func(f *frame.Frame) {
			f.Topic, f.Announce.Interval = fmt.Append(nil, "t", session), interval
		}))
		if s.Settle(now, f); s.due != last {
			last = s.due
			looks++
		}
	}
	for i := range uint64(200) {
		hear(1+i, 10*time.Second)
	}
	for i := range uint64(500) {
		hear(1000+i, time.Second)
		hear(1000+i, 0)
		now = now.Add(2 * time.Millisecond)
	}
	if looks == 0 || looks > 2 || len(f.topics) != MaxTopics {
		t.Errorf("%d looks, %d topics", looks, len(f.topics))
	}
}

// TestSelectionOfLostEvents follows a topic though the event that it was found had no room.
func TestSelectionOfLostEvents(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{}
	now := reliable.Time(time.Second)
	for i := range uint64(maxEvents + 1) {
		l.Handle(now, address(1), announce(t, 1+i, func(f *frame.Frame) {
			if f.Topic = []byte("crowd"); i == maxEvents {
				f.Topic = []byte("late")
			}
		}))
	}
	s.Settle(now, f)
	if l.Stats().EventsLost != 1 || !slices.Equal(f.topics, []string{"crowd", "late"}) {
		t.Errorf("%d events are lost, and %q are followed", l.Stats().EventsLost, f.topics)
	}
}

// TestSelectionOfGhosts gives back the places of topics that were announced once and never heard,
// when their announcements have ended, and not before; one that was heard keeps its place. One that
// was refused gets a place then, though nothing more is announced of it.
func TestSelectionOfGhosts(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{once: []string{"t5"}, heard: []string{"t6"}}
	now := reliable.Time(time.Second)
	hear := func(session uint64, name string) {
		l.Handle(now, address(int(session)), announce(t, session, func(f *frame.Frame) {
			f.Topic = []byte(name)
		}))
		s.Settle(now, f)
	}
	advance := func(d time.Duration) {
		for end := now.Add(d); now < end; {
			now = min(end, now.Add(10*time.Millisecond))
			l.Advance(now)
			s.Settle(now, f)
		}
	}
	for i := range uint64(MaxTopics) {
		hear(1+i, fmt.Sprint("t", i))
	}
	life := lifetime(0, MaxTopics)
	advance(life - time.Second)
	hear(1000, "late") // and is announced from now on
	if len(f.topics) != MaxTopics || s.follows("late") || s.Stats().Refused != 1 {
		t.Fatalf("%d topics, %+v", len(f.topics), s.Stats())
	}
	advance(time.Second / 2)
	if st := s.Stats(); st.Topics != MaxTopics || st.Ghosts != 0 {
		t.Errorf("before the end of the announcements: %+v", st)
	}
	advance(time.Second/2 + sweepEvery + lookEvery)
	if want := []string{"t5", "t6", "late"}; !slices.Equal(f.topics, want) ||
		!slices.Equal(s.Topics(), want) {
		t.Errorf("followed are %q and %q, not %q", f.topics, s.Topics(), want)
	}
	if st := s.Stats(); st.Ghosts != MaxTopics-2 || st.Topics != 3 {
		t.Errorf("%+v", st)
	}
	f.heard = append(f.heard, "late")
	if advance(time.Minute); len(f.topics) != 3 {
		t.Errorf("followed are %q", f.topics)
	}
	if at := s.Deadline(); at != reliable.Never {
		t.Errorf("there is nothing to look for, and the next look is at %d", at)
	}
}

// TestSelectionOfOneThatEnds gives the place of a topic that was heard, and ends long after its
// announcements, to one that was refused.
func TestSelectionOfOneThatEnds(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{}
	now := reliable.Time(time.Second)
	hear := func(session uint64, interval time.Duration) {
		l.Handle(now, address(int(session)), announce(t, session, func(f *frame.Frame) {
			f.Topic, f.Announce.Interval = fmt.Append(nil, "t", session), interval
		}))
		s.Settle(now, f)
	}
	for i := range uint64(MaxTopics + 1) {
		f.heard = append(f.heard, fmt.Sprint("t", i))
		hear(i, time.Minute)
	}
	hear(3, 0) // it is still heard
	now = now.Add(10 * time.Second)
	if s.Settle(now, f); s.follows("t64") || !s.follows("t3") {
		t.Errorf("%q", f.topics)
	}
	f.heard = slices.DeleteFunc(f.heard, func(name string) bool { return name == "t3" })
	f.once = []string{"t3"}
	now = s.Deadline()
	if s.Settle(now, f); !s.follows("t64") || s.follows("t3") || len(f.topics) != MaxTopics {
		t.Errorf("%q, and it is the turn of t64 in the place of t3", f.topics)
	}
}

// TestSelectionOfPositions follows what was followed before, though nobody announces it, and leaves
// it again if nothing is heard.
func TestSelectionOfPositions(t *testing.T) {
	p, _ := topic.ParsePattern("*")
	l, err := NewListener(ListenerConfig{ID: 1, Pattern: p, Events: true})
	if err != nil {
		t.Fatal(err)
	}
	s, f := NewSelection(l), &follower{once: []string{"b"}}
	for _, name := range []string{"a", "b", "a"} {
		s.Follow(0, f, name)
	}
	if want := []string{"a", "b"}; !slices.Equal(f.topics, want) {
		t.Fatalf("%q", f.topics)
	}
	for i := range MaxTopics {
		s.Follow(0, f, fmt.Sprint("t", i))
	}
	if len(f.topics) != MaxTopics {
		t.Errorf("%d topics", len(f.topics))
	}
	now := reliable.Time(0)
	for s.Settle(now, f); s.Deadline() < reliable.Time(stayTime); s.Settle(now, f) {
		now = s.Deadline()
	}
	if len(f.topics) != MaxTopics {
		t.Errorf("%d topics after %d", len(f.topics), now)
	}
	now = s.Deadline()
	if s.Settle(now, f); !slices.Equal(f.topics, []string{"b"}) {
		t.Errorf("%q", f.topics)
	}
}
