package lan_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
)

func TestAGroupReachesAllThatJoined(t *testing.T) {
	lantest.On(t, lan.Config{Link: link.Config{Delay: link.FixedDelay(3 * time.Millisecond)}},
		func(t lantest.Net) {
			pub := t.Pub(1)
			subs := []*lantest.Socket{t.Sub(2), t.Sub(3), t.Sub(4)}
			elsewhere := t.Group(5,
				multicast.GroupConfig{Group: netip.MustParseAddrPort("239.77.0.2:7700")})
			port := t.Group(6,
				multicast.GroupConfig{Group: netip.MustParseAddrPort("239.77.0.1:7701")})

			sent := time.Now()
			if taken, err := pub.Write(lantest.Group, []byte("onetwosix!"), 3); taken != 10 ||
				err != nil {
				t.Fatalf("%d bytes taken, %v", taken, err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for i, s := range subs {
				want := []lantest.Received{}
				for _, text := range []string{"one", "two", "six", "!"} {
					want = append(want, lantest.Received{
						Text: text, From: pub.LocalAddr(),
						At: sent.Add(3 * time.Millisecond).UnixNano(),
					})
				}
				if got := s.Take(); !slices.Equal(got, want) {
					t.Errorf("subscriber %d read %v, not %v", i, got, want)
				}
			}
			t.WantRead("another group", elsewhere)
			t.WantRead("another port", port)
			if s := pub.Stats(); s.Sent != 4 || s.SentBytes != 10 || s.SendErrors != 0 {
				t.Errorf("the publisher counted %+v", s)
			}
			if s := subs[0].Stats(); s.Received != 4 || s.KernelDrops != 0 || s.MTU != 1500 {
				t.Errorf("a subscriber counted %+v", s)
			}
			if s := t.Link(1, 5).Stats(); s.Sent != 0 {
				t.Errorf("the link to a host that did not join carried %d datagrams", s.Sent)
			}
		})
}

func TestLossByScriptIsOneLinksOwn(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub := t.Pub(1)
		clean, lossy := t.Sub(2), t.Sub(3)
		if err := t.Link(1, 3).SetLoss(lantest.Parsed(t, "drop 2-3")); err != nil {
			t.Fatal(err)
		}
		t.Send(pub, lantest.Group, "a", "b", "c", "d")
		t.WantRead("the clean one", clean, "a", "b", "c", "d")
		t.WantRead("the lossy one", lossy, "a", "d")
		if s := t.Link(1, 3).Stats(); s.Sent != 4 || s.Lost != 2 || s.Delivered != 2 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestAPartitionIsOneWayAndHeals(t *testing.T) {
	lantest.On(t, lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Millisecond)}},
		func(t lantest.Net) {
			pub, sub := t.Pub(1), t.Sub(2)
			back := t.Pub(2)
			t.Send(pub, lantest.Group, "on its way")
			synctest.Wait() // until it has met the link
			t.Link(1, 2).SetDown(true)
			t.Send(pub, lantest.Group, "cut off")
			t.Send(back, pub.LocalAddr(), "the other way")
			t.WantRead("the subscriber", sub, "on its way")
			t.WantRead("the publisher", pub, "the other way")
			t.Link(1, 2).SetDown(false)
			t.Send(pub, lantest.Group, "healed")
			t.WantRead("the subscriber", sub, "healed")
			if s := t.Link(1, 2).Stats(); s.Partitioned != 1 {
				t.Errorf("counted %+v", s)
			}
		})
}

