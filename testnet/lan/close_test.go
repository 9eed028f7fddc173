package lan_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"crier/multicast"
	"crier/testnet/lan"
	"crier/testnet/lan/lantest"
	"crier/testnet/link"
	"crier/testnet/link/linktest"
)

func TestWhatIsOnItsWayIsBounded(t *testing.T) {
	const hosts, datagrams = 60, 1500
	// three arrivals a host
	cfg := lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Minute), Duplicate: 1}}
	lantest.On(t, cfg, func(t lantest.Net) {
		for i := 2; i < 2+hosts; i++ {
			t.Sub(i)
		}
		if _, err := t.Pub(1).Write(lantest.Group, make([]byte, datagrams), 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := t.LAN.Stats().InFlightDrops; got != 3*hosts*datagrams-1<<18 {
			t.Errorf("%d arrivals were dropped, of %d with room for %d", got, 3*hosts*datagrams,
				1<<18)
		}
	})
}

func TestClosingTheLANEndsEverything(t *testing.T) {
	lantest.On(t, lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Minute)}},
		func(t lantest.Net) {
			pub, sub, h := t.Pub(1), t.Sub(2), t.Host(1)
			t.Send(pub, lantest.Group, "never arrives")
			synctest.Wait()
			for range 2 { // closing again does nothing
				if err := t.LAN.Close(); err != nil {
					t.Fatal(err)
				}
			}
			t.WantClosed("the publisher", pub)
			t.WantClosed("the subscriber", sub)
			if _, err := pub.Write(lantest.Group, []byte("x"), 1); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write: %v", err)
			}
			if _, err := h.Socket(multicast.SocketConfig{Group: lantest.Group,
				Interface: "eth0"}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Socket: %v", err)
			}
			if _, err := h.Group(multicast.GroupConfig{Group: lantest.Group,
				Interface: "eth0"}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Group: %v", err)
			}
			if _, err := t.LAN.Host("10.77.0.99"); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Host: %v", err)
			}
			if err := pub.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
}

// The LAN works in real time as well.
func TestALANOutsideOfSynctest(t *testing.T) {
	lan, err := lan.New(lan.Config{Link: link.Config{Delay: link.FixedDelay(time.Millisecond)}})
	if err != nil {
		t.Fatal(err)
	}
	defer lan.Close()
	n := lantest.Net{T: t, LAN: lan}
	c, err := n.Host(2).Group(multicast.GroupConfig{Group: lantest.Group, Interface: "10.77.0.2"})
	if err != nil {
		t.Fatal(err)
	}
	n.Send(n.Pub(1), lantest.Group, "now")
	ps := make([]multicast.Packet, 1)
	if k, err := c.Read(ps); k != 1 || err != nil || string(ps[0].Data) != "now" {
		t.Errorf("read %d packets, %q, %v", k, ps[0].Data, err)
	}
}

func TestConfigRefusesWhatMakesNoSense(t *testing.T) {
	for _, c := range []struct {
		cfg  lan.Config
		says string
	}{
		{lan.Config{Link: link.Config{Loss: link.Bernoulli{P: 2}}}, "Bernoulli.P"},
		{lan.Config{Subnet: netip.MustParsePrefix("fd00::/64")},
			"LANConfig.Subnet fd00::/64 is not an IPv4 network"},
		{lan.Config{Subnet: netip.MustParsePrefix("10.0.0.0/7")}, "at least 8 bits"},
		{lan.Config{Subnet: netip.MustParsePrefix("127.0.0.0/8")}, "Subnet 127.0.0.0/8"},
		{lan.Config{Subnet: netip.MustParsePrefix("239.0.0.0/8")}, "Subnet 239.0.0.0/8"},
		{lan.Config{MTU: 100}, "MTU is from 576 to 65535 bytes, not 100"},
	} {
		_, err := lan.New(c.cfg)
		linktest.WantError(t, err, c.says)
	}
	lantest.On(t, lan.Config{}, func(t lantest.Net) {
		for _, address := range []string{"", "ten", "10.78.0.1", "::ffff:10.77.0.1"} {
			_, err := t.LAN.Host(address)
			linktest.WantError(t, err, fmt.Sprintf("host %q is not an address in the LAN's "+
				"subnet 10.77.0.0/16", address))
		}
		if first, again := t.Host(1), t.Host(1); first != again {
			t.Error("a host was made twice")
		}
	})
}
