package testnet

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
)

// One subscriber far away, in a group that backs off, doesn't slow the recovery of
// the others: the group's round trip is not the farthest one's.
func TestOneFarAway(t *testing.T) {
	for _, far := range []time.Duration{time.Millisecond, 500 * time.Millisecond} {
		s := newStory(t, 3)
		var recovery []time.Duration
		addSubscriber(t, s.World, SubscriberConfig{
			Down: link.Config{Delay: link.FixedDelay(far)}, Up: link.Config{Delay: link.FixedDelay(far)},
		})
		for range 11 {
			addSubscriber(t, s.World, SubscriberConfig{Down: near(link.Bernoulli{P: 0.002}), Up: near(nil), OnEvent: func(_ reliable.Time, ev *reliable.Event) {
				if ev.Kind == reliable.Message && ev.Recovered && VirtualTime(ev.Received) > 4000*milli {
					recovery = append(recovery, ev.Recovery)
				}
			}})
		}
		pub := addPublisher(t, s.World, PublisherConfig{})
		every(s.World, 10*milli, 2*milli, 5000, func(i int) { pub.Publish(fmt.Appendf(nil, "%d", i)) })
		s.run(0, 20_000*milli)
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
		s := newStory(t, 3)
		accepted := map[uint64]reliable.Time{}
		var latency []time.Duration
		addSubscriber(t, s.World, SubscriberConfig{Down: near(nil), Up: near(nil), OnEvent: func(now reliable.Time, ev *reliable.Event) {
			if ev.Kind == reliable.Message && now > 1000*milli {
				latency = append(latency, now.Sub(accepted[ev.Offset]))
			}
		}})
		addSubscriber(t, s.World, SubscriberConfig{Down: near(link.Bernoulli{P: loss}), Up: near(nil)})
		pub := addPublisher(t, s.World, PublisherConfig{
			Write:    100 * time.Microsecond, // a datagram: about 110 Mbit/s
			OnAccept: func(now reliable.Time, offset uint64, _ []byte) { accepted[offset] = now },
		})
		every(s.World, 100*milli, 200*milli/1000, 15_000, func(int) { pub.Publish(make([]byte, 1300)) })
		if err := s.Run(4000 * milli); err != nil {
			t.Fatal(err)
		}
		slices.Sort(latency)
		return latency[len(latency)*99/100]
	}
	if alone, beside := worst(0), worst(0.7); beside > alone+10*time.Millisecond {
		t.Errorf("the latency of the one that loses nothing is %v at p99, and %v beside one that loses 70 %%", alone, beside)
	}
}
