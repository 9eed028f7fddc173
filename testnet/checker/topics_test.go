package checker_test

import (
	"bytes"
	"fmt"
	"strings"
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

// topicRun is 2 s of a topic of 16 partitions over two feeds, one of which is dead for a while, and
// 8 s of rest, with something tampered with.
type topicRun struct {
	sender   func(world.Sender) world.Sender
	receiver func(world.Receiver) world.Receiver
	message  func(m *world.Message, i int)
	entry    func(world.Speaker) world.Speaker
}

func (r topicRun) judge(t *testing.T) error {
	t.Helper()
	w := world.New(world.Config{Seed: 5})
	c := checker.New(w)
	near := story.Near(link.Bernoulli{P: 0.05})
	cfg := world.SubscriberConfig{
		Receiver: receive.Config{Topics: []receive.Topic{{Name: "orders"}}}, Down: near, Up: near,
		Feeds: []world.Feed{{Down: near, Up: near}}, Wrap: r.receiver,
	}
	sub := story.AddSubscriber(t, w, cfg)
	cfg.Wrap, cfg.Receiver.Topics = nil, []receive.Topic{{Name: "orders", Partitions: []uint32{3}}}
	story.AddSubscriber(t, w, cfg)
	pub := story.AddPublisher(t, w, world.PublisherConfig{
		Sender: send.Config{Topic: "orders", Layout: topic.Layout{Partitions: 16},
			Flow: send.Flow{Pace: reliable.Slowest()}}, Feeds: 2, Wrap: r.sender})
	for i := range 30 {
		_, err := w.AddEntry(world.EntryConfig{Name: fmt.Sprint("entry", i), Link: story.Near(nil),
			Topic: fmt.Sprint("t", i), Wrap: r.entry})
		if err != nil {
			t.Fatal(err)
		}
	}
	story.Every(w, 10*story.Milli, 2*story.Milli, 1000, func(i int) {
		m := world.Message{Key: fmt.Append(nil, i%50), Payload: fmt.Append(nil, i)}
		if r.message != nil {
			r.message(&m, i)
		}
		if _, err := pub.Send(m); err != nil && err != world.ErrHeld {
			t.Fatal(err)
		}
	})
	feed := w.FeedDown(pub, sub, 1)
	w.At(500*story.Milli, func() { feed.SetDown(true) })
	w.At(12_000*story.Milli, func() { feed.SetDown(false) })
	if err := w.Run(20_000 * story.Milli); err != nil {
		return err
	}
	return c.Finish(2100 * story.Milli)
}

// Each rule about partitions, keys and feeds catches a machine that breaks it.
func TestCheckerCatchesTopics(t *testing.T) {
	if err := (topicRun{}).judge(t); err != nil {
		t.Fatalf("the real machines: %v", err)
	}
	events := func(fn func(ev reliable.Event) []reliable.Event) func(world.Receiver) world.Receiver {
		return func(r world.Receiver) world.Receiver {
			return &brokenReceiver{Receiver: r, event: fn}
		}
	}
	hide := func(kind reliable.EventKind) func(world.Receiver) world.Receiver {
		return events(func(ev reliable.Event) []reliable.Event {
			if ev.Kind == kind {
				return nil
			}
			return []reliable.Event{ev}
		})
	}
	for _, c := range []struct {
		what, want string
		run        topicRun
	}{
		{"loses a key", "other properties", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				if ev.Offset == 20 {
					ev.Properties = nil
				}
				return []reliable.Event{ev}
			})}},
		{"changes a header", "other properties", topicRun{
			message: func(m *world.Message, _ int) {
				m.Headers = []reliable.Header{{Name: "a", Value: []byte("b")}}
			},
			receiver: events(func(ev reliable.Event) []reliable.Event {
				if ev.Offset == 20 {
					ev.Properties = bytes.ReplaceAll(ev.Properties, []byte("b"), []byte("c"))
				}
				return []reliable.Event{ev}
			})}},
		{"spreads a key over partitions", "comes behind message", topicRun{
			message: func(m *world.Message, i int) {
				m.Key, m.Direct, m.Partition = []byte("one"), true, uint32(i%16)
			}}},
		{"delivers a message of another partition", "comes next", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Partition == 4 && ev.Offset == 9 {
					ev.Partition = 5
				}
				return []reliable.Event{ev}
			})}},
		{"reports each partition by itself", "it sends STATUS more often", topicRun{
			receiver: func(r world.Receiver) world.Receiver {
				return &chattyReceiver{Receiver: r, some: func(f *frame.Frame) bool {
					return f.Kind == frame.Status && f.Flags == 0
				}}
			}}},
		{"has twice the heartbeats", "in a second of rest", topicRun{
			sender: func(s world.Sender) world.Sender {
				return &chattySender{Sender: s, kind: frame.Heartbeat}
			}}},
		{"hides that a feed is down", "wasn't told that it is down",
			topicRun{receiver: hide(reliable.FeedDown)}},
		{"makes up a feed's death", "is said to be down, and was quiet", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Partition == 4 && ev.Offset == 9 {
					down := ev
					down.Kind, down.Feed = reliable.FeedDown, 0
					return []reliable.Event{ev, down}
				}
				return []reliable.Event{ev}
			})}},
		{"says of another copy when it came", "is said to have come at", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				if ev.Partition == 4 && ev.Offset == 9 {
					ev.Received = ev.Received.Add(-time.Microsecond)
				}
				return []reliable.Event{ev}
			})}},
		{"hides what was repaired", "recovered false after", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				ev.Recovered, ev.Recovery = false, 0
				return []reliable.Event{ev}
			})}},
		{"makes up silence", "the publisher is said to be silent", topicRun{receiver: events(
			func(ev reliable.Event) []reliable.Event {
				if ev.Kind == reliable.Message && ev.Partition == 4 && ev.Offset == 9 {
					silent := ev
					silent.Kind, silent.Cause = reliable.SessionSilent, reliable.CauseSilent
					return []reliable.Event{ev, silent}
				}
				return []reliable.Event{ev}
			})}},
		{"asks for what came by the other feed", "which it has", topicRun{
			receiver: func(r world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: r, nack: func(f *frame.Frame) bool {
					f.Ranges[0].From -= min(f.Ranges[0].From, 1)
					return true
				}}
			}}},
		{"announces all the time", "announcements were sent in a second", topicRun{
			entry: func(s world.Speaker) world.Speaker { return &chattySpeaker{Speaker: s} }}},
	} {
		err := c.run.judge(t)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			text := fmt.Sprint(err)
			t.Errorf("%s: want %q, and the Checker found %.600s", c.what, c.want, text)
		}
	}
}

