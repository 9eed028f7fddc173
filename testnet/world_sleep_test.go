package testnet

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
)

// A publisher that is suspended while its socket takes a batch and its disk does a job
// finds both done when it goes on, and goes on.
func TestSuspendedWithWriteAndDiskUnderWay(t *testing.T) {
	both := 0
	for i := range reliable.Time(20) {
		s := newStory(t, 59)
		pub := addPublisher(t, s.World, PublisherConfig{
			Write: 20 * time.Microsecond, Disk: DiskConfig{Wait: 3 * time.Millisecond},
			Sender: send.Config{
				ResendBuffer: ring(50), Disk: 8 << 20, Pace: reliable.Slowest(),
			},
		})
		sub := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), Work: 500 * time.Microsecond,
			Receiver: receive.Config{Buffer: 64 << 10}})
		every(s.World, 200*milli, milli/4, 2000, func(int) { pub.Publish(make([]byte, 1300)) })
		s.At(400*milli+i*milli/7, func() { pub.Pause(time.Second) })
		s.At(1399*milli, func() {
			if pub.OversleptBoth() {
				both++
			}
		})
		s.run(1500*milli, 12_000*milli)
		s.wants(sub, "new", "messages 0-1999")
	}
	if both == 0 {
		t.Error("a write and a disk job were never under way at once")
	}
}

// What the socket took of a process's last life ends nothing in its next one.
func TestRestartAmidAWrite(t *testing.T) {
	s := newStory(t, 61)
	pub := addPublisher(t, s.World, PublisherConfig{Write: 10 * time.Millisecond})
	s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	s.At(100*milli, func() { pub.Publish([]byte("before")) })
	s.At(105*milli, pub.Restart)
	s.At(114*milli, func() { // the new life's first words are with the socket since 105 ms
		for _, line := range s.trace {
			if strings.Contains(line, fmt.Sprintf("s=%v", pub.Session().ID)) {
				t.Errorf("the last life's write has ended this one's: %s", line)
			}
		}
	})
	s.run(200*milli, 9000*milli)
}

// A subscriber that sleeps as a session begins finds a HEARTBEAT, the repair of the first
// frame and, later, the frame itself: it counts as recovered, and the Checker believes that.
func TestSleeperFindsARepairBeforeTheFrame(t *testing.T) {
	s := newStory(t, 74)
	other := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	slow := near(nil)
	slow.Unordered = true
	sleeper := s.listen(SubscriberConfig{Down: slow, Up: near(nil), Receiver: receive.Config{Start: reliable.Oldest}})
	s.At(50*milli, func() { sleeper.Pause(400 * time.Millisecond) })
	pub := addPublisher(t, s.World, PublisherConfig{At: 100 * milli})
	s.At(110*milli, func() {
		s.Down(pub, other).SetLoss(link.Bernoulli{P: 1})
		late := slow
		late.Delay = link.FixedDelay(100 * time.Millisecond)
		if err := s.Down(pub, sleeper).Reconfigure(late); err != nil {
			t.Fatal(err)
		}
		pub.Publish([]byte("first"))
	})
	s.At(110*milli+milli/2, func() {
		s.Down(pub, other).SetLoss(nil)
		if err := s.Down(pub, sleeper).Reconfigure(slow); err != nil {
			t.Fatal(err)
		}
	})
	s.run(500*milli, 10_000*milli)
	for _, sub := range []*Subscriber{other, sleeper} {
		s.wants(sub, "new", "messages 0")
		if st := sub.Sessions()[0]; st.Recovered != 1 {
			t.Errorf("%v: %+v", sub, st)
		}
	}
}
