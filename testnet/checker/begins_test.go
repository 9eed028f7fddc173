package checker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// beginning is a subscriber of partition 3 of four, which first hears the SESSION of another
// partition: that tells how old the session is, and that it comes by two feeds.
type beginning struct {
	joins  reliable.Time
	sleeps bool // when it comes, so that the session seems younger
	wrap   func(world.Receiver) world.Receiver
}

func (b beginning) judge(t *testing.T) error {
	t.Helper()
	w := world.New(world.Config{Seed: 5})
	c := checker.New(w)
	pub := story.AddPublisher(t, w, world.PublisherConfig{Feeds: 2, Sender: send.Config{
		Topic: "orders", Layout: topic.Layout{Partitions: 4}}})
	far := link.Config{Delay: link.FixedDelay(20 * time.Millisecond)}
	sub := story.AddSubscriber(t, w, world.SubscriberConfig{At: b.joins, Wrap: b.wrap, Down: far,
		Up: far, Feeds: []world.Feed{{Down: story.Near(nil), Up: story.Near(nil)}},
		Receiver: receive.Config{Topics: []receive.Topic{{Name: "orders",
			Partitions: []uint32{3}}}}})
	if b.sleeps {
		w.At(300*story.Milli, func() { sub.Pause(400 * time.Millisecond) })
	}
	story.Every(w, 10*story.Milli, 2*story.Milli, 1000, func(i int) {
		pub.Send(world.Message{Direct: true, Partition: uint32(i % 4), Payload: fmt.Append(nil, i)})
	})
	if err := w.Run(20_000 * story.Milli); err != nil {
		return err
	}
	return c.Finish(2100 * story.Milli)
}

// The Checker knows where a partition begins by what was heard of the session, in whatever
// partition and by whatever feed.
func TestCheckerKnowsWherePartitionsBegin(t *testing.T) {
	late := func(r world.Receiver) world.Receiver { // leaves its first message out
		first := true
		return &brokenReceiver{Receiver: r, event: func(ev reliable.Event) []reliable.Event {
			if ev.Kind == reliable.Message && first {
				first = false
				return nil
			}
			return []reliable.Event{ev}
		}}
	}
	for _, b := range []beginning{
		{joins: 10 * story.Milli},
		{joins: 10 * story.Milli, sleeps: true},
		{joins: 350 * story.Milli},
		{joins: 500 * story.Milli},
		{joins: 900 * story.Milli},
	} {
		if err := b.judge(t); err != nil {
			t.Errorf("%+v: %v", b, err)
		}
		b.wrap = late
		if err := b.judge(t); err == nil || !strings.Contains(err.Error(), "it begins at offset") {
			t.Errorf("%v, sleeps %v, begins late, and the Checker found %v", b.joins, b.sleeps, err)
		}
	}
}
