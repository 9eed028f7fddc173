package world_test

import (
	"fmt"
	"slices"
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

// Stories of a producer that outruns a consumer, in virtual time.

func TestSlowestHoldsTheProducer(t *testing.T) {
	s := story.New(t, 21)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Retention: send.Retention{ResendBuffer: story.Ring(100)},
		Flow:      send.Flow{Pace: reliable.Slowest()},
	}})
	fast := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	slow := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Work:     time.Millisecond,
		Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
	s.Paced(pub, 0, 100*time.Microsecond, 5000)
	var atEnd reliable.Time
	s.Observe(world.Observer{Accepted: func(*world.Session, uint64, []byte) { atEnd = s.Now() }})
	s.At(6000*story.Milli, pub.Close)
	s.Judge(6000*story.Milli, 20_000*story.Milli)
	for _, sub := range []*world.Subscriber{fast, slow} {
		s.Wants(sub, "new", "messages 0-4999", "ended")
	}
	// 5,000 messages of 1 ms each, less what the buffers hold at the end.
	if atEnd < 4700*story.Milli || atEnd > 5200*story.Milli {
		t.Errorf("the last message was accepted at %v, and the slow one takes 5 s",
			world.Stamp(atEnd))
	}
	st := pub.Stats()
	if by := st.BlockedBy[reliable.BySubscribers]; by.Times == 0 || by.For < 3*time.Second {
		t.Errorf("held by subscribers: %+v", by)
	}
	if held := pub.BlockedFor(); held < 4*time.Second {
		t.Errorf("the producer was held for %v", held)
	}
}

func TestFullWindowDropsTheNewest(t *testing.T) {
	s := story.New(t, 23)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Retention: send.Retention{ResendBuffer: story.Ring(100)},
		Flow:      send.Flow{Pace: reliable.Slowest(), WhenFull: reliable.Drop},
	}})
	fast := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	slow := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
		Work:     time.Millisecond,
		Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
	dropped := s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 5000)
	s.At(4000*story.Milli, pub.Close)
	s.Judge(4000*story.Milli, 20_000*story.Milli)
	st := pub.Stats()
	if *dropped < 2000 || st.Dropped != uint64(*dropped) || st.Accepted != 5000 {
		t.Errorf("%d were dropped: %+v", *dropped, st)
	}
	if pub.BlockedFor() > 0 {
		t.Errorf("the producer was held for %v", pub.BlockedFor())
	}
	for _, sub := range []*world.Subscriber{fast, slow} {
		one := sub.Sessions()[0]
		if one.Delivered+one.Lost != 5000 || one.Lost != st.Dropped {
			t.Errorf("%v: %+v", sub, one)
		}
		for _, cause := range strings.Split(s.Lost(sub), "; ") {
			if !strings.HasSuffix(cause, ": dropped by publisher") {
				t.Errorf("%v lost %s", sub, cause)
			}
		}
	}
}

// A burst that nobody has room for is told of before the session ends.
func TestDroppedTailIsTold(t *testing.T) {
	s := story.New(t, 25)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Write: 100 * time.Microsecond,
		Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(20)},
			Flow:      send.Flow{WhenFull: reliable.Drop},
		}})
	sub := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.05}),
		Up: story.Near(nil)})
	dropped := s.Paced(pub, 100*story.Milli, 0, 50)
	s.At(200*story.Milli, pub.Close)
	s.Judge(200*story.Milli, 10_000*story.Milli)
	if *dropped == 0 || s.Lost(sub) != fmt.Sprintf("%d-49: dropped by publisher", 50-*dropped) {
		t.Errorf("%d were dropped, and lost are %s", *dropped, s.Lost(sub))
	}
}

func TestStoppedSubscriberIsEvicted(t *testing.T) {
	for _, full := range []reliable.WhenFull{reliable.Block, reliable.Drop} {
		s := story.New(t, 27)
		var told []string
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{
			Sender: send.Config{
				Retention: send.Retention{ResendBuffer: story.Ring(200)},
				Flow:      send.Flow{Pace: reliable.Slowest(), WhenFull: full},
			},
			OnMember: func(now reliable.Time, ev *reliable.MemberEvent) {
				told = append(told, fmt.Sprintf("%q %v", ev.Member.Name, ev.To))
			},
		})
		well := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
			Receiver: receive.Config{Name: "well"}})
		stopped := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
			Receiver: receive.Config{Name: "stopped"}})
		dropped := s.Paced(pub, 100*story.Milli, time.Millisecond, 15_000)
		s.At(1000*story.Milli, func() { stopped.Pause(9 * time.Second) })
		s.At(17_000*story.Milli, pub.Close)
		s.Judge(17_000*story.Milli, 30_000*story.Milli)
		if want := []string{`"well" counted`, `"stopped" counted`, `"stopped" evicted`,
			`"stopped" watching`, `"stopped" counted`}; !sameMembers(told[:min(len(told), 5)],
			want) {
			t.Errorf("told %q, want %q", told, want)
		}
		held := pub.BlockedFor()
		if full == reliable.Block && (held < 4900*time.Millisecond ||
			held > 5300*time.Millisecond) {
			t.Errorf("the producer was held for %v", held)
		}
		if full == reliable.Drop && (*dropped < 4700 || *dropped > 5300 ||
			held > 110*time.Millisecond) {
			t.Errorf("%d were dropped, and the producer was held for %v", *dropped, held)
		}
		one := stopped.Sessions()[0]
		if one.Delivered+one.Lost != 15_000 || one.Lost <= uint64(*dropped) {
			t.Errorf("the stopped one: %+v", one)
		}
		if st := well.Sessions()[0]; st.Lost != uint64(*dropped) {
			t.Errorf("the healthy one: %+v", st)
		}
	}
}

