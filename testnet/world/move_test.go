package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// Addresses of a publisher and a subscriber change, while a tenth is lost: all messages
// come, and the publisher keeps the pace of all.
func TestAddressesChange(t *testing.T) {
	for seed := range uint64(4) {
		w := world.New(world.Config{Seed: seed})
		c := checker.New(w)
		var subs []*world.Subscriber
		for range 3 {
			lossy := story.Near(link.Bernoulli{P: 0.1})
			sub, err := w.AddSubscriber(world.SubscriberConfig{Down: lossy, Up: lossy})
			if err != nil {
				t.Fatal(err)
			}
			subs = append(subs, sub)
		}
		cfg := world.PublisherConfig{Sender: send.Config{Flow: send.Flow{Pace: reliable.Slowest()}}}
		pub, err := w.AddPublisher(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			at := 300*story.Milli + reliable.Time(i)*10*story.Milli
			w.At(at, func() { pub.Publish([]byte("x")) })
		}
		w.At(reliable.Time(3*time.Second), pub.Move)
		w.At(reliable.Time(6*time.Second), subs[1].Move)
		w.At(reliable.Time(11*time.Second), pub.Close)
		if err := w.Run(reliable.Time(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := c.Finish(reliable.Time(11 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if st := pub.Stats(); st.Moved != 1 || st.Contested != 0 || st.Evicted != 0 {
			t.Errorf("seed %d: %+v", seed, st)
		}
		for _, sub := range subs {
			if st := sub.Sessions()[0]; st.Delivered != 1000 || st.Moved != 1 ||
				st.Contested != 0 || st.End != reliable.EndBye {
				t.Errorf("seed %d, %v: %+v", seed, sub, st)
			}
		}
	}
}

// What is repeated to an address that its subscriber has left comes to nobody, and least of
// all to the group: what is asked for meanwhile from the new address is repaired there.
func TestRepairsGoWhereASubscriberWas(t *testing.T) {
	s := story.New(t, 73)
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{Sender: send.Config{Repair: send.Repair{Floor: 8 * 100_000}}})
	up := link.Config{Delay: link.FixedDelay(20 * time.Millisecond)}
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: up,
		Receiver: receive.Config{Recovery: receive.Recovery{Silence: 10 * time.Second}}})
	s.At(100*story.Milli, func() { pub.Publish([]byte("first")) })
	s.At(250*story.Milli, func() {
		s.Down(pub, sub).SetLoss(link.Bernoulli{P: 1})
		s.Up(sub,
			pub).SetDown(true)
	})
	story.Every(s.World, 300*story.Milli, story.Milli, 400,
		func(int) { pub.Publish(make([]byte, 1300)) })
	s.At(750*story.Milli, func() { s.Down(pub, sub).SetLoss(nil) })
	s.At(4000*story.Milli, func() { s.Up(sub, pub).SetDown(false) }) // what it lacks is old by now
	moved := false
	story.Every(s.World, 4000*story.Milli, story.Milli, 1000, func(int) {
		if !moved && sub.Sessions()[0].Repairs > 250 {
			sub.Move()
			moved = true
		}
	})
	s.Judge(5000*story.Milli, 25_000*story.Milli)
	s.Wants(sub, "new", "messages 0-400")
	if n := s.Stats().Nowhere; n == 0 {
		t.Error("nothing went where nobody is")
	}
}
