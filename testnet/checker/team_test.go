package checker

import (
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// teamStory feeds the Checker what members and a publisher would send, of one partition or two.
// The lease is 1 s, and time is in ms.
type teamStory struct {
	t     *testing.T
	w     *world.World
	c     *Checker
	pub   *world.Publisher
	subs  [2]*world.Subscriber
	share frame.Share
	late  bool // members want what is new only
}

func newTeamStory(t *testing.T, share frame.Share) *teamStory {
	s := &teamStory{t: t, w: world.New(world.Config{Seed: 3}), share: share}
	s.c = New(s.w)
	pub, err := s.w.AddPublisher(world.PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	s.pub = pub
	for i := range s.subs {
		if s.subs[i], err = s.w.AddSubscriber(world.SubscriberConfig{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		if _, err := pub.Publish([]byte("work")); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// datagram returns one between the publisher and a member.
func (s *teamStory) datagram(i int, f *frame.Frame, up bool) *world.Datagram {
	f.Session, f.Subscriber = uint64(s.pub.Session().ID), s.subs[i].ID()
	d := &world.Datagram{Frame: f, Publisher: s.pub, Session: s.pub.Session(), Target: s.subs[i]}
	if up {
		d.Subscriber, d.Target = s.subs[i], nil
	}
	return d
}

// claim lets a member send a CLAIM that is heard at once.
func (s *teamStory) claim(i int, request uint64, entries ...frame.ClaimEntry) {
	d := s.datagram(i, &frame.Frame{Kind: frame.Claim, Request: request,
		Claim: &frame.ClaimBody{Team: []byte("risk"), Share: s.share, Weight: 1, Room: 4, Window: 8,
			Oldest: !s.late, Entries: entries}}, true)
	s.c.sent(d)
	s.c.answered(d)
}

// grant lets the publisher send a GRANT, which reaches the member at once if come.
func (s *teamStory) grant(i int, request uint64, come bool, entries ...frame.GrantEntry) {
	d := s.datagram(i, &frame.Frame{Kind: frame.Grant, Request: request,
		Grant: &frame.GrantBody{Stamp: 1, Team: []byte("risk"), Share: s.share, Lease: time.Second,
			Entries: entries}}, false)
	s.c.sent(d)
	if come {
		s.c.arrived(d, s.subs[i])
	}
}

// assign lets a member's application be told of a grant.
func (s *teamStory) assign(i int, epoch uint64, kind reliable.EventKind) {
	s.c.teams.event(s.subs[i], &reliable.Event{Kind: kind, Session: s.pub.Session().ID,
		Grant: s.is(epoch, 1)})
}

// hand lets a member hand out messages.
func (s *teamStory) hand(i int, epoch uint64, attempt uint32, offsets ...uint64) {
	if r := s.c.teams.list[0].part(0).right(epoch); r != nil && !r.assigned &&
		s.share == frame.ByPartition {
		s.assign(i, epoch, reliable.Assigned)
	}
	for _, o := range offsets {
		ev := &reliable.Event{Kind: reliable.Message, Session: s.pub.Session().ID, Offset: o,
			Payload: []byte("work"), Grant: s.is(epoch, attempt)}
		s.c.teams.event(s.subs[i], ev)
	}
}

func (s *teamStory) is(epoch uint64, attempt uint32) *reliable.Grant {
	return &reliable.Grant{Team: "risk", Session: s.pub.Session().ID, Epoch: epoch, Attempt: attempt}
}

// done lets a member's application finish messages.
func (s *teamStory) done(i int, offsets ...uint64) {
	for _, o := range offsets {
		s.c.teams.finished(s.subs[i], s.is(1, 1), o, nil)
	}
}

// wait lets time pass, in milliseconds.
func (s *teamStory) wait(ms int) {
	if err := s.w.Run(s.w.Now() + reliable.Time(ms)*1e6); err != nil {
		s.t.Fatal(err)
	}
}

func hold(epoch, from, to uint64, attempt uint32) frame.GrantEntry {
	return frame.GrantEntry{Epoch: epoch, From: from, To: to, Attempt: attempt}
}

// Each rule about teams catches what breaks it, and what is right passes.
func TestTeamRules(t *testing.T) {
	released := func(epoch, done uint64) frame.ClaimEntry {
		return frame.ClaimEntry{Epoch: epoch, State: frame.Released, Done: done}
	}
	for _, c := range []struct {
		what, want string
		share      frame.Share
		tell       func(s *teamStory)
	}{
		{"all is right", "", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 0, 1, 2, 3, 4, 5, 6, 7)
			s.done(0, 0, 1, 2, 3, 4, 5, 6, 7)
			s.claim(1, 1)
			s.claim(0, 2, released(10, 8))
			s.grant(1, 1, true, hold(11, 8, 0, 1))
			s.hand(1, 11, 1, 8, 9)
			s.done(1, 8)
			s.wait(1063)
			s.claim(0, 3)
			s.grant(0, 3, true, hold(12, 9, 10, 2), hold(12, 10, 0, 1))
			s.hand(0, 12, 2, 9)
			s.hand(0, 12, 1, 10)
		}},
		{"a lease that is over", "after its lease was over", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.wait(1001)
				s.hand(0, 10, 1, 0)
			}},
		{"a GRANT that didn't come", "which it wasn't granted", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, false, hold(10, 0, 0, 1))
				s.hand(0, 10, 1, 0)
			}},
		{"two at once", "is sub1's under epoch 11", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.claim(1, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.grant(1, 1, true, hold(11, 0, 0, 1))
		}},
		{"one epoch for two", "and was to sub0", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.claim(1, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.grant(1, 1, true, hold(10, 0, 0, 1))
		}},
		{"an epoch that falls", "and epoch 10 was before", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.claim(0, 2, released(10, 0))
				s.grant(0, 2, true, hold(9, 0, 0, 1))
			}},
		{"after it gave back", "which it has given back", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.claim(0, 2, released(10, 0))
				s.hand(0, 10, 1, 0)
			}},
		{"after it was revoked", "and has it no longer true", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.hand(0, 10, 1, 0)
				s.assign(0, 10, reliable.Revoked)
				s.hand(0, 10, 1, 1)
			}},
		{"assigned twice", "it was assigned true, revoked false", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.assign(0, 10, reliable.Assigned)
				s.assign(0, 10, reliable.Assigned)
			}},
		{"a jump", "and 1 comes next", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 0, 2)
		}},
		{"a wrong begin", "and 0 comes next", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 1)
		}},
		{"more than the window", "the window is 8", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8)
		}},
		{"done that isn't", "and 1 isn't", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 0, 1)
			s.done(0, 0)
			s.claim(0, 2, frame.ClaimEntry{Epoch: 10, Done: 2})
		}},
		{"a grant that skips", "and 0 isn't done", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 0, 1))
			s.hand(0, 10, 1, 0)
			s.claim(0, 2, released(10, 0))
			s.grant(0, 2, true, hold(11, 1, 0, 1))
		}},
		{"a repeat without a mark", "unmarked, and sub0 did under epoch 10", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.hand(0, 10, 1, 0)
				s.wait(1063)
				s.claim(1, 1)
				s.grant(1, 1, true, hold(11, 0, 0, 1))
				s.hand(1, 11, 1, 0)
			}},
		{"a repeat after it was given back", "has given it back", frame.ByPartition,
			func(s *teamStory) {
				s.claim(0, 1)
				s.claim(1, 1)
				s.grant(0, 1, true, hold(10, 0, 0, 1))
				s.hand(0, 10, 1, 0)
				s.claim(0, 2, released(10, 0))
				s.grant(1, 1, true, hold(11, 0, 1, 2))
				s.hand(1, 11, 2, 0)
			}},
		{"an answer to nothing", "wasn't heard", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 2, true, hold(10, 0, 0, 1))
		}},
		{"a storm", "sends CLAIMs more often", frame.ByPartition, func(s *teamStory) {
			for i := range 200 {
				s.claim(0, uint64(i+1))
			}
		}},
		{"a begin that skips", "and 0 isn't done", frame.ByPartition, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 5, 0, 1))
		}},
		{"what isn't done", "offset 0 of partition 0 isn't done", frame.ByMessage,
			func(s *teamStory) {
				s.claim(0, 1)
				s.wait(2000)
				s.c.FinishTeams(0, time.Second)
			}},
		{"nobody has it", "nobody has partition 0", frame.ByPartition, func(s *teamStory) {
			s.late = true
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 100, 0, 1))
			s.wait(2000)
			s.c.FinishTeams(0, time.Second)
		}},
		{"messages", "", frame.ByMessage, func(s *teamStory) {
			s.claim(0, 1)
			s.claim(1, 1)
			s.grant(0, 1, true, hold(10, 0, 2, 1))
			s.grant(1, 1, true, hold(11, 2, 4, 1))
			s.hand(1, 11, 1, 2, 3)
			s.hand(0, 10, 1, 1, 0)
			s.done(0, 0)
			s.wait(1063)
			s.claim(1, 2)
			s.grant(1, 2, true, hold(12, 1, 2, 2))
			s.hand(1, 12, 2, 1)
		}},
		{"a message twice", "as attempt 1, as sub0 did", frame.ByMessage, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 2, 1))
			s.hand(0, 10, 1, 0, 0)
		}},
		{"more than there is room for", "has room for 4", frame.ByMessage, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 5, 1))
		}},
		{"an attempt that doesn't count", "attempt 1 was before", frame.ByMessage,
			func(s *teamStory) {
				s.claim(0, 1)
				s.claim(1, 1)
				s.grant(0, 1, true, hold(10, 0, 2, 1))
				s.grant(1, 1, true, hold(11, 0, 2, 1))
			}},
		{"what is done", "and is done true", frame.ByMessage, func(s *teamStory) {
			s.claim(0, 1)
			s.claim(1, 1)
			s.grant(0, 1, true, hold(10, 0, 2, 1))
			s.hand(0, 10, 1, 0)
			s.done(0, 0)
			s.claim(0, 2, frame.ClaimEntry{Ranges: []nack.Range{{From: 0, To: 1}}})
			s.grant(1, 1, true, hold(11, 0, 2, 2))
		}},
		{"what was given up", "given up true", frame.ByMessage, func(s *teamStory) {
			s.claim(0, 1)
			s.grant(0, 1, true, hold(10, 0, 2, 1))
			s.c.teams.told(s.pub, &reliable.TeamEvent{Kind: reliable.MessageGivenUp, Team: "risk",
				Attempt: 5})
			s.grant(0, 1, true, hold(11, 0, 1, 6))
		}},
	} {
		s := newTeamStory(t, c.share)
		c.tell(s)
		switch err := s.c.Err(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
}
