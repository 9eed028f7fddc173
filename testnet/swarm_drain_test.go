package testnet

import (
	"testing"
	"time"

	"crier/reliable/send"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A publisher with a rate limit may send for long after the last fault: a run isn't judged
// before it has. One that can't send, since it waits for a subscriber, isn't waited for.
func TestSwarmWaitsForRateLimits(t *testing.T) {
	limited := send.Config{Flow: send.Flow{MaxRate: 8 * 250_000}}
	waits := send.Config{Flow: send.Flow{WaitFor: 2}}
	for name, c := range map[string]struct {
		sender      send.Config
		sent        uint64
		least, most time.Duration
	}{
		"10 MB at 250 kB/s":         {limited, 10_000, 40 * time.Second, 60 * time.Second},
		"who waits for subscribers": {waits, 0, time.Second, 10 * time.Second},
	} {
		w := world.New(world.Config{Seed: 1})
		s := &scenario{w: w}
		pub := story.AddPublisher(t, w, world.PublisherConfig{Sender: c.sender})
		story.AddSubscriber(t, w, world.SubscriberConfig{Down: story.Near(nil),
			Up: story.Near(nil)})
		w.At(500*story.Milli, func() {
			for range 10_000 {
				pub.Publish(make([]byte, 1000))
			}
		})
		at, err := s.drain(1000 * story.Milli)
		if took := time.Duration(at); err != nil || took < c.least || took > c.most ||
			pub.Session().SentOffset() != c.sent {
			t.Errorf("%s: %v, drained after %v, %d messages sent", name, err, took,
				pub.Session().SentOffset())
		}
	}
}
