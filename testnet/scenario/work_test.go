package scenario

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// Workers that share messages do together at least 95 % of what each can do by itself, though one
// is ten times slower than the others, and no message comes twice.
func TestWorkSlowKeepsAllBusy(t *testing.T) {
	s, err := Builtin("work-slow")
	if err != nil {
		t.Fatal(err)
	}
	// Measured is from when all have work to when nothing more is published.
	from, to := reliable.Time(time.Second), reliable.Time(s.Duration)
	can, workers := 0.0, 0 // messages a second
	for _, g := range s.Subscribers {
		n := max(g.Count, 1)
		workers += n
		can += float64(n) / g.Work.d().Seconds()
	}
	done, times := map[string]int{}, map[handed]int{}
	play(t, s, Options{}, func(r *Run) {
		w := r.World()
		w.Observe(world.Observer{
			Told: func(_ *world.Subscriber, ev *reliable.Event) {
				if ev.Kind == reliable.Message {
					m := handed{ev.Partition, ev.Offset}
					if times[m]++; times[m] > 1 {
						t.Errorf("offset %d came %d times", ev.Offset, times[m])
					}
				}
			},
			Finished: func(sub *world.Subscriber, _ *reliable.Grant, _ uint64, _ error) {
				if now := w.Now(); now >= from && now < to {
					done[sub.String()]++
				}
			},
		})
	})
	sum := 0
	for _, n := range done {
		sum += n
	}
	did := float64(sum) / to.Sub(from).Seconds()
	t.Logf("%d workers did %.1f messages/s, %.2f %% of the %.0f that they can: %v", workers, did,
		100*did/can, can, done)
	if len(done) != workers || did < 0.95*can {
		t.Errorf("%d of %d workers did %.1f messages/s, and can do %.0f", len(done), workers, did,
			can)
	}
}

// A message that no worker can do is tried as often as is allowed, given up by its name, and holds
// nobody: all others are done.
func TestWorkPoisonIsGivenUp(t *testing.T) {
	s, err := Builtin("work-poison")
	if err != nil {
		t.Fatal(err)
	}
	const attempts = 5 // the default of publishers
	each := uint64(s.Subscribers[0].Poison)
	tried, done, givenUp := map[handed]int{}, map[handed]bool{}, map[handed]uint32{}
	r := play(t, s, Options{}, func(r *Run) {
		r.World().Observe(world.Observer{
			Finished: func(_ *world.Subscriber, g *reliable.Grant, offset uint64, _ error) {
				done[handed{g.Partition, offset}] = true
			},
			LetGo: func(_ *world.Subscriber, g *reliable.Grant, offset uint64, _ time.Duration,
				_ error) {
				tried[handed{g.Partition, offset}]++
			},
			TeamTold: func(_ *world.Publisher, ev *reliable.TeamEvent) {
				if ev.Kind == reliable.MessageGivenUp {
					givenUp[handed{ev.Partition, ev.Offset}] = ev.Attempt
				}
			},
		})
	})
	poison, whole := 0, 0
	for _, stream := range r.World().Publishers()[0].Streams() {
		for o := stream.FirstOffset; o < stream.NextOffset(); o++ {
			m := handed{stream.Partition, o}
			if o%each != each-1 {
				if !done[m] || givenUp[m] > 0 {
					t.Errorf("offset %d of partition %d: done %v, given up after %d", o,
						m.partition, done[m], givenUp[m])
				}
				continue
			}
			poison++
			if tried[m] == attempts {
				whole++
			}
			// The attempt of a worker that was killed is none that let go.
			if givenUp[m] != attempts || done[m] || tried[m] > attempts || tried[m] < attempts-1 {
				t.Errorf("poison at offset %d of partition %d: tried %d times, done %v, given up "+
					"after %d", o, m.partition, tried[m], done[m], givenUp[m])
			}
		}
	}
	t.Logf("%d messages that nobody can do: %d were let go %d times, all given up", poison, whole,
		attempts)
	if poison < 8 || whole < poison-1 || len(givenUp) != poison {
		t.Errorf("%d messages of poison, %d of them let go %d times, and %d given up", poison,
			whole, attempts, len(givenUp))
	}
}
