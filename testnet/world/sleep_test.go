package world_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A publisher that is suspended while its socket takes a batch and its disk does a job
// finds both done when it goes on, and goes on.
func TestSuspendedWithWriteAndDiskUnderWay(t *testing.T) {
	both := 0
	for i := range reliable.Time(20) {
		s := story.New(t, 59)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{
			Write: 20 * time.Microsecond, Disk: world.DiskConfig{Wait: 3 * time.Millisecond},
			Sender: send.Config{
				Retention: send.Retention{ResendBuffer: story.Ring(50), Disk: 8 << 20},
				Flow:      send.Flow{Pace: reliable.Slowest()},
			},
		})
		sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
			Work:     500 * time.Microsecond,
			Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
		story.Every(s.World, 200*story.Milli, story.Milli/4, 2000,
			func(int) { pub.Publish(make([]byte, 1300)) })
		s.At(400*story.Milli+i*story.Milli/7, func() { pub.Pause(time.Second) })
		s.At(1399*story.Milli, func() {
			if pub.OversleptBoth() {
				both++
			}
		})
		s.Judge(1500*story.Milli, 12_000*story.Milli)
		s.Wants(sub, "new", "messages 0-1999")
	}
	if both == 0 {
		t.Error("a write and a disk job were never under way at once")
	}
}

// What the socket took of a process's last life ends nothing in its next one.
func TestRestartAmidAWrite(t *testing.T) {
	s := story.New(t, 61)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Write: 10 * time.Millisecond})
	s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	s.At(100*story.Milli, func() { pub.Publish([]byte("before")) })
	s.At(105*story.Milli, pub.Restart)
	s.At(114*story.Milli, func() { // the new life's first words are with the socket since 105 ms
		for _, line := range s.Traced {
			if strings.Contains(line, fmt.Sprintf("s=%v", pub.Session().ID)) {
				t.Errorf("the last life's write has ended this one's: %s", line)
			}
		}
	})
	s.Judge(200*story.Milli, 9000*story.Milli)
}

// A subscriber that sleeps as a session begins finds a HEARTBEAT, the repair of the first
// frame and, later, the frame itself: it counts as recovered, and the Checker believes that.
func TestSleeperFindsARepairBeforeTheFrame(t *testing.T) {
	s := story.New(t, 74)
	other := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	slow := story.Near(nil)
	slow.Unordered = true
	sleeper := s.Listen(world.SubscriberConfig{Down: slow, Up: story.Near(nil),
		Receiver: receive.Config{Start: reliable.Oldest}})
	s.At(50*story.Milli, func() { sleeper.Pause(400 * time.Millisecond) })
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{At: 100 * story.Milli})
	s.At(110*story.Milli, func() {
		s.Down(pub, other).SetLoss(link.Bernoulli{P: 1})
		late := slow
		late.Delay = link.FixedDelay(100 * time.Millisecond)
		if err := s.Down(pub, sleeper).Reconfigure(late); err != nil {
			t.Fatal(err)
		}
		pub.Publish([]byte("first"))
	})
	s.At(110*story.Milli+story.Milli/2, func() {
		s.Down(pub, other).SetLoss(nil)
		if err := s.Down(pub, sleeper).Reconfigure(slow); err != nil {
			t.Fatal(err)
		}
	})
	s.Judge(500*story.Milli, 10_000*story.Milli)
	for _, sub := range []*world.Subscriber{other, sleeper} {
		s.Wants(sub, "new", "messages 0")
		if st := sub.Sessions()[0]; st.Recovered != 1 {
			t.Errorf("%v: %+v", sub, st)
		}
	}
}
