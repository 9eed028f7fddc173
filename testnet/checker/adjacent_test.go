package checker_test

import (
	"strings"
	"testing"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// adjacent loses two bursts next to each other: requests for the first go unanswered, and
// the second is given up for another reason.
func adjacent(t *testing.T, end string, wrap func(world.Receiver) world.Receiver) (*story.Story,
	*world.Subscriber) {
	s := story.New(t, 71)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil), Wrap: wrap})
	loses := func(at reliable.Time, n int) {
		s.At(at, func() {
			s.Down(pub, sub).SetLoss(link.Bernoulli{P: 1})
			for range n {
				pub.Publish(make([]byte, 1300))
			}
		})
		// the heartbeat comes through
		s.At(at+story.Milli/2, func() { s.Down(pub, sub).SetLoss(nil) })
	}
	s.At(100*story.Milli, func() { pub.Publish([]byte("first")) })
	s.At(200*story.Milli, func() { s.Up(sub, pub).SetDown(true) })
	loses(300*story.Milli, 5)
	loses(2000*story.Milli, 3)
	switch end {
	case "leave":
		s.At(2500*story.Milli, sub.Leave)
	case "close":
		s.At(2100*story.Milli, pub.Close)
	}
	if err := s.Run(20_000 * story.Milli); err != nil {
		t.Fatal(err)
	}
	return s, sub
}

func TestAdjacentLosses(t *testing.T) {
	for end, want := range map[string][]string{
		"leave": {"new", "messages 0", "lost 1-5: unanswered", "lost 6-8: subscriber closed",
			"ended"},
		"close": {"new", "messages 0", "lost 1-5: unanswered", "lost 6-8: unanswered", "ended"},
	} {
		s, sub := adjacent(t, end, nil)
		s.Wants(sub, want...)
		if err := s.Checker.Finish(3000 * story.Milli); err != nil {
			t.Errorf("%s: %v", end, err)
		}
	}
}

// The Checker sees where two causes are told as one, and what isn't so after BYE.
func TestCheckerJudgesCausesOfNeighbours(t *testing.T) {
	for _, c := range []struct {
		end, want string
		event     func() func(ev reliable.Event) []reliable.Event
	}{
		{"leave", "are missing for", func() func(ev reliable.Event) []reliable.Event {
			return func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Loss {
					ev.Cause = reliable.CauseUnanswered
				}
				return []reliable.Event{ev}
			}
		}},
		{"leave", "are missing for", func() func(ev reliable.Event) []reliable.Event {
			var first *reliable.Event
			return func(ev reliable.Event) []reliable.Event {
				switch {
				case ev.Kind == reliable.Loss && first == nil:
					first = &ev
					return nil
				case ev.Kind == reliable.Loss:
					first.Lost.To = ev.Lost.To
					return []reliable.Event{*first}
				}
				return []reliable.Event{ev}
			}
		}},
		{"close", "its BYE came", func() func(ev reliable.Event) []reliable.Event {
			return func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Loss && ev.Lost.From == 6 {
					ev.Cause = reliable.CauseSilent
				}
				return []reliable.Event{ev}
			}
		}},
	} {
		event := c.event()
		s, _ := adjacent(t, c.end,
			func(r world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: r,
					event: event}
			})
		if err := s.Checker.Finish(3000 * story.Milli); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.end, err, c.want)
		}
	}
}