func TestUnicastGoesToOneSocketThroughItsOwnLink(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub, other, sub := t.Pub(1), t.Pub(1), t.Sub(2)
		bystander := t.Sub(1)
		reply := t.Pub(2)
		if pub.LocalAddr() == other.LocalAddr() {
			t.Fatal("two sockets have one address")
		}
		if err := t.Link(2, 1).SetDelay(link.FixedDelay(40 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		t.Send(pub, lantest.Group, "hello")
		time.Sleep(time.Second)
		synctest.Wait()
		heard := sub.Take()
		if len(heard) != 1 {
			t.Fatalf("heard %v", heard)
		}
		asked := time.Now()
		t.Send(reply, heard[0].From, "again, please")
		time.Sleep(time.Second)
		synctest.Wait()
		want := lantest.Received{
			Text: "again, please", From: reply.LocalAddr(),
			At: asked.Add(40 * time.Millisecond).UnixNano(),
		}
		if got := pub.Take(); len(got) != 1 || got[0] != want {
			t.Errorf("the publisher read %v, not %v", got, want)
		}
		t.WantRead("the other socket of that host", other)
		t.WantRead("the group socket of that host", bystander, "hello")
		if s := t.Link(2, 1).Stats(); s.Sent != 1 {
			t.Errorf("the link back carried %d datagrams", s.Sent)
		}
		// To the group's port of a host: a group socket takes no unicast.
		t.Send(pub, netip.AddrPortFrom(t.Host(2).Addr(), lantest.Group.Port()), "misdirected")
		t.WantRead("a group socket", sub)
	})
}

func TestAllSocketsOfAHostGetTheGroupAndShareItsLosses(t *testing.T) {
	lantest.On(t, lan.Config{Seed: 3}, func(t lantest.Net) {
		pub, first := t.Pub(1), t.Sub(2)
		t.Send(pub, lantest.Group, "before")
		t.WantRead("the first", first, "before")
		second := t.Sub(2)
		if err := t.Link(1, 2).SetLoss(link.Bernoulli{P: 0.5}); err != nil {
			t.Fatal(err)
		}
		t.Send(pub, lantest.Group, lantest.Numbered("x", 100)...)
		time.Sleep(time.Second)
		synctest.Wait()
		a, b := first.Take(), second.Take()
		if !slices.Equal(a, b) || len(a) < 25 || len(a) > 75 {
			t.Errorf("one socket read %d datagrams and the other %d, of 100 on one link that "+
				"loses half", len(a), len(b))
		}
		first.Close()
		if err := t.Link(1, 2).SetLoss(nil); err != nil {
			t.Fatal(err)
		}
		t.Send(pub, lantest.Group, "after")
		t.WantRead("the one that is left", second, "after")
	})
}

func TestSourceSpecificGroupsHearOneSender(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		one, two := t.Pub(1), t.Pub(2)
		picky := t.Group(3, multicast.GroupConfig{Group: lantest.Group, Source: t.Host(2).Addr()})
		open := t.Sub(3)
		t.Send(one, lantest.Group, "from 1")
		t.WantRead("any source", open, "from 1")
		t.Send(two, lantest.Group, "from 2")
		t.WantRead("any source", open, "from 2")
		t.WantRead("one source", picky, "from 2")
		open.Close()
		t.Send(one, lantest.Group, "nobody asks for this")
		t.WantRead("one source", picky)
		if s := t.Link(1, 3).Stats(); s.Sent != 1 {
			t.Errorf("the link carried %d datagrams, also one that nobody on the host joined",
				s.Sent)
		}
	})
}

func TestOwnDatagramsComeBackUnlessToldOtherwise(t *testing.T) {
	// The link of a host to itself is perfect, whatever the others are.
	lantest.On(t, lan.Config{Link: link.Config{Loss: link.Bernoulli{P: 1}}}, func(t lantest.Net) {
		own, far := t.Sub(1), t.Sub(2)
		t.Send(t.Pub(1), lantest.Group, "lost outside")
		t.WantRead("the own host", own, "lost outside")
		t.WantRead("another host", far)
		if err := t.Link(1, 2).SetLoss(nil); err != nil {
			t.Fatal(err)
		}
		t.Send(t.Socket(1, multicast.SocketConfig{TTL: 1, NoLoopback: true}), lantest.Group,
			"not for me")
		t.WantRead("the own host", own)
		t.WantRead("another host", far, "not for me")
		t.Send(t.Socket(1, multicast.SocketConfig{TTL: 0}), lantest.Group, "for this host")
		t.WantRead("the own host", own, "for this host")
		t.WantRead("another host", far)
	})
}