// sameMembers compares what was told, whose first two may come in any order.
func sameMembers(got, want []string) bool {
	if len(got) >= 2 {
		slices.Sort(got[:2])
		want = slices.Clone(want)
		slices.Sort(want[:2])
	}
	return slices.Equal(got, want)
}

func TestDiskKeepsABacklog(t *testing.T) {
	s := story.New(t, 29)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{
		Disk: world.DiskConfig{Wait: 3 * time.Millisecond},
		Sender: send.Config{
			Retention: send.Retention{ResendBuffer: story.Ring(200), Disk: 8 << 20},
			Flow:      send.Flow{Pace: reliable.Slowest()},
		},
	})
	fast := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	slow := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.01}),
		Up: story.Near(nil), Work: 2 * time.Millisecond,
		Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
	s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 5000)
	s.At(4000*story.Milli, pub.Close)
	s.Judge(4000*story.Milli, 30_000*story.Milli)
	for _, sub := range []*world.Subscriber{fast, slow} {
		s.Wants(sub, "new", "messages 0-4999", "ended")
	}
	st := pub.Stats()
	if pub.BlockedFor() > 20*time.Millisecond || pub.DiskMost() < 2000 || st.Disk.Errors > 0 ||
		st.Responder.CaughtUp == 0 {
		t.Errorf("held for %v, at most %d frames on disk: %+v",
			pub.BlockedFor(), pub.DiskMost(), st)
	}
}

// A disk that fails is done without: what it holds can still be read, and then
// the window is full as without it.
func TestDiskFails(t *testing.T) {
	for _, c := range []world.DiskConfig{{Wait: time.Millisecond, FailWrites: 5},
		{Wait: time.Millisecond, FailWrites: 1}, {Wait: time.Millisecond, FailReads: 8}} {
		s := story.New(t, 31)
		pub := story.AddPublisher(t, s.World, world.PublisherConfig{
			Disk: c,
			Sender: send.Config{
				Retention: send.Retention{ResendBuffer: story.Ring(200), Disk: 8 << 20},
				Flow:      send.Flow{Pace: reliable.Slowest()},
			},
		})
		slow := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
			Work:     2 * time.Millisecond,
			Receiver: receive.Config{Memory: receive.Memory{Buffer: 64 << 10}}})
		s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 3000)
		s.At(8000*story.Milli, pub.Close)
		s.Judge(8000*story.Milli, 40_000*story.Milli)
		one := slow.Sessions()[0]
		if st := pub.Stats(); st.Disk.Errors == 0 || one.Delivered+one.Lost != 3000 {
			t.Errorf("%+v: %+v, %+v", c, st, one)
		}
		if c.FailWrites > 0 && (one.Lost > 0 || pub.BlockedFor() < time.Second) {
			t.Errorf("%+v: %d lost, held for %v", c, one.Lost, pub.BlockedFor())
		}
		if c.FailReads > 0 && one.Lost == 0 {
			t.Error("what couldn't be read was not lost")
		}
	}
}

func TestQuorumAndNamed(t *testing.T) {
	for text, want := range map[string]bool{"quorum:1": false, "quorum:2": false, "quorum:3": true,
		"named:slow": true, "named:a,b": false, "none": false} {
		var pace reliable.Pace
		err := pace.UnmarshalText([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s := story.New(t, 33)
		pub := story.AddPublisher(t, s.World,
			world.PublisherConfig{Sender: send.Config{
				Retention: send.Retention{ResendBuffer: story.Ring(100)},
				Flow:      send.Flow{Pace: pace}}})
		for _, name := range []string{"a", "b", "slow"} {
			cfg := world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil),
				Receiver: receive.Config{Name: name, Memory: receive.Memory{Buffer: 64 << 10}}}
			if name == "slow" {
				cfg.Work = 2 * time.Millisecond
			}
			s.Listen(cfg)
		}
		s.Paced(pub, 100*story.Milli, time.Millisecond, 2000)
		s.At(5000*story.Milli, pub.Close)
		s.Judge(5000*story.Milli, 30_000*story.Milli)
		if held := pub.BlockedFor() > time.Second; held != want {
			t.Errorf("%s: the producer was held for %v", text, pub.BlockedFor())
		}
		if lost := s.Subscribers()[2].Sessions()[0].Lost; lost > 0 == want {
			t.Errorf("%s: the slow one lost %d", text, lost)
		}
	}
}

