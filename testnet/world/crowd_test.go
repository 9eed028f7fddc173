package world_test

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/checker"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// crowd counts the NACKs for each frame that a whole group misses, and how long
// its members wait for the repair.
type crowd struct {
	*checker.Checker
	nacks map[uint64]int
}

func watchCrowd(w *world.World) *crowd {
	c := &crowd{checker.New(w), map[uint64]int{}}
	w.Observe(world.Observer{Sent: c.sent})
	return c
}

func (c *crowd) sent(d *world.Datagram) {
	if d.Subscriber != nil && d.Frame.Kind == frame.Nack {
		for _, r := range d.Frame.Ranges {
			for q := r.From; q < r.To; q++ {
				c.nacks[q]++
			}
		}
	}
}

// TestThousandSubscribersMissTheSameFrame measures what DESIGN.md's simulation
// promised for K = 5: 5 NACKs at the median and 15 at p95 for a frame that all
// miss, and a repair within 2.9 round trips at p99.
func TestThousandSubscribersMissTheSameFrame(t *testing.T) {
	seeds, subs := uint64(3), 1000
	if testing.Short() {
		seeds = 2
	}
	const trip = 2 * time.Millisecond // and up to 10 % more
	var nacks, waits []int64
	for seed := range seeds {
		w := world.New(world.Config{Seed: seed})
		c := watchCrowd(w)
		pub := story.AddPublisher(t, w, world.PublisherConfig{})
		g, err := w.AddSegment("switch", link.Config{})
		if err != nil {
			t.Fatal(err)
		}
		way := link.Config{Delay: link.UniformDelay{Min: trip / 2, Max: trip/2 + trip/20}}
		for range subs {
			story.AddSubscriber(t, w, world.SubscriberConfig{Segment: g, Down: way, Up: way,
				OnEvent: func(_ reliable.Time, ev *reliable.Event) {
					if ev.Recovered {
						waits = append(waits, int64(ev.Recovery))
					}
				}})
		}
		lost := map[uint64]bool{}
		// Two seconds for all to be known, then one loss in 4 messages.
		story.Every(w, 2000*story.Milli, 50*story.Milli, 80, func(i int) {
			if i%4 == 3 {
				lost[uint64(i)] = true
				if err := g.Link(pub).SetLoss(lantest.Parsed(t, "drop frame 1")); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := pub.Publish([]byte("tick")); err != nil {
				t.Fatal(err)
			}
		})
		if err := w.Run(7000 * story.Milli); err != nil {
			t.Fatal(err)
		}
		if err := c.Finish(0); err != nil {
			t.Error(err)
		}
		for q := range lost { // in any order: they are sorted below
			nacks = append(nacks, int64(c.nacks[q]))
		}
		for _, s := range w.Subscribers() {
			if st := s.Sessions()[0]; st.Delivered != 80 || st.Lost != 0 {
				t.Fatalf("%v: %+v", s, st)
			}
		}
	}
	slices.Sort(nacks)
	slices.Sort(waits)
	at := func(list []int64, percent int) int64 { return list[(len(list)-1)*percent/100] }
	t.Logf("%d losses by all of %d subscribers: NACKs p50 %d, p95 %d, max %d; recovery in "+
		"round trips of %v p50 %.2f, p99 %.2f, max %.2f",
		len(nacks), subs, at(nacks, 50), at(nacks, 95), at(nacks, 100), trip,
		float64(at(waits, 50))/float64(trip), float64(at(waits, 99))/float64(trip),
		float64(at(waits, 100))/float64(trip))
	if at(nacks, 50) > 8 || at(nacks, 95) > 25 || at(waits, 99) >= int64(4*trip) {
		t.Errorf("more than 8 NACKs at the median, 25 at p95, or 4 round trips at p99")
	}
}