// A subscriber of one partition whose pace counts in all of them is caught by name.
func TestCheckerCatchesPaceOfOthers(t *testing.T) {
	w := world.New(world.Config{Seed: 5})
	c := checker.New(w)
	story.AddSubscriber(t, w, world.SubscriberConfig{
		Receiver: receive.Config{Topics: []receive.Topic{{Name: "orders",
			Partitions: []uint32{3}}}},
		Wrap: func(r world.Receiver) world.Receiver { return &claimingReceiver{Receiver: r} },
	})
	pub := story.AddPublisher(t, w, world.PublisherConfig{Sender: send.Config{Topic: "orders",
		Layout: topic.Layout{Partitions: 4}, Flow: send.Flow{Pace: reliable.Slowest()}}})
	story.Every(w, 300*story.Milli, 10*story.Milli, 160, func(i int) {
		pub.Publish(fmt.Append(nil, i))
	})
	if err := w.Run(2000 * story.Milli); err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(story.Milli); err == nil || !strings.Contains(err.Error(),
		"in partition 2, which it doesn't follow") {
		t.Errorf("the Checker found %v", err)
	}
}

// claimingReceiver says in STATUS that it stands in partition 2, too.
type claimingReceiver struct {
	world.Receiver
	dec frame.Decoder
	enc frame.Encoder
}

func (c *claimingReceiver) Next(now reliable.Time) (reliable.Batch, bool) {
	b, ok := c.Receiver.Next(now)
	var f frame.Frame
	if ok && c.dec.Decode(b.Data, &f) == nil && f.Kind == frame.Status {
		f.Properties, f.Positions = nil, append(f.Positions, frame.Progress{Channel: 2})
		b.Data = c.enc.Append(nil, &f)
		b.Segment = len(b.Data)
	}
	return b, ok
}

// chattySpeaker sends each announcement eight times.
type chattySpeaker struct {
	world.Speaker
	again reliable.Batch
	left  int
	real  bool
}

func (c *chattySpeaker) Next(now reliable.Time) (reliable.Batch, bool) {
	if c.real = c.left == 0; !c.real {
		c.left--
		return c.again, true
	}
	b, ok := c.Speaker.Next(now)
	if ok {
		c.again, c.left = b, 7
		c.again.Data = bytes.Clone(b.Data)
	}
	return b, ok
}

func (c *chattySpeaker) Sent(b reliable.Batch) {
	if c.real {
		c.Speaker.Sent(b)
	}
}
