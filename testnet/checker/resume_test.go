package checker_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// resumed plays a publisher with a small buffer that goes on with its stream when it is killed, a
// recorder, and a consumer that saves its positions, is killed now and then, and misses the end of
// the first session; wrap tampers with the consumer's machine.
func resumed(t *testing.T, start reliable.Start, wrap func(world.Receiver) world.Receiver) (
	*world.Subscriber, error) {
	t.Helper()
	s := story.New(t, 4)
	lossy := story.Near(link.Bernoulli{P: 0.02})
	if _, err := s.AddRecorder(world.RecorderConfig{
		Subscriber: world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)},
	}); err != nil {
		t.Fatal(err)
	}
	cfg := world.SubscriberConfig{Down: lossy, Up: lossy, Wrap: wrap, Receiver: receive.Config{
		Start: start, Logs: receive.Logs{Ask: true}}}
	if start == reliable.Resume {
		cfg.SaveAfter = 50 * time.Millisecond
	} else {
		cfg.At = 1500 * story.Milli
	}
	sub := s.Listen(cfg)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{
		Sender:   send.Config{Name: "feed", Retention: send.Retention{ResendBuffer: story.Ring(50)}},
		Continue: reliable.ContinueAlways,
	})
	story.Every(s.World, 100*story.Milli, 2*story.Milli, 3000,
		func(int) { pub.Publish(make([]byte, 200)) })
	if start == reliable.Resume {
		for _, at := range []reliable.Time{500, 900, 1300, 3500} {
			s.At(at*story.Milli, sub.Crash)
			s.At((at+250)*story.Milli, sub.Restart)
		}
	}
	s.At(2000*story.Milli, pub.Crash)
	s.At(2100*story.Milli, pub.Restart)
	if err := s.Run(20_000 * story.Milli); err != nil {
		return sub, err
	}
	return sub, s.Checker.Finish(6500 * story.Milli)
}

func TestAConsumerGoesOnWhereItWas(t *testing.T) {
	for _, start := range []reliable.Start{reliable.Resume, reliable.Oldest,
		reliable.AtOffset(300), reliable.AtTime(time.Unix(0, world.WallStart+1e9))} {
		sub, err := resumed(t, start, nil)
		if err != nil {
			t.Errorf("%v: %v", start, err)
		}
		next := uint64(0)
		for _, st := range sub.Sessions() {
			next = max(next, st.NextOffset)
		}
		if next < 1500 {
			t.Errorf("%v: it came to offset %d", start, next)
		}
	}
}

// Each way in which a consumer may break its promise is seen.
func TestABrokenConsumerIsCaught(t *testing.T) {
	without := func(hides func(lives int, ev *reliable.Event) bool) func(
		world.Receiver) world.Receiver {
		lives := 0
		return func(m world.Receiver) world.Receiver {
			lives++
			life := lives
			return &brokenReceiver{Receiver: m, event: func(ev reliable.Event) []reliable.Event {
				if hides(life, &ev) {
					return nil
				}
				return []reliable.Event{ev}
			}}
		}
	}
	skipped := 0
	for _, c := range []struct {
		name, want string
		start      reliable.Start
		wrap       func(world.Receiver) world.Receiver
	}{
		{"it skips what it was not told", "the position that was saved for it", reliable.Resume,
			without(func(life int, ev *reliable.Event) bool {
				if life == 2 && ev.Kind == reliable.Message {
					skipped++
				}
				return life == 2 && ev.Kind == reliable.Message && skipped < 200
			})},
		{"it begins later than at an offset", "and was to begin at 300", reliable.AtOffset(300),
			without(func(_ int, ev *reliable.Event) bool {
				return ev.Kind == reliable.Message && ev.Offset < 310
			})},
		{"it begins later than at a time", "of 2026-01-01 00:00:01 +0000 UTC or later",
			reliable.AtTime(time.Unix(0, world.WallStart+1e9)),
			without(func(_ int, ev *reliable.Event) bool {
				return ev.Kind == reliable.Message && ev.Offset < 460
			})},
		{"it asks the publisher for what only the recorder has", "doesn't hold by its own word",
			reliable.Oldest, func(m world.Receiver) world.Receiver {
				return &brokenReceiver{Receiver: m,
					nack: func(*frame.Frame) bool { return true },
					to:   func() netip.AddrPort { return netip.MustParseAddrPort("10.1.0.0:5000") }}
			}},
		{"a gap at the seam", "comes next", reliable.Oldest,
			without(func(_ int, ev *reliable.Event) bool {
				return ev.Kind == reliable.Message && ev.Offset == 650
			})},
	} {
		if _, err := resumed(t, c.start, c.wrap); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// forked plays a publisher that goes on from where its recorder was cut off, and a witness of what
// came after that; change tampers with the events of the witness.
func forked(t *testing.T, change func(ev reliable.Event) []reliable.Event) (told int, err error) {
	t.Helper()
	s := story.New(t, 2)
	rec, err := s.AddRecorder(world.RecorderConfig{
		Subscriber: world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)},
	})
	if err != nil {
		t.Fatal(err)
	}
	sub := story.AddSubscriber(t, s.World, world.SubscriberConfig{
		Down: story.Near(nil), Up: story.Near(nil),
		Wrap: func(m world.Receiver) world.Receiver {
			return &brokenReceiver{Receiver: m, event: func(ev reliable.Event) []reliable.Event {
				if change == nil {
					return []reliable.Event{ev}
				}
				return change(ev)
			}}
		},
		OnEvent: func(_ reliable.Time, ev *reliable.Event) {
			if ev.Kind == reliable.StreamForked {
				told++
			}
		},
	})
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{
		Sender: send.Config{Name: "feed"}, Continue: reliable.ContinueAlways})
	story.Every(s.World, 100*story.Milli, 2*story.Milli, 4000,
		func(int) { pub.Publish(make([]byte, 200)) })
	s.At(1000*story.Milli, func() { s.Partition(pub, rec.Subscriber) })
	s.At(1500*story.Milli, pub.Crash)
	s.At(1500*story.Milli, func() { s.Partition(pub, sub) }) // it can't tell how far it heard
	s.At(2000*story.Milli, func() { s.Heal(pub, rec.Subscriber) })
	s.At(2100*story.Milli, pub.Restart)
	s.At(6000*story.Milli, func() { s.Heal(pub, sub) })
	if err := s.Run(25_000 * story.Milli); err != nil {
		return told, err
	}
	return told, s.Checker.Finish(9000 * story.Milli)
}

func TestAForkIsTold(t *testing.T) {
	if told, err := forked(t, nil); err != nil || told != 1 {
		t.Errorf("it was told of %d forks: %v", told, err)
	}
	for _, c := range []struct {
		want   string
		change func(ev reliable.Event) []reliable.Event
	}{
		{"that wasn't told", func(ev reliable.Event) []reliable.Event {
			if ev.Kind == reliable.StreamForked {
				return nil
			}
			return []reliable.Event{ev}
		}},
		{"are said to have been used before", func(ev reliable.Event) []reliable.Event {
			if ev.Kind == reliable.StreamForked {
				ev.Lost = nack.Range{From: ev.Lost.From - 1, To: ev.Lost.To}
			}
			return []reliable.Event{ev}
		}},
	} {
		if _, err := forked(t, c.change); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
