package lan_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/link/linktest"
)

func TestWriteStopsWhenTheBufferIsFull(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		sub := t.Sub(2)
		pub := t.Socket(1, multicast.SocketConfig{TTL: 1, WriteBuffer: 3000})
		const size, segment = 1_000_000, 1000
		b, blocked := make([]byte, size), 0
		for len(b) > 0 {
			taken, err := pub.Write(lantest.Group, b, segment)
			if taken%segment != 0 {
				t.Fatalf("%d bytes were taken, not a multiple of %d", taken, segment)
			}
			b = b[taken:]
			if errors.Is(err, multicast.ErrWouldBlock) {
				blocked++
				if err := pub.WaitWrite(); err != nil {
					t.Fatal(err)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			synctest.Wait() // let the subscriber read
		}
		if s := sub.Stats(); s.Received != size/segment || blocked == 0 {
			t.Errorf("%d datagrams were received, and the buffer was full %d times", s.Received,
				blocked)
		}
		if s := pub.Stats(); s.Sent != size/segment || s.SentBytes != size ||
			s.WriteBuffer != 3000 {
			t.Errorf("counted %+v", s)
		}
	})
}

func TestWhatCannotBeSentIsRefusedOrCounted(t *testing.T) {
	lantest.On(t, lan.Config{MTU: 1000}, func(t lantest.Net) {
		pub, sub := t.Pub(1), t.Sub(2)
		for _, segment := range []int{0, -1} {
			_, err := pub.Write(lantest.Group, []byte("hello"), segment)
			linktest.WantError(t, err, fmt.Sprintf("write to 239.77.0.1:7700: a segment has at "+
				"least 1 byte, not %d", segment))
		}
		_, err := sub.Write(lantest.Group, []byte("hello"), 5)
		if wait := sub.WaitWrite(); !errors.Is(err, multicast.ErrReceiveOnly) ||
			!errors.Is(wait, multicast.ErrReceiveOnly) {
			t.Errorf("a group socket sends: %v, %v", err, wait)
		}

		// The kernel's passing refusals: too large, no route. They count as taken.
		if taken, err := pub.Write(lantest.Group, make([]byte, 2000), 973); taken != 2000 ||
			err != nil {
			t.Errorf("%d taken, %v", taken, err)
		}
		t.Send(pub, netip.MustParseAddrPort("192.0.2.1:7"), "far away")
		t.Send(pub, netip.MustParseAddrPort("127.0.0.1:7"), "not here")
		t.Send(pub, netip.MustParseAddrPort("[ff05::1]:7700"), "IPv6")
		t.Send(pub, netip.MustParseAddrPort("239.77.0.1:0"), "no port")
		t.Send(pub, netip.AddrPort{}, "no address")
		if s := pub.Stats(); s.SendErrors != 7 || s.Sent != 1 {
			t.Errorf("counted %+v", s)
		}
		t.Send(pub, netip.MustParseAddrPort("10.77.9.9:7"), "nobody there")
		t.Send(pub, netip.AddrPortFrom(t.Host(2).Addr(), 9), "no such socket")
		t.WantRead("the subscriber", sub, strings.Repeat("\x00", 2000-2*973))
		if s := t.LAN.Stats(); s.Unreachable != 1 {
			t.Errorf("counted %+v", s)
		}

		// Nothing sends nothing, the largest datagram passes, and an IPv4 address
		// may be written as an IPv6 one.
		big := strings.Repeat("b", 1000-28)
		t.Send(pub, lantest.Group, "", big)
		t.Send(pub, netip.MustParseAddrPort("[::ffff:239.77.0.1]:7700"), "mapped")
		t.WantRead("the subscriber", sub, big, "mapped")
	})
}

func TestASlowReaderLosesAndItIsCounted(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub := t.Socket(1, multicast.SocketConfig{TTL: 1, WriteBuffer: 8 << 20})
		open := func(host, buffer int) multicast.Conn {
			c, err := t.Host(host).Group(multicast.GroupConfig{Group: lantest.Group,
				Interface: "eth0", ReadBuffer: buffer})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		small, large := open(2, 5000), open(3, 0)
		if _, err := pub.Write(lantest.Group, make([]byte, 2_000_000), 1000); err != nil {
			t.Fatal(err)
		}
		sent := pub.Stats().Sent
		time.Sleep(time.Second)
		synctest.Wait()
		for _, c := range []struct {
			conn multicast.Conn
			fits uint64
		}{{small, 5}, {large, 1024}} {
			if s := c.conn.Stats(); s.KernelDrops != sent-c.fits {
				t.Errorf("of %d datagrams %d were dropped, though %d fit", sent, s.KernelDrops,
					c.fits)
			}
			got, ps := 0, make([]multicast.Packet, 3)
			for got < int(c.fits) {
				k, err := c.conn.Read(ps)
				if err != nil {
					t.Fatal(err)
				}
				got += k
			}
			if s := c.conn.Stats(); s.Received != c.fits {
				t.Errorf("%d were received, not %d", s.Received, c.fits)
			}
		}
		t.Send(pub, lantest.Group, "room again")
		ps := make([]multicast.Packet, 3)
		if k, err := small.Read(ps); k != 1 || err != nil || string(ps[0].Data) != "room again" {
			t.Errorf("%d packets, %v", k, err)
		}
	})
}