func TestRateLimitIsSmooth(t *testing.T) {
	s := story.New(t, 35)
	// 1,000 frames a second
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{Sender: send.Config{Flow: send.Flow{MaxRate: 8 * 1_401_000}}})
	var at []reliable.Time
	bytes := []uint64{0, 0} // that were sent when the first message came, and the last
	story.AddSubscriber(t, s.World, world.SubscriberConfig{Down: story.Near(nil),
		Up: story.Near(nil), OnEvent: func(now reliable.Time, ev *reliable.Event) {
			if ev.Kind == reliable.Message {
				at = append(at, world.VirtualTime(ev.Received))
				bytes[min(len(at)-1, 1)] = pub.Stats().Bytes
			}
		}})
	s.Paced(pub, 100*story.Milli, 0, 2000)
	s.At(3000*story.Milli, pub.Close)
	s.Judge(3000*story.Milli, 8000*story.Milli)
	if len(at) != 2000 {
		t.Fatalf("%d came", len(at))
	}
	// All that is sent counts, also a heartbeat between two frames.
	took := at[1999].Sub(at[0])
	if rate := float64(bytes[1]-bytes[0]) / took.Seconds() / 1_401_000; rate < 0.995 ||
		rate > 1.005 {
		t.Errorf("2,000 frames took %v: %.4f of the rate", took, rate)
	}
	for i := 10; i < len(at); i++ {
		if gap := at[i].Sub(at[i-1]); gap > 3*time.Millisecond {
			t.Fatalf("%v passed before message %d", gap, i)
		}
	}
	if st := pub.Stats(); st.RateLimited.For < took-200*time.Millisecond ||
		st.RateLimited.For > took {
		t.Errorf("%+v", st.RateLimited)
	}
}

func TestWaitForSubscribers(t *testing.T) {
	s := story.New(t, 37)
	pub := story.AddPublisher(t, s.World,
		world.PublisherConfig{Sender: send.Config{Flow: send.Flow{WaitFor: 2}}})
	one := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	two := s.Listen(world.SubscriberConfig{At: 3000 * story.Milli, Down: story.Near(nil),
		Up: story.Near(nil)})
	s.Paced(pub, 0, 0, 10)
	s.Judge(3100*story.Milli, 10_000*story.Milli)
	s.Wants(one, "new", "messages 0-9")
	s.Wants(two, "new", "messages 0-9")
	if held := pub.BlockedFor(); held < 3*time.Second || held > 3200*time.Millisecond {
		t.Errorf("held for %v", held)
	}
}

func TestSlowConsumerDrops(t *testing.T) {
	for _, o := range []reliable.Overload{reliable.OverloadDropOldest,
		reliable.OverloadDropNewest} {
		for _, copies := range []bool{false, true} {
			s := story.New(t, 39)
			pub := story.AddPublisher(t, s.World,
				world.PublisherConfig{Sender: send.Config{Flow: send.Flow{Pace: reliable.Slowest()},
					Retention: send.Retention{ResendBuffer: story.Ring(500)}}})
			sub := s.Listen(world.SubscriberConfig{Down: story.Near(link.Bernoulli{P: 0.02}),
				Up: story.Near(nil), Work: 2 * time.Millisecond, CopyFrames: copies,
				Receiver: receive.Config{Overload: o, Memory: receive.Memory{Buffer: 64 << 10}}})
			s.Paced(pub, 100*story.Milli, 500*time.Microsecond, 3000)
			s.At(2000*story.Milli, pub.Close)
			s.Judge(2000*story.Milli, 20_000*story.Milli)
			st := sub.Sessions()[0]
			if st.Delivered+st.Lost != 3000 || st.Lost < 1500 ||
				pub.BlockedFor() > 110*time.Millisecond {
				t.Errorf("%v: %+v; the producer was held for %v", o, st, pub.BlockedFor())
			}
			for _, cause := range strings.Split(s.Lost(sub), "; ") {
				if !strings.HasSuffix(cause, ": slow consumer") {
					t.Errorf("%v: lost %s", o, cause)
				}
			}
			if last := s.Told[sub][len(s.Told[sub])-2]; o == reliable.OverloadDropOldest &&
				!strings.HasSuffix(last, "-2999") {
				t.Errorf("the last that came: %s", last)
			}
		}
	}
}

// One that leaves lets go at once of what was kept for it.
func TestLeavingHoldsNobody(t *testing.T) {
	s := story.New(t, 41)
	pub := story.AddPublisher(t, s.World, world.PublisherConfig{Sender: send.Config{
		Retention: send.Retention{ResendBuffer: story.Ring(100)},
		Flow:      send.Flow{Pace: reliable.Slowest()},
	}})
	s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	stays := s.Listen(world.SubscriberConfig{Down: story.Near(nil), Up: story.Near(nil)})
	s.Paced(pub, 100*story.Milli, time.Millisecond, 2000)
	s.At(1000*story.Milli, s.Subscribers()[0].Leave)
	s.Judge(1001*story.Milli, 10_000*story.Milli)
	s.Wants(stays, "new", "messages 0-1999")
	if held := pub.BlockedFor(); held > 110*time.Millisecond {
		t.Errorf("the producer was held for %v", held)
	}
}