func TestLinksDelayDuplicateDamageAndQueue(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub, sub := t.Pub(1), t.Sub(2)
		configure := func(cfg link.Config) {
			t.Helper()
			if err := t.Link(1, 2).Reconfigure(cfg); err != nil {
				t.Fatal(err)
			}
		}
		configure(link.Config{Duplicate: 1, DuplicateDelay: 10 * time.Millisecond})
		t.Send(pub, lantest.Group, "echo")
		t.WantRead("duplicated", sub, "echo", "echo", "echo")

		configure(link.Config{Corrupt: 1})
		text := strings.Repeat("x", 100)
		t.Send(pub, lantest.Group, text)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := sub.Take(); len(got) != 1 || len(got[0].Text) != 100 || got[0].Text == text {
			t.Errorf("not damaged: %v", got)
		}

		// 1,000 bytes at 8 Mbit/s take 1 ms, and three fit the queue.
		configure(link.Config{Rate: 8_000_000, Queue: 3000})
		start := time.Now().UnixNano()
		if _, err := pub.Write(lantest.Group, make([]byte, 5000), 1000); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got := sub.Take()
		for i, p := range got {
			if p.At != start+int64(i+1)*int64(time.Millisecond) {
				t.Errorf("datagram %d arrives after %v", i+1, time.Duration(p.At-start))
			}
		}
		if s := t.Link(1, 2).Stats(); len(got) != 3 || s.QueueDrops != 2 {
			t.Errorf("%d datagrams arrived; counted %+v", len(got), s)
		}

		configure(link.Config{Reorder: 1, ReorderDelay: 5 * time.Millisecond})
		t.Send(pub, lantest.Group, "late")
		synctest.Wait() // until it has met the link
		configure(link.Config{})
		t.Send(pub, lantest.Group, "early")
		t.WantRead("reordered", sub, "early", "late")
	})
}

// What each host reads repeats for a seed, at every link's own.
func TestARunRepeatsForItsSeed(t *testing.T) {
	run := func(seed uint64) (heard [3]string) {
		cfg := lan.Config{Seed: seed, Link: link.Config{
			Loss: link.Bernoulli{P: 0.2}, Delay: link.UniformDelay{Max: 5 * time.Millisecond},
			Unordered: true,
			Duplicate: 0.1, DuplicateDelay: time.Millisecond, Corrupt: 0.1,
		}}
		lantest.On(t, cfg, func(t lantest.Net) {
			pub := t.Pub(9)
			subs := []*lantest.Socket{t.Sub(1), t.Sub(2), t.Sub(3)}
			for i := range 200 {
				t.Send(pub, lantest.Group, fmt.Sprint("datagram ", i))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for i, s := range subs {
				for _, p := range s.Take() {
					heard[i] += fmt.Sprintf("%d %q\n", p.At, p.Text)
				}
			}
		})
		return heard
	}
	first := run(1)
	if again := run(1); again != first {
		t.Error("the same seed gave another run")
	}
	if other := run(2); other == first {
		t.Error("another seed gave the same run")
	}
	if first[0] == first[1] || first[1] == first[2] {
		t.Error("two links gave the same outcomes")
	}
}

func TestManyAtOnce(t *testing.T) {
	lantest.On(t, lan.Config{Link: link.Config{Loss: link.Bernoulli{P: 0.01},
		Delay: link.UniformDelay{Max: time.Millisecond}}}, func(t lantest.Net) {
		var all sync.WaitGroup
		var subs []*lantest.Socket
		for i := 1; i <= 4; i++ {
			subs = append(subs, t.Sub(i))
		}
		const publishers, datagrams = 4, 200
		for i := 1; i <= publishers; i++ {
			pub := t.Pub(i)
			all.Go(func() {
				for range datagrams {
					t.Send(pub, lantest.Group, "x")
					t.Link(i, i%publishers+1).Stats()
					time.Sleep(10 * time.Microsecond)
				}
			})
		}
		all.Go(func() {
			for range 100 {
				t.Link(1, 2).SetDown(true)
				time.Sleep(15 * time.Microsecond)
				t.Link(1, 2).SetDown(false)
			}
		})
		all.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		for i, s := range subs {
			var want uint64
			for from := 1; from <= publishers; from++ {
				want += t.Link(from, i+1).Stats().Delivered
			}
			if got := uint64(len(s.Take())); got != want {
				t.Errorf("subscriber %d read %d datagrams; its links delivered %d", i+1, got, want)
			}
		}
	})
}
