package testnet

import (
	"testing"
	"time"

	"crier/reliable"
)

// A subscriber that is stopped for longer than its subscription is remembered by
// others comes back to a large backlog on disk, and gets all of it.
func TestStoppedSubscriberFindsItsBacklog(t *testing.T) {
	s := newStory(t, 43)
	pub := addPublisher(t, s.World, PublisherConfig{
		Disk: DiskConfig{Wait: time.Millisecond},
		Sender: reliable.SenderConfig{
			ResendBuffer: ring(500), Disk: 64 << 20, StallTimeout: time.Minute,
			Pace: reliable.Pace{Kind: reliable.PaceNamed, Names: []string{"slow"}},
		},
	})
	s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), Receiver: reliable.ReceiverConfig{Name: "well"}})
	slow := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), SocketQueue: 300, TimersFirst: true, Receiver: reliable.ReceiverConfig{Name: "slow"}})
	s.paced(pub, 100*milli, 500*time.Microsecond, 20_000)
	s.At(1000*milli, func() { slow.Pause(8 * time.Second) })
	s.At(11_000*milli, pub.Close)
	s.run(11_000*milli, 40_000*milli)
	s.wants(slow, "new", "messages 0-19999", "ended")
	if st := pub.Stats(); pub.HeldFor() > 0 || st.LeftOut > 0 || pub.DiskMost() < 10_000 {
		t.Errorf("held for %v, %d on disk, %+v", pub.HeldFor(), pub.DiskMost(), st)
	}
}
