package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A host that is suspended takes nothing meanwhile: its machine finds that no time has passed, and
// its lease clock that all of it has.
func TestSuspend(t *testing.T) {
	s := story.New(t, 3)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Clock: world.ClockConfig{PPM: 20_000}})
	var got []uint64
	silent := 0
	sub := story.AddSubscriber(t, s.World, world.SubscriberConfig{
		Down: story.Near(nil), Up: story.Near(nil), Clock: world.ClockConfig{PPM: -50_000},
		OnEvent: func(_ reliable.Time, ev *reliable.Event) {
			switch ev.Kind {
			case reliable.Message:
				got = append(got, ev.Offset)
			case reliable.SessionSilent:
				silent++
			}
		},
	})
	story.Every(s.World, 100*story.Milli, 10*story.Milli, 300, func(int) {
		pub.Publish([]byte("tick"))
	})
	s.World.At(1000*story.Milli, func() { sub.Suspend(1500 * time.Millisecond) })
	s.World.At(2400*story.Milli, func() {
		if !sub.Paused() || len(got) > 91 {
			t.Errorf("while its host is suspended it is paused %v, and took %d", sub.Paused(), len(got))
		}
	})
	s.World.At(4000*story.Milli, func() {
		if at := sub.LeaseClock(); at != 4000*story.Milli-200*story.Milli {
			t.Errorf("its lease clock says %v after 4 s, and is 5 %% slow", world.Stamp(at))
		}
		if at := pub.LeaseClock(); at != 4080*story.Milli {
			t.Errorf("the publisher's says %v, and is 2 %% fast", world.Stamp(at))
		}
	})
	s.Judge(3200*story.Milli, 20_000*story.Milli)
	if len(got) != 300 || silent != 0 {
		t.Errorf("it took %d messages, and said %d times that the publisher is silent", len(got),
			silent)
	}
}

func TestClockOutOfRange(t *testing.T) {
	w := world.New(world.Config{})
	if _, err := w.AddSubscriber(world.SubscriberConfig{
		Clock: world.ClockConfig{PPM: 500_001}}); err == nil {
		t.Error("a clock goes half as fast again, and more")
	}
}
