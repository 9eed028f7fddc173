package world_test

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// orders is the configuration of a publisher of a topic.
func orders(partitions, groups int) world.PublisherConfig {
	return world.PublisherConfig{Sender: send.Config{Topic: "orders",
		Layout: topic.Layout{Partitions: partitions, Groups: groups}}}
}

// follow is the configuration of a subscriber to some of its partitions.
func follow(partitions ...uint32) world.SubscriberConfig {
	return world.SubscriberConfig{
		Receiver: receive.Config{Topics: []receive.Topic{{Name: "orders",
			Partitions: partitions}}},
		Down: story.Near(nil), Up: story.Near(nil),
	}
}

// Subscribers of some partitions of a topic get their data, and no other datagram of data; those
// that join late, or whose groups are joined late, lose nothing that they should have.
func TestPartitionsReachTheirSubscribers(t *testing.T) {
	for seed := range uint64(4) {
		w := world.New(world.Config{Seed: seed})
		c := checker.New(w)
		strange := 0
		w.Observe(world.Observer{Arrived: func(d *world.Datagram, sub *world.Subscriber) {
			if want := sub.Config().Receiver.Topics[0].Partitions; d.Frame.Kind == frame.Data &&
				want != nil && d.Frame.Channel%8 != want[0]%8 {
				strange++
			}
		}})
		loss := link.Bernoulli{P: 0.02}
		told := make([]int, 5)
		add := func(at time.Duration, delay time.Duration, partitions ...uint32) {
			cfg := follow(partitions...)
			cfg.At, cfg.JoinDelay, cfg.Down.Loss = reliable.Time(at), delay, loss
			n := len(w.Subscribers())
			cfg.OnEvent = func(_ reliable.Time, ev *reliable.Event) {
				if ev.Kind == reliable.Message {
					told[n]++
				}
			}
			story.AddSubscriber(t, w, cfg)
		}
		add(0, 0)
		add(0, 20*time.Millisecond)
		add(0, 5*time.Millisecond, 3)
		add(0, 0, 15)
		add(700*time.Millisecond, 5*time.Millisecond, 3)
		pub := story.AddPublisher(t, w, orders(16, 8))
		story.Every(w, 0, story.Milli, 1600, func(i int) {
			pub.Send(world.Message{Payload: fmt.Append(nil, i), Key: fmt.Append(nil, i%100)})
		})
		w.At(reliable.Time(3*time.Second), pub.Close)
		if err := w.Run(reliable.Time(15 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := c.Finish(reliable.Time(3 * time.Second)); err != nil {
			t.Error(err)
		}
		streams := pub.Streams()
		want := []int{1600, 1600, int(streams[3].NextOffset()), int(streams[15].NextOffset()), -1}
		for i, n := range told {
			if n != want[i] && want[i] >= 0 || n == 0 {
				t.Errorf("seed %d: subscriber %d was told of %d messages, want %d", seed, i, n,
					want[i])
			}
		}
		if strange > 0 {
			t.Errorf("seed %d: %d datagrams of other groups reached a subscriber of one partition",
				seed, strange)
		}
	}
}

// A publisher of 16 partitions with nothing to do sends at most 60 datagrams a second, and a
// subscriber of all of them one STATUS an interval.
func TestPartitionsAtRest(t *testing.T) {
	w := world.New(world.Config{Seed: 1})
	c := checker.New(w)
	sent, statuses := 0, 0
	rest := reliable.Time(5 * time.Second)
	w.Observe(world.Observer{Sent: func(d *world.Datagram) {
		switch {
		case w.Now() < rest:
		case d.Subscriber == nil:
			sent++
		case d.Frame.Kind == frame.Status:
			statuses++
		}
	}})
	story.AddSubscriber(t, w, follow())
	pub := story.AddPublisher(t, w, orders(16, 16))
	for i := range 64 {
		w.At(reliable.Time(100+i)*story.Milli, func() { pub.Publish(fmt.Append(nil, i)) })
	}
	if err := w.Run(rest.Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := c.Err(); err != nil {
		t.Error(err)
	}
	if sent > 600 || sent < 300 {
		t.Errorf("the publisher sent %d datagrams in 10 s, want at most 600", sent)
	}
	if statuses > 22 {
		t.Errorf("the subscriber sent %d STATUS in 10 s, want at most 22", statuses)
	}
}

// A session of which nothing but words came draws few NACKs, all its partitions together. What
// they leave unasked is lost as unanswered nevertheless, and the Checker holds that for right.
func TestWordsOfManyPartitionsDrawFewNacks(t *testing.T) {
	s := story.New(t, 1)
	pub := story.AddPublisher(t, s.World, orders(8, 8))
	story.Every(s.World, 0, story.Milli, 200, func(i int) {
		pub.Send(world.Message{Payload: fmt.Append(nil, i), Key: fmt.Append(nil, i)})
	})
	cfg := follow()
	cfg.At, cfg.Up.Loss = 500*story.Milli, link.Bernoulli{P: 1}
	cfg.Receiver.Start = reliable.Oldest
	nacks, lost := 0, uint64(0)
	cfg.OnEvent = func(_ reliable.Time, ev *reliable.Event) {
		if ev.Kind == reliable.Loss && ev.Cause == reliable.CauseUnanswered {
			lost += ev.Lost.Len()
		}
	}
	s.Observe(world.Observer{Sent: func(d *world.Datagram) {
		if d.Frame.Kind == frame.Nack {
			nacks++
		}
	}})
	story.AddSubscriber(t, s.World, cfg)
	s.At(5000*story.Milli, pub.Close)
	s.Judge(5000*story.Milli, 15_000*story.Milli)
	if nacks < 16 || nacks > 24 || lost != 200 {
		t.Errorf("%d NACKs were sent, and %d messages are lost as unanswered", nacks, lost)
	}
}
