package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A subscriber that was suspended just after its first request finds the repair when it
// wakes, seconds later. That is not a round trip: it goes on asking as quickly as before.
func TestSuspendedAmidItsFirstRequest(t *testing.T) {
	for _, timersFirst := range []bool{false, true} {
		s := story.New(t, 67)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		var worst time.Duration
		resumed := reliable.Never
		sub := story.AddSubscriber(t, s.World, world.SubscriberConfig{
			Down: story.Near(link.Bernoulli{P: 0.2}), Up: story.Near(nil), TimersFirst: timersFirst,
			SocketQueue: 4000,
			OnEvent: func(now reliable.Time, ev *reliable.Event) {
				if now > resumed.Add(500*time.Millisecond) {
					worst = max(worst, ev.Recovery)
				}
			},
		})
		story.Every(s.World, 0, story.Milli, 1000, func(int) {
			if list := sub.Sessions(); resumed == reliable.Never && len(list) > 0 &&
				list[0].Nacks == 1 && list[0].Repairs == 0 && !sub.Paused() {
				sub.Pause(8 * time.Second)
				resumed = s.Now().Add(8 * time.Second)
			}
		})
		story.Every(s.World, 0, 5*story.Milli, 2400, func(int) { pub.Publish([]byte("tick")) })
		s.Judge(8500*story.Milli, 25_000*story.Milli)
		// Of what is found missing, a fifth of the repairs is lost as well.
		if st := sub.Sessions()[0]; resumed == reliable.Never || st.Lost > 0 ||
			st.Delivered != 2400 || worst > 100*time.Millisecond {
			t.Errorf("suspended until %v, recovery took %v at worst: %+v", world.Stamp(resumed),
				worst, st)
		}
	}
}
