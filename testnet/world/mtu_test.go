package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// An MTU that falls under a publisher: what comes after goes out in smaller frames and
// is repaired; frames from before can't be any more, and are named lost for that cause,
// once; nobody asks for them again and again.
func TestMTUFalls(t *testing.T) {
	s := story.New(t, 1)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Name: "pub",
		Write: 20 * time.Microsecond})
	link := story.Near(nil)
	sub := s.Listen(world.SubscriberConfig{Name: "sub", Down: link, Up: link})
	publish := func(n, size int) {
		for range n {
			if _, err := pub.Publish(make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(d time.Duration, do func()) { s.At(reliable.Time(d), do) }
	at(100*time.Millisecond, func() { publish(3, 1300) })
	at(200*time.Millisecond, func() { // two that don't fit, and one that does
		s.LoseNext(pub, sub, 3)
		publish(2, 1300)
		publish(1, 100)
		pub.Narrow(1172)
	})
	at(300*time.Millisecond, func() { publish(3, 1300) })
	at(400*time.Millisecond, func() {
		s.LoseNext(pub, sub, 2)
		publish(3, 1300)
	})
	at(500*time.Millisecond, func() {
		pub.Narrow(9000) // up to what it was
		publish(2, 1300)
	})
	at(2*time.Second, pub.Close)
	s.Judge(0, reliable.Time(10*time.Second))
	s.Wants(sub, "new", "messages 0-2", "lost 3-4: larger than the MTU", "messages 5-13", "ended")
	if got := pub.Stats(); got.Nacks > 4 || got.Responder.Unfit != 2 || got.TooLarge != 0 {
		t.Errorf("%d NACKs, %d frames asked for that are too large, %d never sent", got.Nacks,
			got.Responder.Unfit, got.TooLarge)
	}
}
