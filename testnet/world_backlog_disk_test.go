package testnet

import (
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/send"
	"crier/testnet/link"
)

// A subscriber that is stopped for longer than its subscription is remembered by
// others comes back to a large backlog on disk, and gets all of it.
func TestStoppedSubscriberFindsItsBacklog(t *testing.T) {
	s := newStory(t, 43)
	pub := addPublisher(t, s.World, PublisherConfig{
		Disk: DiskConfig{Wait: time.Millisecond},
		Sender: send.Config{
			ResendBuffer: ring(500), Disk: 64 << 20, StallTimeout: time.Minute,
			Pace: reliable.Named("slow"),
		},
	})
	s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), Receiver: receive.Config{Name: "well"}})
	slow := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), SocketQueue: 300, TimersFirst: true, Receiver: receive.Config{Name: "slow"}})
	s.paced(pub, 100*milli, 500*time.Microsecond, 20_000)
	s.At(1000*milli, func() { slow.Pause(8 * time.Second) })
	s.At(11_000*milli, pub.Close)
	s.run(11_000*milli, 40_000*milli)
	s.wants(slow, "new", "messages 0-19999", "ended")
	if st := pub.Stats(); pub.HeldFor() > 0 || st.LeftOut > 0 || pub.DiskMost() < 10_000 {
		t.Errorf("held for %v, %d on disk, %+v", pub.HeldFor(), pub.DiskMost(), st)
	}
}

// A request that crossed a repair to the group brings it again where the frame has left the
// resend buffer meanwhile: of what the disk holds nobody remembers what the group got.
func TestARequestIsOvertakenByTheBuffer(t *testing.T) {
	s := newStory(t, 75)
	pub := addPublisher(t, s.World, PublisherConfig{Sender: send.Config{
		Datagram: 256, ResendBuffer: 10_000, Disk: 8 << 20, Pace: reliable.Slowest(),
	}})
	up := link.Config{Delay: link.FixedDelay(60 * time.Millisecond)}
	first := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	far := s.listen(SubscriberConfig{Down: near(nil), Up: up})
	every(s.World, 200*milli, milli/20, 4000, func(int) { pub.Publish(make([]byte, 120)) })
	every(s.World, 200*milli, 3*milli, 100, func(int) { // both miss the same, and one the repair, too
		s.Down(pub, first).SetLoss(link.Bernoulli{P: 1})
		s.Down(pub, far).SetLoss(link.Bernoulli{P: 1})
		s.At(s.Now().Add(500*time.Microsecond), func() {
			s.Down(pub, first).SetLoss(nil)
			s.Down(pub, far).SetLoss(link.Bernoulli{P: 0.5})
		})
	})
	s.At(1200*milli, func() { s.Down(pub, far).SetLoss(nil) })
	s.run(1300*milli, 20_000*milli)
	for _, sub := range []*Subscriber{first, far} {
		s.wants(sub, "new", "messages 0-3999")
	}
}

// One without a row is denied what only the disk holds; a row becomes free and it counts,
// before it hears of that: it lost what is held, and the Checker sees why.
func TestARowBecomesFreeAfterADenial(t *testing.T) {
	s := newStory(t, 76)
	pub := addPublisher(t, s.World, PublisherConfig{Sender: send.Config{
		ResendBuffer: ring(50), Disk: 8 << 20, MaxMembers: 2, Pace: reliable.Slowest(),
	}})
	first := s.listen(SubscriberConfig{Down: near(nil), Up: near(nil)})
	s.listen(SubscriberConfig{Down: near(nil), Up: near(nil), Work: 20 * time.Millisecond}) // keeps all on disk
	far := link.Config{Delay: link.FixedDelay(900 * time.Millisecond)}
	second := s.listen(SubscriberConfig{Down: far, Up: near(nil)})
	every(s.World, 500*milli, milli, 400, func(int) { pub.Publish(make([]byte, 1300)) })
	s.At(600*milli, func() { s.Down(pub, second).SetLoss(link.Bernoulli{P: 1}) })
	s.At(602*milli, func() { s.Down(pub, second).SetLoss(nil) })
	counts := reliable.Time(0)
	every(s.World, 900*milli, milli, 2000, func(int) {
		if pub.Stats().Responder.Gone > 0 && first.Running() {
			first.Leave()
		}
		from, _, ok := pub.CountedFrom(second.Config().Receiver.ID)
		if ok && counts == 0 && from <= 101 {
			counts = s.Now()
		}
	})
	s.run(3000*milli, 30_000*milli)
	s.wants(second, "new", "messages 0-99", "lost 100-101: no longer held", "messages 102-399")
	if counts == 0 {
		t.Error("it never counted from what it lost on")
	}
}
