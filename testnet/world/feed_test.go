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

// A publisher knows by which feed a subscriber speaks: one whose first feed is dead asks by the
// other from its address there, is repaired by it, and hasn't moved.
func TestPublisherHearsByWhichFeed(t *testing.T) {
	s := story.New(t, 1)
	lossy := link.Bernoulli{P: 0.2}
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Feeds: 2})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Feeds: []world.Feed{{Down: story.Near(lossy), Up: story.Near(nil)}}})
	asked := 0
	s.Observe(world.Observer{Answered: func(d *world.Datagram) {
		if d.Feed == 1 && d.Frame.Kind == frame.Nack {
			asked++
		}
	}})
	s.Paced(pub, 100*story.Milli, time.Millisecond, 3000)
	s.At(500*story.Milli, func() {
		s.FeedDown(pub, sub, 0).SetDown(true)
		s.FeedUp(sub, pub, 0).SetDown(true)
	})
	s.At(4000*story.Milli, pub.Close)
	s.Judge(4000*story.Milli, 10_000*story.Milli)
	st := pub.Stats()
	if asked == 0 || st.Moved+st.Contested+st.Foreign > 0 {
		t.Errorf("it asked %d times by its second feed, moved %d times, was contested %d times, "+
			"and %d frames were a stranger's", asked, st.Moved, st.Contested, st.Foreign)
	}
	s.Wants(sub, "new", "messages 0-699", "feed-down", "messages 700-2999", "ended")
}
