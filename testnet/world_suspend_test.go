package testnet

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/link"
)

// A subscriber that was suspended just after its first request finds the repair when it
// wakes, seconds later. That is no round trip: it goes on asking as quickly as before.
func TestSuspendedAmidItsFirstRequest(t *testing.T) {
	for _, timersFirst := range []bool{false, true} {
		s := newStory(t, 67)
		pub := addPublisher(t, s.World, PublisherConfig{})
		var worst time.Duration
		resumed := reliable.Never
		sub := addSubscriber(t, s.World, SubscriberConfig{
			Down: near(link.Bernoulli{P: 0.2}), Up: near(nil), TimersFirst: timersFirst, SocketQueue: 4000,
			OnEvent: func(now reliable.Time, ev *reliable.Event) {
				if now > resumed.Add(500*time.Millisecond) {
					worst = max(worst, ev.Recovery)
				}
			},
		})
		every(s.World, 0, milli, 1000, func(int) {
			if list := sub.Sessions(); resumed == reliable.Never && len(list) > 0 && list[0].Nacks == 1 && list[0].Repairs == 0 && !sub.Paused() {
				sub.Pause(8 * time.Second)
				resumed = s.Now().Add(8 * time.Second)
			}
		})
		every(s.World, 0, 5*milli, 2400, func(int) { pub.Publish([]byte("tick")) })
		s.run(8500*milli, 25_000*milli)
		// Of what is found missing, a fifth of the repairs is lost as well.
		if st := sub.Sessions()[0]; resumed == reliable.Never || st.Lost > 0 || st.Delivered != 2400 || worst > 100*time.Millisecond {
			t.Errorf("suspended until %v, recovery took %v at worst: %+v", Stamp(resumed), worst, st)
		}
	}
}
