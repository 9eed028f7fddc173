package world_test

import (
	"net/netip"
	"testing"
	"time"

	"crier/reliable/frame"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// What a publisher with two feeds sends to the group comes over both, each with its own delay
// and from its own address.
func TestFeedsCarryTheSame(t *testing.T) {
	w := world.New(world.Config{Seed: 1})
	type arrival struct {
		at   int64
		from netip.Addr
	}
	var came [2][]arrival
	w.Observe(world.Observer{Arrived: func(d *world.Datagram, _ *world.Subscriber) {
		if d.Frame.Kind == frame.Data {
			came[d.Feed] = append(came[d.Feed], arrival{int64(w.Now()), d.From.Addr()})
		}
	}})
	b, err := w.AddSegment("b", link.Config{Delay: link.FixedDelay(2 * time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	story.AddSubscriber(t, w, world.SubscriberConfig{
		Down:  story.Near(nil),
		Feeds: []world.Feed{{Segment: b, Down: story.Near(nil)}},
	})
	pub := story.AddPublisher(t, w, world.PublisherConfig{Feeds: 2})
	w.At(10*story.Milli, func() { pub.Publish([]byte("x")) })
	if err := w.Run(100 * story.Milli); err != nil {
		t.Fatal(err)
	}
	want := [2]arrival{
		{int64(11 * story.Milli), netip.MustParseAddr("10.1.0.0")},
		{int64(13 * story.Milli), netip.MustParseAddr("11.1.0.0")},
	}
	for feed, list := range came {
		if len(list) != 1 || list[0] != want[feed] {
			t.Errorf("by feed %d came %v, want %v", feed, list, want[feed])
		}
	}
	_, err = w.AddSubscriber(world.SubscriberConfig{Segment: b})
	if err == nil {
		t.Error("a segment is part of two feeds")
	}
}
