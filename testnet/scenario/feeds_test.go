package scenario

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// With 1 % lost on each of two feeds, fewer than one frame in 5,000 is asked for, and 99.9 % of the
// messages come within the skew of the feeds, and 20 us; with one feed it is one in a hundred.
func TestFeedsFillEachOther(t *testing.T) {
	const way, skew = 100 * time.Microsecond, 50 * time.Microsecond
	s, err := Builtin("feeds-ab")
	if err != nil {
		t.Fatal(err)
	}
	frames, nacks := 0, map[string]int{}
	var late []time.Duration
	play(t, s, Options{}, func(r *Run) {
		r.World().Observe(world.Observer{
			Sent: func(d *world.Datagram) {
				switch {
				case d.Subscriber == nil && d.Frame.Kind == frame.Data:
					frames++
				case d.Subscriber != nil && d.Frame.Kind == frame.Nack:
					nacks[d.Subscriber.String()]++
				}
			},
			Told: func(sub *world.Subscriber, ev *reliable.Event) {
				if sub.String() == "ab" && ev.Kind == reliable.Message {
					accepted := r.World().Session(ev.Session, ev.Partition).AcceptedAt(ev.Offset)
					late = append(late, r.World().Now().Sub(accepted))
				}
			},
		})
	})
	if nacks["ab"]*5000 >= frames {
		t.Errorf("with two feeds %d NACKs were sent for %d frames, want fewer than one in 5,000",
			nacks["ab"], frames)
	}
	if n := nacks["a"] * 100; n < frames/2 || n > 2*frames {
		t.Errorf("with one feed %d NACKs were sent for %d frames, want about one in 100",
			nacks["a"], frames)
	}
	slices.Sort(late)
	if p := late[len(late)*999/1000]; p > way+skew+20*time.Microsecond {
		t.Errorf("99.9 %% of the messages come within %v, want %v", p, way+skew+20*time.Microsecond)
	}
}

// The death of a feed is told, its return too, and nothing is asked for or late.
func TestFeedDies(t *testing.T) {
	s, err := Builtin("feeds-one-dies")
	if err != nil {
		t.Fatal(err)
	}
	told := map[reliable.EventKind]int{}
	asked, late := 0, time.Duration(0)
	play(t, s, Options{}, func(r *Run) {
		r.World().Observe(world.Observer{
			Sent: func(d *world.Datagram) {
				if d.Frame.Kind == frame.Nack {
					asked++
				}
			},
			Told: func(_ *world.Subscriber, ev *reliable.Event) {
				told[ev.Kind]++
				if ev.Kind == reliable.Message {
					accepted := r.World().Session(ev.Session, ev.Partition).AcceptedAt(ev.Offset)
					late = max(late, r.World().Now().Sub(accepted))
				}
			},
		})
	})
	if told[reliable.FeedDown] != 8 || told[reliable.FeedUp] != 8 || told[reliable.Loss] != 0 {
		t.Errorf("4 subscribers were told of %v", told)
	}
	if asked != 0 || late > 130*time.Microsecond {
		t.Errorf("%d NACKs were sent, and a message came after %v", asked, late)
	}
}
