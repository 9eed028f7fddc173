package world_test

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// A subscriber that is stopped for longer than its subscription is remembered by
// others comes back to a large backlog on disk, and gets all of it.
func TestStoppedSubscriberFindsItsBacklog(t *testing.T) {
	s := story.New(t, 43)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{
		Disk: world.DiskConfig{Wait: time.Millisecond},
		Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(500), Disk: 64 << 20},
			Flow:      send.Flow{StallTimeout: time.Minute, Pace: reliable.Named("slow")},
		},
	})
	s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Receiver: receive.Config{Name: "well"}})
	slow := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		SocketQueue: 300, TimersFirst: true, Receiver: receive.Config{Name: "slow"}})
	s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 20_000)
	s.At(1000*story.Milli, func() { slow.Pause(8 * time.Second) })
	s.At(11_000*story.Milli, pub.Close)
	s.Judge(11_000*story.Milli, 40_000*story.Milli)
	s.Wants(slow, "new", "messages 0-19999", "ended")
	if st := pub.Stats(); pub.BlockedFor() > 0 || st.Evicted > 0 || pub.DiskMost() < 10_000 {
		t.Errorf("held for %v, %d on disk, %+v", pub.BlockedFor(), pub.DiskMost(), st)
	}
}

// A request that crossed a repair to the group brings it again where the frame has left the
// resend buffer meanwhile: of what the disk holds nobody remembers what the group got.
func TestARequestIsOvertakenByTheBuffer(t *testing.T) {
	s := story.New(t, 75)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Datagram: 256, Retention: send.Retention{ResendBuffer: 10_000, Disk: 8 << 20},
		Flow: send.Flow{Pace: reliable.Slowest()},
	}})
	up := link.Config{Delay: link.FixedDelay(60 * time.Millisecond)}
	first := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	far := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: up})
	story.Every(s.World, 200*story.Milli, story.Milli/20, 4000,
		func(int) { pub.Publish(make([]byte, 120)) })
	// both miss the same, and one the repair, too
	story.Every(s.World, 200*story.Milli, 3*story.Milli, 100, func(int) {
		s.Down(pub, first).SetLoss(link.Bernoulli{P: 1})
		s.Down(pub, far).SetLoss(link.Bernoulli{P: 1})
		s.At(s.Now().Add(500*time.Microsecond), func() {
			s.Down(pub, first).SetLoss(nil)
			s.Down(pub, far).SetLoss(link.Bernoulli{P: 0.5})
		})
	})
	s.At(1200*story.Milli, func() { s.Down(pub, far).SetLoss(nil) })
	s.Judge(1300*story.Milli, 20_000*story.Milli)
	for _, sub := range []*world.Subscriber{first, far} {
		s.Wants(sub, "new", "messages 0-3999")
	}
}

// One without a row is denied what only the disk holds; a row becomes free and it counts,
// before it hears of that: it lost what is held, and the Checker sees why.
func TestARowBecomesFreeAfterADenial(t *testing.T) {
	s := story.New(t, 76)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Retention: send.Retention{ResendBuffer: story.Ring(50), Disk: 8 << 20}, MaxMembers: 2,
		Flow: send.Flow{Pace: reliable.Slowest()},
	}})
	first := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	// keeps all on disk
	s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Work: 20 * time.Millisecond})
	far := link.Config{Delay: link.FixedDelay(900 * time.Millisecond)}
	second := s.Listen(world.SubscriberConfig{Down: far, Up: story.Near(nil)})
	story.Every(s.World, 500*story.Milli, story.Milli, 400,
		func(int) { pub.Publish(make([]byte, 1300)) })
	s.At(600*story.Milli, func() { s.Down(pub, second).SetLoss(link.Bernoulli{P: 1}) })
	s.At(602*story.Milli, func() { s.Down(pub, second).SetLoss(nil) })
	counts := reliable.Time(0)
	story.Every(s.World, 900*story.Milli, story.Milli, 2000, func(int) {
		if pub.Stats().Responder.Gone > 0 && first.Running() {
			first.Leave()
		}
		from, _, ok := pub.CountedFrom(second.Config().Receiver.ID, 0)
		if ok && counts == 0 && from <= 101 {
			counts = s.Now()
		}
	})
	s.Judge(3000*story.Milli, 30_000*story.Milli)
	s.Wants(second, "new", "messages 0-99", "lost 100-101: no longer held", "messages 102-399")
	if counts == 0 {
		t.Error("it never counted from what it lost on")
	}
}
