package world_test

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// What a subscriber feels of one beside it that crawls.

// healthy is what a subscriber with a lossy link had of 6,000 messages.
type healthy struct {
	p99       time.Duration // from acceptance to delivery
	took      time.Duration // from the first delivery to the last
	delivered int
	crawler   receive.SessionStats // of the one beside it
}

// beside plays a publisher that keeps nobody's pace, and drops what finds no room,
// with a healthy subscriber, and one that takes a message each 5 ms where one comes
// each 500 us, if there is such a one.
func beside(t *testing.T, seed uint64, crawls bool, overload reliable.Overload) (h healthy) {
	t.Helper()
	s := story.New(t, seed)
	const n = 6000
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Write: 20 * time.Microsecond,
		Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(1000)},
			Flow:      send.Flow{WhenFull: reliable.Drop},
		}})
	accepted := make(map[uint64]reliable.Time, n)
	s.Observe(world.Observer{Accepted: func(_ *world.Session, offset uint64,
		_ []byte) {
		accepted[offset] = s.Now()
	}})
	var late []time.Duration
	var first, last reliable.Time
	lossy := story.Near(link.Bernoulli{P: 0.03})
	lossy.Rate, lossy.Queue = 100_000_000, 64<<10 // bits a second: what goes to others is felt
	story.AddSubscriber(t, s.World, world.SubscriberConfig{Down: lossy, Up: story.Near(nil),
		OnEvent: func(now reliable.Time, ev *reliable.Event) {
			if ev.Kind == reliable.Message {
				if len(late) == 0 {
					first = now
				}
				last = now
				late = append(late, now.Sub(accepted[ev.Offset]))
			}
		}})
	if crawls {
		story.AddSubscriber(t, s.World,
			world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.01}), Up: story.Near(nil),
				Work: 5 * time.Millisecond,
				Receiver: receive.Config{Overload: overload,
					Memory: receive.Memory{Buffer: 64 << 10}}})
	}
	s.Paced(pub, 100*story.Milli, 500*time.Microsecond, n)
	s.At(4000*story.Milli, pub.Close)
	s.Judge(4000*story.Milli, 60_000*story.Milli)
	slices.Sort(late)
	h.p99, h.took, h.delivered = late[len(late)*99/100], last.Sub(first), len(late)
	if crawls {
		h.crawler = s.Subscribers()[1].Sessions()[0]
	}
	return h
}

// Beside one that crawls, a healthy subscriber keeps its p99 latency within 10 % and
// its throughput within 5 % of what it has alone, with the same seed: whether what the
// crawling one can't take is dropped at the publisher, which keeps nobody's pace, or at
// the crawling one itself.
func TestHealthyBesideCrawling(t *testing.T) {
	for seed := uint64(51); seed < 53; seed++ {
		alone := beside(t, seed, false, 0)
		for _, o := range []reliable.Overload{reliable.OverloadBlock, reliable.OverloadDropOldest,
			reliable.OverloadDropNewest} {
			both := beside(t, seed, true, o)
			if both.crawler.Lost < 2000 {
				t.Errorf("seed %d, %v: the crawling one lost only %d", seed, o, both.crawler.Lost)
			}
			if alone.delivered != 6000 || both.delivered != 6000 {
				t.Errorf("seed %d, %v: %d and %d were delivered", seed, o, alone.delivered,
					both.delivered)
			}
			if both.p99 > alone.p99*110/100 {
				t.Errorf("seed %d, %v: p99 is %v, and %v alone", seed, o, both.p99, alone.p99)
			}
			if both.took > alone.took*105/100 {
				t.Errorf("seed %d, %v: it took %v, and %v alone", seed, o, both.took, alone.took)
			}
			t.Logf("seed %d, %v: p99 %v, alone %v; in %v, alone %v; the other lost %d", seed, o,
				both.p99, alone.p99, both.took, alone.took, both.crawler.Lost)
		}
	}
}

// A STATUS that a later one has overtaken says where a subscriber was: a publisher
// that went back to it would hold the producer for frames that nobody lacks, and one
// that then let them go would tell the subscriber that it never lost them.
func TestOvertakenStatus(t *testing.T) {
	s := story.New(t, 61)
	up := story.Near(nil)
	up.Reorder, up.ReorderDelay = 0.3, 40*time.Millisecond // of STATUS
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{
		Disk: world.DiskConfig{Wait: 3 * time.Millisecond},
		Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(100), Disk: 8 << 20},
			Flow:      send.Flow{Pace: reliable.Slowest()},
		},
	})
	back := 0
	position := uint64(0)
	for at := 100 * story.Milli; at < 4000*story.Milli; at += story.Milli {
		s.At(at, func() {
			for _, m := range pub.Members() {
				if m.Position < position {
					back++
				}
				position = m.Position
			}
		})
	}
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: up, Work: time.Millisecond,
		Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
	s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 3000)
	s.At(5000*story.Milli, pub.Close)
	s.Judge(5000*story.Milli, 30_000*story.Milli)
	s.Wants(sub, "new", "messages 0-2999", "ended")
	if back > 0 || position < 2000 {
		t.Errorf("the publisher's word of the subscriber went back %d times, and ended at %d", back,
			position)
	}
}
