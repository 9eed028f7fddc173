package world_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

func TestPublishLoseAskRepair(t *testing.T) {
	s := story.New(t, 1)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	story.Every(s.World, 10*story.Milli, 10*story.Milli, 10, func(i int) {
		if i == 5 { // lose the next datagram
			if err := s.Down(pub, sub).SetLoss(lantest.Parsed(t, "drop frame 1")); err != nil {
				t.Fatal(err)
			}
		}
		pub.Publish(fmt.Appendf(nil, "message %d", i))
	})
	s.Judge(0, 10_000*story.Milli)
	s.Wants(sub, "new", "messages 0-9")
	asked, repaired := s.Lines("sub0 > pub0", "NACK"), s.Lines("pub0 > sub0", "REPAIR")
	if len(asked) != 1 || !strings.Contains(asked[0], "missing=5 ") || len(repaired) != 1 {
		t.Errorf("asked:\n%s\nrepaired:\n%s", strings.Join(asked, "\n"),
			strings.Join(repaired, "\n"))
	}
	// The heartbeat 1 ms after the lost message tells of it; the request and the
	// repair take 1 ms each.
	if want := "0.062000000 "; !strings.HasPrefix(asked[0], want) {
		t.Errorf("asked at %s, want %s", asked[0], want)
	}
	if st := sub.Sessions()[0]; st.Recovered != 1 || st.Nacks != 1 {
		t.Errorf("%+v", st)
	}
}

func TestProducerCrashesInMidBurst(t *testing.T) {
	s := story.New(t, 3)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Write: 100 * time.Microsecond})
	clean := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	lossy := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.3}),
		Up: story.Near(nil)})
	story.Every(s.World, 0, 50*story.Milli/1000, 4000,
		func(i int) { pub.Publish(make([]byte, 1300)) })
	s.At(100*story.Milli, pub.Crash)
	s.Judge(100*story.Milli, 8000*story.Milli)

	// The socket was slower than the producer: some of what was accepted never went
	// out, and nobody can know of it.
	truth := pub.Session()
	if truth.SentOffset() >= truth.NextOffset() {
		t.Fatalf("all of %d messages were sent", truth.NextOffset())
	}
	s.Wants(clean, "new", fmt.Sprintf("messages 0-%d", truth.SentOffset()-1), "silent")
	st := lossy.Sessions()[0]
	if st.End != reliable.EndSilent || st.Lost == 0 ||
		st.Delivered+st.Lost != st.NextOffset-st.FirstOffset {
		t.Errorf("%+v", st)
	}
	if last := s.Told[lossy]; last[len(last)-1] != "silent" {
		t.Errorf("told last: %s", last[len(last)-1])
	}
}

func TestRestartIsANewSession(t *testing.T) {
	s := story.New(t, 5)
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{Sender: send.Config{FirstOffset: 100}})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	story.Every(s.World, 0, 10*story.Milli, 10, func(int) { pub.Publish([]byte("before")) })
	s.At(101*story.Milli, pub.Restart)
	story.Every(s.World, 200*story.Milli, 10*story.Milli, 5,
		func(int) { pub.Publish([]byte("after")) })
	s.At(1000*story.Milli, pub.Close)
	s.Judge(1000*story.Milli, 8000*story.Milli)
	s.Wants(sub, "new", "messages 100-109", "new", "messages 100-104", "ended", "silent")
	ends := []reliable.End{}
	for _, st := range sub.Sessions() {
		ends = append(ends, st.End)
	}
	if !slices.Equal(ends, []reliable.End{reliable.EndSilent, reliable.EndBye}) {
		t.Errorf("the sessions end as %v", ends)
	}
}

func TestSuspendedPublisherResumes(t *testing.T) {
	s := story.New(t, 7)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	held := 0
	story.Every(s.World, 0, 10*story.Milli, 600, func(int) {
		if _, err := pub.Publish([]byte("tick")); errors.Is(err, world.ErrHeld) {
			held++
		}
	})
	s.At(1001*story.Milli, func() { pub.Pause(4 * time.Second) })
	s.Judge(5001*story.Milli, 12_000*story.Milli)
	s.Wants(sub, "new", "messages 0-100", "silent", "resumed", "messages 101-599")
	if held != 400 {
		t.Errorf("the producer was held for %d messages, want 400", held)
	}
}

