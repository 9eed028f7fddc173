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

// follower follows topics, and hears those that it was told.
type follower struct {
	topics, heard []string
	full          bool // it follows no more
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

func (f *follower) Hears(name string) bool { return slices.Contains(f.heard, name) }

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
		if s.Settle(now, f); s.looked != last {
			last = s.looked
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
