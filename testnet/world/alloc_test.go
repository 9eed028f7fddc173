package world_test

import (
	"testing"
	"time"

	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A delivery allocates nothing: what a datagram takes is allocated once, however many
// receive it.
func TestDeliveriesDontAllocate(t *testing.T) {
	w := world.New(world.Config{Seed: 1})
	pub := story.AddPublisher(t, w, world.PublisherConfig{})
	way := link.Config{Delay: link.UniformDelay{Min: 200 * time.Microsecond,
		Max: 400 * time.Microsecond}}
	const subs = 200
	for range subs {
		story.AddSubscriber(t, w, world.SubscriberConfig{Down: way, Up: way})
	}
	step := func() {
		if _, err := pub.Publish([]byte("tick")); err != nil {
			t.Fatal(err)
		}
		if err := w.Run(w.Now() + story.Milli); err != nil {
			t.Fatal(err)
		}
	}
	for range 3000 { // all tables have grown
		step()
	}
	if got := testing.AllocsPerRun(300, step); got > subs/10 {
		t.Errorf("a message to %d subscribers takes %.0f allocations", subs, got)
	}
}
