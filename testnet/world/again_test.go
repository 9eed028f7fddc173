package world_test

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A subscriber that is killed and started again at any moment is another one to the
// publisher, and the promise holds for each life.
func TestASubscriberStartsAgain(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		s := story.New(t, seed)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		lossy := story.Near(link.Bernoulli{P: 0.2})
		subs := []*world.Subscriber{
			s.Listen(world.SubscriberConfig{Down: lossy, Up: lossy}),
			s.Listen(world.SubscriberConfig{Down: lossy, Up: lossy, Work: time.Millisecond / 2,
				TimersFirst: true}),
		}
		story.Every(s.World, 0, story.Milli, 1000, func(int) { pub.Publish(make([]byte, 200)) })
		rand := nack.NewRand(seed, 5)
		for range 12 {
			at := reliable.Time(rand.Below(uint64(1000 * story.Milli)))
			sub := subs[rand.Below(2)]
			if s.At(at, sub.Restart); rand.Below(3) == 0 {
				s.At(at-min(at, 50*story.Milli), func() { sub.Pause(100 * time.Millisecond) })
			}
		}
		s.Judge(1100*story.Milli, 15_000*story.Milli)
		for _, sub := range subs {
			st := sub.Sessions()[0]
			if sub.Lives() < 2 || st.Delivered == 0 || st.NextOffset != 1000 || st.Lost != 0 {
				t.Errorf("seed %d, life %d of %v: %+v", seed, sub.Lives(), sub, st)
			}
		}
	}
}
