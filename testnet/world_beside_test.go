package testnet

import (
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
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
	s := newStory(t, seed)
	const n = 6000
	pub := addPublisher(t, s.World, PublisherConfig{Write: 20 * time.Microsecond, Sender: send.Config{
		ResendBuffer: ring(1000), WhenFull: reliable.Drop,
	}})
	accepted := make(map[uint64]reliable.Time, n)
	s.Observe(Observer{Accepted: func(_ *Session, offset uint64, _ []byte) { accepted[offset] = s.Now() }})
	var late []time.Duration
	var first, last reliable.Time
	lossy := near(link.Bernoulli{P: 0.03})
	lossy.Rate, lossy.Queue = 100_000_000, 64<<10 // bits a second: what goes to others is felt
	addSubscriber(t, s.World, SubscriberConfig{Down: lossy, Up: near(nil), OnEvent: func(now reliable.Time, ev *reliable.Event) {
		if ev.Kind == reliable.Message {
			if len(late) == 0 {
				first = now
			}
			last = now
			late = append(late, now.Sub(accepted[ev.Offset]))
		}
	}})
	if crawls {
		addSubscriber(t, s.World, SubscriberConfig{Down: near(link.Bernoulli{P: 0.01}), Up: near(nil), Work: 5 * time.Millisecond,
			Receiver: receive.Config{Overload: overload, Buffer: 64 << 10}})
	}
	s.paced(pub, 100*milli, 500*time.Microsecond, n)
	s.At(4000*milli, pub.Close)
	s.run(4000*milli, 60_000*milli)
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
	for seed := uint64(51); seed < 56; seed++ {
		alone := beside(t, seed, false, 0)
		for _, o := range []reliable.Overload{reliable.OverloadBlock, reliable.OverloadDropOldest, reliable.OverloadDropNewest} {
			both := beside(t, seed, true, o)
			if both.crawler.Lost < 2000 {
				t.Errorf("seed %d, %v: the crawling one lost only %d", seed, o, both.crawler.Lost)
			}
			if alone.delivered != 6000 || both.delivered != 6000 {
				t.Errorf("seed %d, %v: %d and %d were delivered", seed, o, alone.delivered, both.delivered)
			}
			if both.p99 > alone.p99*110/100 {
				t.Errorf("seed %d, %v: p99 is %v, and %v alone", seed, o, both.p99, alone.p99)
			}
			if both.took > alone.took*105/100 {
				t.Errorf("seed %d, %v: it took %v, and %v alone", seed, o, both.took, alone.took)
			}
			t.Logf("seed %d, %v: p99 %v, alone %v; in %v, alone %v; the other lost %d", seed, o, both.p99, alone.p99, both.took, alone.took, both.crawler.Lost)
		}
	}
}

// A STATUS that a later one has overtaken says where a subscriber was: a publisher
// that went back to it would hold the producer for frames that nobody lacks, and one
// that then let them go would tell the subscriber that it never lost them.
func TestOvertakenStatus(t *testing.T) {
	s := newStory(t, 61)
	up := near(nil)
	up.Reorder, up.ReorderDelay = 0.3, 40*time.Millisecond // of STATUS
	pub := addPublisher(t, s.World, PublisherConfig{
		Disk: DiskConfig{Wait: 3 * time.Millisecond},
		Sender: send.Config{
			ResendBuffer: ring(100), Disk: 8 << 20, Pace: reliable.Slowest(),
		},
	})
	back := 0
	position := uint64(0)
	for at := 100 * milli; at < 4000*milli; at += milli {
		s.At(at, func() {
			for _, m := range pub.Members() {
				if m.Position < position {
					back++
				}
				position = m.Position
			}
		})
	}
	sub := s.listen(SubscriberConfig{Down: near(nil), Up: up, Work: time.Millisecond, Receiver: receive.Config{Buffer: 64 << 10}})
	s.paced(pub, 100*milli, 500*time.Microsecond, 3000)
	s.At(5000*milli, pub.Close)
	s.run(5000*milli, 30_000*milli)
	s.wants(sub, "new", "messages 0-2999", "ended")
	if back > 0 || position < 2000 {
		t.Errorf("the publisher's word of the subscriber went back %d times, and ended at %d", back, position)
	}
}
