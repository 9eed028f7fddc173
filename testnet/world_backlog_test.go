package testnet

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/testnet/link"
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
		s := newStory(t, seed)
		pub := addPublisher(t, s.World, PublisherConfig{})
		sub := s.listen(SubscriberConfig{Down: backlogged(), Up: near(nil)})
		every(s.World, 0, 50*milli/1000, 2500, func(i int) { pub.Publish(make([]byte, 1200)) })
		s.At(200*milli, pub.Close)
		s.run(0, 60_000*milli)
		s.wants(sub, "new", "messages 0-2499", "ended")
		if st := sub.Sessions()[0]; st.Recovered == 0 {
			t.Errorf("seed %d: nothing was lost: %+v", seed, st)
		}
	}
}

// A publisher that has closed waits for whoever hasn't heard the end, and for
// nobody else.
func TestClosedUntilAllHaveHeardTheEnd(t *testing.T) {
	s := newStory(t, 1)
	pub := addPublisher(t, s.World, PublisherConfig{})
	s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	deaf := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	every(s.World, 0, milli, 1000, func(i int) { pub.Publish(make([]byte, 100)) })
	s.At(900*milli, func() { s.Down(pub, deaf).SetDown(true) })
	s.At(1000*milli, pub.Close)
	s.At(2500*milli, func() { s.Down(pub, deaf).SetDown(false) })
	s.run(2500*milli, 20_000*milli)
	left := pub.Session().Ended
	if left == reliable.Never || left < 3500*milli || left > 4500*milli {
		t.Errorf("the publisher left at %s", Stamp(left))
	}
	s.wants(deaf, "new", "messages 0-999", "ended")
}

// It also waits for a slow subscriber that will ask when it has room, and not for
// one that holds what it has yet to deliver.
func TestClosedUntilTheSlowHaveAsked(t *testing.T) {
	for _, c := range []struct {
		buffer      int
		after, most reliable.Time
	}{
		{1 << 20, 6000 * milli, 12_000 * milli}, // for half of the frames, which are ten seconds of work
		{8 << 20, 1000 * milli, 2200 * milli},
	} {
		s := newStory(t, 1)
		pub := addPublisher(t, s.World, PublisherConfig{})
		slow := s.listen(SubscriberConfig{
			Receiver: receive.Config{Buffer: c.buffer}, Work: 10 * time.Millisecond,
			Down: near(link.Bernoulli{P: 0.02}), Up: near(nil),
		})
		every(s.World, 0, 100*milli/1000, 1000, func(i int) { pub.Publish(make([]byte, 1300)) })
		s.At(200*milli, pub.Close)
		s.run(0, 30_000*milli)
		if left := pub.Session().Ended; left < c.after || left > c.most {
			t.Errorf("with a buffer of %d the publisher left at %s", c.buffer, Stamp(left))
		}
		s.wants(slow, "new", "messages 0-999", "ended")
	}
}
