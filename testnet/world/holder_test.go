package world_test

import (
	"fmt"
	"testing"

	"crier/nack"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A holder that is not a publisher: a receiving half that fills a store, with holes, and a
// repairer over it. Subscribers ask it for what the publisher doesn't have, or doesn't
// answer for.

// held plays a publisher, a holder with losses of its own that it doesn't recover, and
// three subscribers that lose much. The publisher's buffer is small; if it crashes, that
// is right behind its last message.
func held(t *testing.T, seed uint64, crashes, holder bool) (delivered, lost uint64,
	h *world.Holder) {
	t.Helper()
	s := story.New(t, seed)
	const n = 600
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(60)}}})
	var admitted []receive.Holder
	if holder {
		var err error
		h, err = s.AddHolder(world.HolderConfig{
			Subscriber: world.SubscriberConfig{
				Name: "holder", Down: story.Near(link.Bernoulli{P: 0.02}), Up: story.Near(nil),
				Receiver: receive.Config{Recovery: receive.Recovery{Off: true}},
			},
			Session: pub.Session().ID, Frames: 1000, Link: story.Near(link.Bernoulli{P: 0.05}),
		})
		if err != nil {
			t.Fatal(err)
		}
		admitted = append(admitted, h.As())
	}
	var subs []*world.Subscriber
	for range 3 {
		up := story.Near(link.Bernoulli{P: 0.5})
		if seed%2 == 0 {
			up = story.Near(link.Bernoulli{P: 1}) // it can't ask the publisher
		}
		subs = append(subs, s.Listen(world.SubscriberConfig{
			Down: story.Near(link.Bernoulli{P: 0.2}), Up: up,
			Receiver: receive.Config{Holders: admitted},
		}))
	}
	rand := nack.NewRand(seed, 9)
	story.Every(s.World, 100*story.Milli, story.Milli, n, func(i int) {
		pub.Publish(fmt.Append(nil, i, make([]byte, rand.Below(1200))))
	})
	s.At(100*story.Milli+n*story.Milli, func() {
		if crashes {
			pub.Crash()
		} else {
			pub.Close()
		}
	})
	s.Judge(800*story.Milli, 60_000*story.Milli)
	for _, sub := range subs {
		st := sub.Sessions()[0]
		delivered, lost = delivered+st.Delivered, lost+st.Lost
	}
	return delivered, lost, h
}

// What the holder holds is delivered, whether the publisher lives or not; the Checker
// judges that nothing is delivered twice, or otherwise than it was published.
func TestAHolderServesSeveral(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		for _, crashes := range []bool{false, true} {
			_, without, _ := held(t, seed, crashes, false)
			_, lost, h := held(t, seed, crashes, true)
			// What the holder lacks may be lost by all three, and what it never heard of.
			if most := 3 * (h.Lacks() + 6); lost > most || without < 3*lost {
				t.Errorf("seed %d, crashes %v: %d messages are lost, and %d without the "+
					"holder, which lacks %d frames",
					seed, crashes, lost, without, h.Lacks())
			}
			if h.Lacks() == 0 || h.Repairs() == 0 {
				t.Errorf("seed %d: the holder lacks %d frames, and sent %d repairs", seed,
					h.Lacks(), h.Repairs())
			}
		}
		if t.Failed() {
			return
		}
	}
}

// An address that nobody admitted is not asked, and a holder that nobody asks is silent.
func TestNobodyAsksAHolderUnadmitted(t *testing.T) {
	s := story.New(t, 3)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	h, err := s.AddHolder(world.HolderConfig{
		Subscriber: world.SubscriberConfig{Name: "holder", Down: story.Near(nil),
			Up: story.Near(nil)},
		Session: pub.Session().ID, Frames: 100, Link: story.Near(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.3}),
		Up: story.Near(link.Bernoulli{P: 1})})
	story.Every(s.World, 100*story.Milli, story.Milli, 100,
		func(int) { pub.Publish(make([]byte, 100)) })
	s.At(250*story.Milli, pub.Crash)
	s.Judge(300*story.Milli, 20_000*story.Milli)
	if st := sub.Sessions()[0]; st.Lost == 0 || h.Repairs() != 0 {
		t.Errorf("%d messages are lost, and the holder sent %d repairs", st.Lost, h.Repairs())
	}
}
