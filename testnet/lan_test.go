package testnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
)

func TestAGroupReachesAllThatJoined(t *testing.T) {
	onLAN(t, LANConfig{Link: LinkConfig{Delay: FixedDelay(3 * time.Millisecond)}}, func(t net77) {
		pub := t.pub(1)
		subs := []*testSocket{t.sub(2), t.sub(3), t.sub(4)}
		elsewhere := t.group(5, multicast.GroupConfig{Group: netip.MustParseAddrPort("239.77.0.2:7700")})
		port := t.group(6, multicast.GroupConfig{Group: netip.MustParseAddrPort("239.77.0.1:7701")})

		sent := time.Now()
		if taken, err := pub.Write(testGroup, []byte("onetwosix!"), 3); taken != 10 || err != nil {
			t.Fatalf("%d bytes taken, %v", taken, err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for i, s := range subs {
			want := []received{}
			for _, text := range []string{"one", "two", "six", "!"} {
				want = append(want, received{text, pub.LocalAddr(), sent.Add(3 * time.Millisecond).UnixNano()})
			}
			if got := s.take(); !slices.Equal(got, want) {
				t.Errorf("subscriber %d read %v, not %v", i, got, want)
			}
		}
		t.wantRead("another group", elsewhere)
		t.wantRead("another port", port)
		if s := pub.Stats(); s.Sent != 4 || s.SentBytes != 10 || s.SendErrors != 0 {
			t.Errorf("the publisher counted %+v", s)
		}
		if s := subs[0].Stats(); s.Received != 4 || s.KernelDrops != 0 || s.MTU != 1500 {
			t.Errorf("a subscriber counted %+v", s)
		}
		if s := t.link(1, 5).Stats(); s.Sent != 0 {
			t.Errorf("the link to a host that did not join carried %d datagrams", s.Sent)
		}
	})
}

func TestLossByScriptIsOneLinksOwn(t *testing.T) {
	onLAN(t, LANConfig{}, func(t net77) {
		pub := t.pub(1)
		clean, lossy := t.sub(2), t.sub(3)
		if err := t.link(1, 3).SetLoss(mustScript(t, "drop 2-3")); err != nil {
			t.Fatal(err)
		}
		t.send(pub, testGroup, "a", "b", "c", "d")
		t.wantRead("the clean one", clean, "a", "b", "c", "d")
		t.wantRead("the lossy one", lossy, "a", "d")
		if s := t.link(1, 3).Stats(); s.Sent != 4 || s.Lost != 2 || s.Delivered != 2 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestAPartitionIsOneWayAndHeals(t *testing.T) {
	onLAN(t, LANConfig{Link: LinkConfig{Delay: FixedDelay(time.Millisecond)}}, func(t net77) {
		pub, sub := t.pub(1), t.sub(2)
		back := t.pub(2)
		t.send(pub, testGroup, "on its way")
		synctest.Wait() // until it has met the link
		t.link(1, 2).SetDown(true)
		t.send(pub, testGroup, "cut off")
		t.send(back, pub.LocalAddr(), "the other way")
		t.wantRead("the subscriber", sub, "on its way")
		t.wantRead("the publisher", pub, "the other way")
		t.link(1, 2).SetDown(false)
		t.send(pub, testGroup, "healed")
		t.wantRead("the subscriber", sub, "healed")
		if s := t.link(1, 2).Stats(); s.Partitioned != 1 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestUnicastGoesToOneSocketThroughItsOwnLink(t *testing.T) {
	onLAN(t, LANConfig{}, func(t net77) {
		pub, other, sub := t.pub(1), t.pub(1), t.sub(2)
		bystander := t.sub(1)
		reply := t.pub(2)
		if pub.LocalAddr() == other.LocalAddr() {
			t.Fatal("two sockets have one address")
		}
		if err := t.link(2, 1).SetDelay(FixedDelay(40 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		t.send(pub, testGroup, "hello")
		time.Sleep(time.Second)
		synctest.Wait()
		heard := sub.take()
		if len(heard) != 1 {
			t.Fatalf("heard %v", heard)
		}
		asked := time.Now()
		t.send(reply, heard[0].from, "again, please")
		time.Sleep(time.Second)
		synctest.Wait()
		want := received{"again, please", reply.LocalAddr(), asked.Add(40 * time.Millisecond).UnixNano()}
		if got := pub.take(); len(got) != 1 || got[0] != want {
			t.Errorf("the publisher read %v, not %v", got, want)
		}
		t.wantRead("the other socket of that host", other)
		t.wantRead("the group socket of that host", bystander, "hello")
		if s := t.link(2, 1).Stats(); s.Sent != 1 {
			t.Errorf("the link back carried %d datagrams", s.Sent)
		}
		// To the group's port of a host: a group socket takes no unicast.
		t.send(pub, netip.AddrPortFrom(t.host(2).Addr(), testGroup.Port()), "misdirected")
		t.wantRead("a group socket", sub)
	})
}

func TestAllSocketsOfAHostGetTheGroupAndShareItsLosses(t *testing.T) {
	onLAN(t, LANConfig{Seed: 3}, func(t net77) {
		pub, first := t.pub(1), t.sub(2)
		t.send(pub, testGroup, "before")
		t.wantRead("the first", first, "before")
		second := t.sub(2)
		if err := t.link(1, 2).SetLoss(Bernoulli{0.5}); err != nil {
			t.Fatal(err)
		}
		t.send(pub, testGroup, numbered("x", 100)...)
		time.Sleep(time.Second)
		synctest.Wait()
		a, b := first.take(), second.take()
		if !slices.Equal(a, b) || len(a) < 25 || len(a) > 75 {
			t.Errorf("one socket read %d datagrams and the other %d, of 100 on one link that loses half", len(a), len(b))
		}
		first.Close()
		if err := t.link(1, 2).SetLoss(nil); err != nil {
			t.Fatal(err)
		}
		t.send(pub, testGroup, "after")
		t.wantRead("the one that is left", second, "after")
	})
}

func TestSourceSpecificGroupsHearOneSender(t *testing.T) {
	onLAN(t, LANConfig{}, func(t net77) {
		one, two := t.pub(1), t.pub(2)
		picky := t.group(3, multicast.GroupConfig{Group: testGroup, Source: t.host(2).Addr()})
		open := t.sub(3)
		t.send(one, testGroup, "from 1")
		t.wantRead("any source", open, "from 1")
		t.send(two, testGroup, "from 2")
		t.wantRead("any source", open, "from 2")
		t.wantRead("one source", picky, "from 2")
		open.Close()
		t.send(one, testGroup, "nobody asks for this")
		t.wantRead("one source", picky)
		if s := t.link(1, 3).Stats(); s.Sent != 1 {
			t.Errorf("the link carried %d datagrams, also one that nobody on the host joined", s.Sent)
		}
	})
}

func TestOwnDatagramsComeBackUnlessToldOtherwise(t *testing.T) {
	// The link of a host to itself is perfect, whatever the others are.
	onLAN(t, LANConfig{Link: LinkConfig{Loss: Bernoulli{1}}}, func(t net77) {
		own, far := t.sub(1), t.sub(2)
		t.send(t.pub(1), testGroup, "lost outside")
		t.wantRead("the own host", own, "lost outside")
		t.wantRead("another host", far)
		if err := t.link(1, 2).SetLoss(nil); err != nil {
			t.Fatal(err)
		}
		t.send(t.socket(1, multicast.SocketConfig{TTL: 1, NoLoopback: true}), testGroup, "not for me")
		t.wantRead("the own host", own)
		t.wantRead("another host", far, "not for me")
		t.send(t.socket(1, multicast.SocketConfig{TTL: 0}), testGroup, "for this host")
		t.wantRead("the own host", own, "for this host")
		t.wantRead("another host", far)
	})
}

func TestLinksDelayDuplicateDamageAndQueue(t *testing.T) {
	onLAN(t, LANConfig{}, func(t net77) {
		pub, sub := t.pub(1), t.sub(2)
		configure := func(cfg LinkConfig) {
			t.Helper()
			if err := t.link(1, 2).Reconfigure(cfg); err != nil {
				t.Fatal(err)
			}
		}
		configure(LinkConfig{Duplicate: 1, DuplicateDelay: 10 * time.Millisecond})
		t.send(pub, testGroup, "echo")
		t.wantRead("duplicated", sub, "echo", "echo", "echo")

		configure(LinkConfig{Corrupt: 1})
		text := strings.Repeat("x", 100)
		t.send(pub, testGroup, text)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := sub.take(); len(got) != 1 || len(got[0].text) != 100 || got[0].text == text {
			t.Errorf("not damaged: %v", got)
		}

		// 1,000 bytes at 8 Mbit/s take 1 ms, and three fit the queue.
		configure(LinkConfig{Rate: 8_000_000, Queue: 3000})
		start := time.Now().UnixNano()
		if _, err := pub.Write(testGroup, make([]byte, 5000), 1000); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got := sub.take()
		for i, p := range got {
			if p.at != start+int64(i+1)*ms {
				t.Errorf("datagram %d arrives after %v", i+1, time.Duration(p.at-start))
			}
		}
		if s := t.link(1, 2).Stats(); len(got) != 3 || s.QueueDrops != 2 {
			t.Errorf("%d datagrams arrived; counted %+v", len(got), s)
		}

		configure(LinkConfig{Reorder: 1, ReorderDelay: 5 * time.Millisecond})
		t.send(pub, testGroup, "late")
		synctest.Wait() // until it has met the link
		configure(LinkConfig{})
		t.send(pub, testGroup, "early")
		t.wantRead("reordered", sub, "early", "late")
	})
}

// What each host reads repeats for a seed, at every link's own.
func TestARunRepeatsForItsSeed(t *testing.T) {
	run := func(seed uint64) (heard [3]string) {
		cfg := LANConfig{Seed: seed, Link: LinkConfig{
			Loss: Bernoulli{0.2}, Delay: UniformDelay{Max: 5 * time.Millisecond}, Unordered: true,
			Duplicate: 0.1, DuplicateDelay: time.Millisecond, Corrupt: 0.1,
		}}
		onLAN(t, cfg, func(t net77) {
			pub := t.pub(9)
			subs := []*testSocket{t.sub(1), t.sub(2), t.sub(3)}
			for i := range 200 {
				t.send(pub, testGroup, fmt.Sprint("datagram ", i))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for i, s := range subs {
				for _, p := range s.take() {
					heard[i] += fmt.Sprintf("%d %q\n", p.at, p.text)
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
	onLAN(t, LANConfig{Link: LinkConfig{Loss: Bernoulli{0.01}, Delay: UniformDelay{Max: time.Millisecond}}}, func(t net77) {
		var all sync.WaitGroup
		var subs []*testSocket
		for i := 1; i <= 4; i++ {
			subs = append(subs, t.sub(i))
		}
		const publishers, datagrams = 4, 200
		for i := 1; i <= publishers; i++ {
			pub := t.pub(i)
			all.Go(func() {
				for range datagrams {
					t.send(pub, testGroup, "x")
					t.link(i, i%publishers+1).Stats()
					time.Sleep(10 * time.Microsecond)
				}
			})
		}
		all.Go(func() {
			for range 100 {
				t.link(1, 2).SetDown(true)
				time.Sleep(15 * time.Microsecond)
				t.link(1, 2).SetDown(false)
			}
		})
		all.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		for i, s := range subs {
			var want uint64
			for from := 1; from <= publishers; from++ {
				want += t.link(from, i+1).Stats().Delivered
			}
			if got := uint64(len(s.take())); got != want {
				t.Errorf("subscriber %d read %d datagrams; its links delivered %d", i+1, got, want)
			}
		}
	})
}

func TestWhatIsOnItsWayIsBounded(t *testing.T) {
	const hosts, datagrams = 60, 1500
	cfg := LANConfig{Link: LinkConfig{Delay: FixedDelay(time.Minute), Duplicate: 1}} // three arrivals a host
	onLAN(t, cfg, func(t net77) {
		for i := 2; i < 2+hosts; i++ {
			t.sub(i)
		}
		if _, err := t.pub(1).Write(testGroup, make([]byte, datagrams), 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := t.lan.Stats().InFlightDrops; got != 3*hosts*datagrams-maxInFlight {
			t.Errorf("%d arrivals were dropped, of %d with room for %d", got, 3*hosts*datagrams, maxInFlight)
		}
	})
}

func TestClosingTheLANEndsEverything(t *testing.T) {
	onLAN(t, LANConfig{Link: LinkConfig{Delay: FixedDelay(time.Minute)}}, func(t net77) {
		pub, sub, h := t.pub(1), t.sub(2), t.host(1)
		t.send(pub, testGroup, "never arrives")
		synctest.Wait()
		for range 2 { // closing again does nothing
			if err := t.lan.Close(); err != nil {
				t.Fatal(err)
			}
		}
		t.wantClosed("the publisher", pub)
		t.wantClosed("the subscriber", sub)
		if _, err := pub.Write(testGroup, []byte("x"), 1); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if _, err := h.Socket(multicast.SocketConfig{Group: testGroup, Interface: "eth0"}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Socket: %v", err)
		}
		if _, err := h.Group(multicast.GroupConfig{Group: testGroup, Interface: "eth0"}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Group: %v", err)
		}
		if _, err := t.lan.Host("10.77.0.99"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Host: %v", err)
		}
		if err := pub.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// The LAN works in real time as well.
func TestALANOutsideOfSynctest(t *testing.T) {
	lan, err := NewLAN(LANConfig{Link: LinkConfig{Delay: FixedDelay(time.Millisecond)}})
	if err != nil {
		t.Fatal(err)
	}
	defer lan.Close()
	n := net77{t, lan}
	c, err := n.host(2).Group(multicast.GroupConfig{Group: testGroup, Interface: "10.77.0.2"})
	if err != nil {
		t.Fatal(err)
	}
	n.send(n.pub(1), testGroup, "now")
	ps := make([]multicast.Packet, 1)
	if k, err := c.Read(ps); k != 1 || err != nil || string(ps[0].Data) != "now" {
		t.Errorf("read %d packets, %q, %v", k, ps[0].Data, err)
	}
}

func TestLANConfigRefusesWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		cfg  LANConfig
		says string
	}{
		{LANConfig{Link: LinkConfig{Loss: Bernoulli{2}}}, "Bernoulli.P"},
		{LANConfig{Subnet: netip.MustParsePrefix("fd00::/64")}, "LANConfig.Subnet fd00::/64 is not an IPv4 network"},
		{LANConfig{Subnet: netip.MustParsePrefix("10.0.0.0/7")}, "at least 8 bits"},
		{LANConfig{Subnet: netip.MustParsePrefix("127.0.0.0/8")}, "Subnet 127.0.0.0/8"},
		{LANConfig{Subnet: netip.MustParsePrefix("239.0.0.0/8")}, "Subnet 239.0.0.0/8"},
		{LANConfig{MTU: 100}, "MTU is from 576 to 65535 bytes, not 100"},
	} {
		_, err := NewLAN(c.cfg)
		wantError(t, err, c.says)
	}
	onLAN(t, LANConfig{}, func(t net77) {
		for _, address := range []string{"", "ten", "10.78.0.1", "::ffff:10.77.0.1"} {
			_, err := t.lan.Host(address)
			wantError(t, err, fmt.Sprintf("host %q is not an address in the LAN's subnet 10.77.0.0/16", address))
		}
		if first, again := t.host(1), t.host(1); first != again {
			t.Error("a host was made twice")
		}
	})
}
