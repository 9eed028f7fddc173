package world_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// One subscriber far away, in a group that backs off, doesn't slow the recovery of
// the others: the group's round trip is not the farthest one's.
func TestOneFarAway(t *testing.T) {
	for _, far := range []time.Duration{time.Millisecond, 500 * time.Millisecond} {
		s := story.New(t, 3)
		var recovery []time.Duration
		story.AddSubscriber(t, s.World, world.SubscriberConfig{
			Down: link.Config{Delay: link.FixedDelay(far)},
			Up:   link.Config{Delay: link.FixedDelay(far)},
		})
		for range 11 {
			story.AddSubscriber(t, s.World,
				world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.002}),
					Up: story.Near(nil), OnEvent: func(_ reliable.Time, ev *reliable.Event) {
						if ev.Kind == reliable.Message && ev.Recovered &&
							world.VirtualTime(ev.Received) > 4000*story.Milli {
							recovery = append(recovery, ev.Recovery)
						}
					}})
		}
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		story.Every(s.World, 10*story.Milli, 2*story.Milli, 5000,
			func(i int) { pub.Publish(fmt.Appendf(nil, "%d", i)) })
		s.Judge(0, 20_000*story.Milli)
		slices.Sort(recovery)
		// Five round trips of 2 ms to back off, one and the heartbeat to find out and
		// to be repaired; four times as much where the far one counts.
		if p50 := recovery[len(recovery)/2]; len(recovery) < 50 || p50 > 50*time.Millisecond {
			t.Errorf("one %v away: %d recovered, half of them within %v", far, len(recovery), p50)
		}
	}
}

// One that loses most of what it is sent, over a link that data half fills, doesn't
// delay what is new to the others.
func TestRepairsDontStarveData(t *testing.T) {
	worst := func(loss float64) time.Duration {
		s := story.New(t, 3)
		accepted := map[uint64]reliable.Time{}
		var latency []time.Duration
		story.AddSubscriber(t, s.World, world.SubscriberConfig{Down: story.Near(nil),
			Up: story.Near(nil), OnEvent: func(now reliable.Time, ev *reliable.Event) {
				if ev.Kind == reliable.Message && now > 1000*story.Milli {
					latency = append(latency, now.Sub(accepted[ev.Offset]))
				}
			}})
		story.AddSubscriber(t, s.World,
			world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: loss}), Up: story.Near(nil)})
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{
			Write:    100 * time.Microsecond, // a datagram: about 110 Mbit/s
			OnAccept: func(now reliable.Time, offset uint64, _ []byte) { accepted[offset] = now },
		})
		story.Every(s.World, 100*story.Milli, 200*story.Milli/1000, 15_000,
			func(int) { pub.Publish(make([]byte, 1300)) })
		if err := s.Run(4000 * story.Milli); err != nil {
			t.Fatal(err)
		}
		slices.Sort(latency)
		return latency[len(latency)*99/100]
	}
	if alone, beside := worst(0), worst(0.7); beside > alone+10*time.Millisecond {
		t.Errorf("the latency of the one that loses nothing is %v at p99, and %v beside one "+
			"that loses 70 %%", alone, beside)
	}
}