func TestReadReturnsAllThatArrivedAndInvalidatesItNextTime(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		pub := t.Pub(1)
		sub, err := t.Host(2).Group(multicast.GroupConfig{Group: lantest.Group, Interface: "eth0"})
		if err != nil {
			t.Fatal(err)
		}
		t.Send(pub, lantest.Group, "one", "two", "three")
		time.Sleep(time.Second)
		synctest.Wait()
		ps := make([]multicast.Packet, 2)
		if k, err := sub.Read(ps); k != 2 || err != nil || string(ps[0].Data) != "one" ||
			string(ps[1].Data) != "two" {
			t.Fatalf("%d packets, %q, %q, %v", k, ps[0].Data, ps[1].Data, err)
		}
		kept := ps[1].Data
		if k, err := sub.Read(ps); k != 1 || err != nil || string(ps[0].Data) != "three" {
			t.Fatalf("%d packets, %q, %v", k, ps[0].Data, err)
		}
		if string(kept) == "two" {
			t.Errorf("a view that was kept too long still reads %q", kept)
		}
		if _, err := sub.Read(nil); err == nil {
			t.Error("Read takes no room for an answer")
		}
	})
}

func TestCloseEndsReadAndFreesThePort(t *testing.T) {
	lantest.On(t, lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Millisecond)}},
		func(t lantest.Net) {
			sub := t.Sub(2)
			cfg := multicast.SocketConfig{Group: lantest.Group, Interface: "eth0", Port: 7800,
				TTL: 1}
			for range 3 {
				pub := t.Socket(1, cfg)
				if pub.LocalAddr() != netip.MustParseAddrPort("10.77.0.1:7800") {
					t.Fatalf("bound to %v", pub.LocalAddr())
				}
				_, err := t.Host(1).Socket(cfg)
				linktest.WantError(t, err,
					"port 7800 is in use on 10.77.0.1; choose another, or 0 "+
						"for any")

				t.Send(pub, lantest.Group, "bye") // written before Close, so it arrives
				if err := errors.Join(pub.Close(), pub.Close()); err != nil {
					t.Fatal(err)
				}
				t.WantClosed("the publisher", pub)
				if err := pub.WaitWrite(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("WaitWrite: %v", err)
				}
				if _, err := pub.Write(lantest.Group, []byte("x"), 1); !errors.Is(err,
					net.ErrClosed) {
					t.Errorf("Write: %v", err)
				}
				t.WantRead("the subscriber", sub, "bye")
			}
			if kept := t.Host(1).Kept(); kept != 0 {
				t.Errorf("%d closed sockets are kept", kept)
			}
			sub.Close()
			t.WantClosed("the subscriber", sub)
		})
}

func TestSocketConfigsAreCheckedAsTheKernelsAre(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		h := t.Host(1)
		group := func(change func(*multicast.GroupConfig)) error {
			cfg := multicast.GroupConfig{Group: lantest.Group, Interface: "eth0"}
			change(&cfg)
			_, err := h.Group(cfg)
			return err
		}
		socket := func(change func(*multicast.SocketConfig)) error {
			cfg := multicast.SocketConfig{Group: lantest.Group, Interface: "eth0"}
			change(&cfg)
			_, err := h.Socket(cfg)
			return err
		}
		for _, c := range []struct {
			err  error
			says string
		}{
			{group(func(c *multicast.GroupConfig) { c.Interface = "" }),
				`interface "" does not exist on the simulated host; there is eth0 with 10.77.0.1`},
			{group(func(c *multicast.GroupConfig) { c.Interface = "lo" }),
				`interface "lo" does not exist`},
			{group(func(c *multicast.GroupConfig) { c.Group = netip.AddrPort{} }), "group"},
			{group(func(c *multicast.GroupConfig) {
				c.Group = netip.MustParseAddrPort("10.0.0.1:7")
			}),
				"group 10.0.0.1:7 is not a multicast address"},
			{group(func(c *multicast.GroupConfig) {
				c.Group = netip.MustParseAddrPort("[ff05::1]:7")
			}),
				"group [ff05::1]:7 is not IPv4"},
			{group(func(c *multicast.GroupConfig) { c.Source = netip.MustParseAddr("fd00::1") }),
				"source fd00::1 is not an IPv4 address"},
			{group(func(c *multicast.GroupConfig) { c.ReadBuffer = -1 }),
				"read buffer -1 is negative"},
			{socket(func(c *multicast.SocketConfig) { c.Interface = "eth1" }),
				`interface "eth1" does not exist`},
			{socket(func(c *multicast.SocketConfig) { c.TTL = 256 }), "TTL 256 is out of range"},
			{socket(func(c *multicast.SocketConfig) { c.DSCP = -1 }), "DSCP -1 is out of range"},
			{socket(func(c *multicast.SocketConfig) { c.ReadBuffer = -1 }), "read buffer -1"},
			{socket(func(c *multicast.SocketConfig) { c.WriteBuffer = -1 }), "write buffer -1"},
		} {
			var config *multicast.ConfigError
			if linktest.WantError(t, c.err, c.says); !errors.As(c.err, &config) {
				t.Errorf("%v is not a *multicast.ConfigError", c.err)
			}
		}
	})
}

// A story in which everyone waits for someone else ends with an error that says
// so, not in the year 2262.
func TestReadSaysWhenNothingWillEverArrive(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		sub, err := t.Host(2).Group(multicast.GroupConfig{Group: lantest.Group, Interface: "eth0"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = sub.Read(make([]multicast.Packet, 1))
		linktest.WantError(t, err, "read from 239.77.0.1:7700: nothing will ever arrive, since "+
			"all goroutines wait")
	})
}

func TestHostsHaveTimers(t *testing.T) {
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		timer, err := t.Host(1).Timer()
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		timer.Set(time.Hour)
		timer.Set(50 * time.Microsecond)
		if err := timer.Wait(); err != nil || time.Since(start) != 50*time.Microsecond {
			t.Errorf("woken after %v, %v", time.Since(start), err)
		}
		if err := timer.Close(); err != nil {
			t.Fatal(err)
		}
		if err := timer.Wait(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Wait after Close: %v", err)
		}
	})
}
