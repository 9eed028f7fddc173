package subscriber_test

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/multicast"
	"crier/subscriber"
	"crier/testnet/rig"
)

func groups(list ...string) (g []netip.AddrPort) {
	for _, s := range list {
		g = append(g, netip.MustParseAddrPort(s))
	}
	return g
}

// Each error of configuration is one sentence, and comes before any socket is opened.
func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		cfg  subscriber.Config
		want string
	}{
		{subscriber.Config{Groups: groups("239.1.1.1:1", "[ff05::1]:1")},
			"the Groups 239.1.1.1:1 and [ff05::1]:1 are of different address families; use one " +
				"subscriber for each"},
		{subscriber.Config{Groups: groups("239.1.1.1:1", "239.1.1.1:2", "239.1.1.1:1")},
			"the group 239.1.1.1:1 is in Groups twice; give it once"},
		{subscriber.Config{Groups: groups("239.1.1.1:1", "[::ffff:239.1.1.1]:1")},
			"the group 239.1.1.1:1 is in Groups twice; give it once"},
		{subscriber.Config{Groups: groups("192.0.2.1:7700")},
			"group 192.0.2.1:7700 is not a multicast address; choose one in " +
				"239.0.0.0/8 (IPv4) or ff00::/8 (IPv6)"},
		{subscriber.Config{Groups: groups("239.1.1.1:0")},
			"group 239.1.1.1:0 has port 0; choose a port from 1 to 65535"},
		{subscriber.Config{Groups: make([]netip.AddrPort, 1)},
			"group (none) is missing; give an address and a port, like 239.77.0.1:7700"},
		{subscriber.Config{Name: strings.Repeat("x", 256)},
			"Name: the subscriber's name has 256 bytes, and may have 255"},
		{subscriber.Config{Recovery: subscriber.Recovery{MaxWait: -time.Second}},
			"Recovery.MaxWait: a max wait of -1s is negative"},
		{subscriber.Config{Recovery: subscriber.Recovery{Silence: -time.Second}},
			"Recovery.Silence: a silence time of -1s is negative"},
		{subscriber.Config{Memory: subscriber.Memory{Buffer: 1000}},
			"Memory.Buffer: a buffer of 1000 bytes is smaller than 64 KiB"},
		{subscriber.Config{Memory: subscriber.Memory{Buffer: -1}},
			"Memory.Buffer: a buffer of -1 bytes is smaller than 64 KiB"},
		{subscriber.Config{Memory: subscriber.Memory{Buffer: 128 << 10, Total: 64 << 10}},
			"Memory.Total: a memory bound of 65536 bytes is smaller than the buffer of one " +
				"session, 131072"},
		{subscriber.Config{Memory: subscriber.Memory{Buffer: math.MaxInt}},
			"Memory.Total: a memory bound of "},
		{subscriber.Config{Memory: subscriber.Memory{MaxSessions: -1}},
			"Memory.MaxSessions: a table of -1 sessions is too small"},
		{subscriber.Config{Overload: 4},
			"Overload: what to do on overload, 4, is not known"},
		{
			subscriber.Config{Overload: subscriber.OverloadDropOldest,
				Order: subscriber.OnArrival},
			"Overload: drop-oldest needs the order in-order: ",
		},
		{subscriber.Config{Order: 2}, "Order: the order 2 is not known"},
	} {
		n := rig.NewNetwork(rig.All)
		c.cfg.Link.Network, c.cfg.Logger = n, rig.Quiet
		_, err := subscriber.New(c.cfg)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("New(%+v):\n got %v\nwant %s", c.cfg, err, c.want)
		}
		if opened := n.Opened.Load(); opened > 0 {
			t.Errorf("%v: %d sockets were opened", err, opened)
		}
	}
}

// Errors of the machine's own network are passed on unchanged.
func TestKernelRefuses(t *testing.T) {
	for _, c := range []struct {
		cfg  subscriber.Config
		want string
	}{
		{subscriber.Config{Interface: "nosuch0"},
			"interface nosuch0 does not exist; there are "},
		{subscriber.Config{Interface: "192.0.2.1"},
			"interface 192.0.2.1 is not an address of this machine; its " +
				"interfaces are "},
		{subscriber.Config{Source: netip.MustParseAddr("2001:db8::1")},
			"source 2001:db8::1 is not of the family of group 239.77.0.1:7700"},
		{subscriber.Config{Link: subscriber.Link{ReadBuffer: -1}},
			"read buffer -1 is out of range"},
	} {
		c.cfg.Logger = rig.Quiet
		_, err := subscriber.New(c.cfg)
		var bad *multicast.ConfigError
		if err == nil || !strings.HasPrefix(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") || !errors.As(err, &bad) {
			t.Errorf("New(%+v):\n got %v\nwant %s", c.cfg, err, c.want)
		}
	}
}

// If an opening fails, New closes everything opened before.
func TestNewClosesAfterFailure(t *testing.T) {
	const all = 4 // two groups, a socket and a timer
	for fail := 1; fail <= all; fail++ {
		n := rig.NewNetwork(rig.All)
		n.Fail = fail
		_, err := subscriber.New(subscriber.Config{
			Groups: twoGroups, Link: subscriber.Link{Network: n}, Logger: rig.Quiet,
		})
		if !errors.Is(err, rig.ErrOpen) {
			t.Errorf("opening %d fails: New returned %v", fail, err)
		}
		opened, closed := int(n.Opened.Load()), int(n.Closed.Load())
		if opened != fail-1 || closed != opened {
			t.Errorf("opening %d fails: %d were opened, %d closed", fail, opened, closed)
		}
	}
	n := rig.NewNetwork(rig.All)
	sub := n.Subscriber(t, subscriber.Config{Groups: twoGroups})
	closeAll(t, sub)
	if opened, closed := n.Opened.Load(), n.Closed.Load(); opened != all || closed != all {
		t.Errorf("%d sockets and timers were opened, %d closed", opened, closed)
	}
}
