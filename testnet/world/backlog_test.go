package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// backlogged is a link that takes six seconds to pass on what is published within
// a tenth of one, repairs behind it, and loses 2 %.
func backlogged() link.Config {
	return link.Config{
		Loss: link.Bernoulli{P: 0.02}, Delay: link.FixedDelay(time.Millisecond),
		Rate: 4_000_000, Queue: 16 << 20,
	}
}

// Repairs that wait behind what was sent before them are on their way, however
// long that takes: nothing is given up as unanswered, and the publisher stays
// until all have heard the end.
func TestRepairsBehindALongQueue(t *testing.T) {
	for seed := range uint64(10) {
		s := story.New(t, seed)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		sub := s.Listen(world.SubscriberConfig{Down: backlogged(), Up: story.Near(nil)})
		story.Every(s.World, 0, 50*story.Milli/1000, 2500,
			func(i int) { pub.Publish(make([]byte, 1200)) })
		s.At(200*story.Milli, pub.Close)
		s.Judge(0, 60_000*story.Milli)
		s.Wants(sub, "new", "messages 0-2499", "ended")
		if st := sub.Sessions()[0]; st.Recovered == 0 {
			t.Errorf("seed %d: nothing was lost: %+v", seed, st)
		}
	}
}

// A closed publisher waits for the subscribers that haven't heard the end, and for no other.
func TestClosedUntilAllHaveHeardTheEnd(t *testing.T) {
	s := story.New(t, 1)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	deaf := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	story.Every(s.World, 0, story.Milli, 1000, func(i int) { pub.Publish(make([]byte, 100)) })
	s.At(900*story.Milli, func() { s.Down(pub, deaf).SetDown(true) })
	s.At(1000*story.Milli, pub.Close)
	s.At(2500*story.Milli, func() { s.Down(pub, deaf).SetDown(false) })
	s.Judge(2500*story.Milli, 20_000*story.Milli)
	left := pub.Session().Ended
	if left == reliable.Never || left < 3500*story.Milli || left > 4500*story.Milli {
		t.Errorf("the publisher left at %s", world.Stamp(left))
	}
	s.Wants(deaf, "new", "messages 0-999", "ended")
}

// It also waits for a slow subscriber that will ask when it has room, and not for
// one that holds what it has yet to deliver.
func TestClosedUntilTheSlowHaveAsked(t *testing.T) {
	for _, c := range []struct {
		buffer      int
		after, most reliable.Time
	}{
		// for half of the frames, which are ten seconds of work
		{1 << 20, 6000 * story.Milli, 12_000 * story.Milli},
		{8 << 20, 1000 * story.Milli, 2200 * story.Milli},
	} {
		s := story.New(t, 1)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		slow := s.Listen(world.SubscriberConfig{
			Receiver: receive.Config{Memory: receive.Memory{Buffer: c.buffer}},
			Work:     10 * time.Millisecond,
			Down:     story.Near(link.Bernoulli{P: 0.02}), Up: story.Near(nil),
		})
		story.Every(s.World, 0, 100*story.Milli/1000, 1000,
			func(i int) { pub.Publish(make([]byte, 1300)) })
		s.At(200*story.Milli, pub.Close)
		s.Judge(0, 30_000*story.Milli)
		if left := pub.Session().Ended; left < c.after || left > c.most {
			t.Errorf("with a buffer of %d the publisher left at %s", c.buffer, world.Stamp(left))
		}
		s.Wants(slow, "new", "messages 0-999", "ended")
	}
}