func TestSuspendedSubscriberBlamesNobody(t *testing.T) {
	for _, timersFirst := range []bool{false, true} {
		s := story.New(t, 9)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
		sub := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.2}),
			Up: story.Near(nil), TimersFirst: timersFirst})
		story.Every(s.World, 0, 10*story.Milli, 600, func(int) { pub.Publish([]byte("tick")) })
		s.At(1001*story.Milli, func() { sub.Pause(4 * time.Second) })
		s.Judge(5001*story.Milli, 12_000*story.Milli)
		s.Wants(sub, "new", "messages 0-599")
	}
}

func TestResendBufferTooSmall(t *testing.T) {
	s := story.New(t, 11)
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{
			Sender: send.Config{Retention: send.Retention{ResendBuffer: 16 << 10}}})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.2}),
		Up: story.Near(nil)})
	story.Every(s.World, 0, story.Milli/20, 5000, func(int) { pub.Publish(make([]byte, 1300)) })
	s.At(1000*story.Milli, pub.Close)
	s.Judge(1000*story.Milli, 8000*story.Milli)
	st := sub.Sessions()[0]
	if st.Delivered+st.Lost != 5000 || st.Lost == 0 || st.Recovered == 0 ||
		st.End != reliable.EndBye {
		t.Errorf("%+v", st)
	}
	for _, line := range s.Told[sub] {
		if strings.HasPrefix(line, "lost") && !strings.HasSuffix(line, "no longer held") {
			t.Error(line)
		}
	}
}

func TestLateJoin(t *testing.T) {
	s := story.New(t, 13)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		FirstOffset: 1000, Retention: send.Retention{ResendBuffer: 40 << 10}, // some 29 frames
	}})
	latest := s.Listen(world.SubscriberConfig{At: 505 * story.Milli, Down: story.Near(nil),
		Up: story.Near(nil)})
	oldest := s.Listen(world.SubscriberConfig{At: 505 * story.Milli, Down: story.Near(nil),
		Up:       story.Near(nil),
		Receiver: receive.Config{Start: reliable.Oldest}})
	story.Every(s.World, 0, 10*story.Milli, 50, func(int) { pub.Publish(make([]byte, 1300)) })
	story.Every(s.World, 1000*story.Milli, 10*story.Milli, 50,
		func(int) { pub.Publish([]byte("tick")) })
	s.At(1600*story.Milli, pub.Close)
	s.Judge(1600*story.Milli, 8000*story.Milli)
	s.Wants(latest, "new", "messages 1050-1099", "ended")
	first := oldest.Sessions()[0].FirstOffset
	s.Wants(oldest, "new", fmt.Sprintf("messages %d-1099", first), "ended")
	if first < 1020 || first > 1024 {
		t.Errorf("oldest begins at %d, and the resend buffer held some 29 of 1050", first)
	}
}

func TestManyPublishers(t *testing.T) {
	s := story.New(t, 15)
	sub := story.AddSubscriber(t, s.World,
		world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.1}),
			Up: story.Near(link.Bernoulli{P: 0.1})})
	for i := range 20 {
		pub := story.AddPublisher(t, s.World,
			world.PublisherConfig{Sender: send.Config{FirstOffset: uint64(i) << 58}})
		story.Every(s.World, reliable.Time(i)*story.Milli, 3*story.Milli, 200,
			func(n int) { pub.Publish(fmt.Appendf(nil, "%v %d", pub, n)) })
		s.At(1000*story.Milli, pub.Close)
	}
	s.Judge(1000*story.Milli, 9000*story.Milli)
	list := sub.Sessions()
	if len(list) != 20 {
		t.Fatalf("%d sessions", len(list))
	}
	for _, st := range list {
		if st.Delivered != 200 || st.Lost != 0 || st.End != reliable.EndBye {
			t.Errorf("%+v", st)
		}
	}
}

func TestPartitionHeals(t *testing.T) {
	s := story.New(t, 17)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{})
	short := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	long := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	story.Every(s.World, 0, 10*story.Milli, 600, func(int) { pub.Publish([]byte("tick")) })
	s.At(1001*story.Milli, func() { s.Partition(pub, short); s.Partition(pub, long) })
	s.At(2001*story.Milli, func() { s.Heal(pub, short) })
	s.At(5001*story.Milli, func() { s.Heal(pub, long) })
	s.Judge(5001*story.Milli, 12_000*story.Milli)
	s.Wants(short, "new", "messages 0-599")
	s.Wants(long, "new", "messages 0-100", "silent", "resumed", "messages 101-599")
}
