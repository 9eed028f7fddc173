package publisher_test

import (
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"crier/multicast"
	"crier/publisher"
	"crier/testnet/rig"
)

var unicast = netip.MustParseAddrPort("192.0.2.1:7700")

// The defaults are those that the fields' comments, and the help of crier pub, tell.
func TestDefaults(t *testing.T) {
	want := publisher.Config{
		Retention: publisher.Retention{ResendBuffer: 64 << 20},
		Flow:      publisher.Flow{StallTimeout: 5 * time.Second},
		Repair: publisher.Repair{
			Share: 0.5, Floor: 128 * publisher.Mbit, Linger: time.Second,
		},
		Teams: publisher.Teams{
			Lease: 2 * time.Second, WorkTime: 30 * time.Second, Attempts: 5,
		},
	}
	if got := publisher.Defaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v instead of %+v", got, want)
	}
}

// Each error of configuration is one sentence, and leaves no socket open.
func TestConfigErrors(t *testing.T) {
	for _, c := range []struct {
		cfg publisher.Config
		mtu int
		// fail is the number of the opening that fails.
		fail int
		want string
	}{
		{cfg: publisher.Config{Name: strings.Repeat("x", 256)},
			want: "Name: the publisher's name has 256 bytes, and may have 255"},
		{cfg: publisher.Config{FirstOffset: 1<<63 + 1},
			want: "FirstOffset: sequence numbers and offsets start at 2^63 at most, so that they " +
				"never wrap"},
		{cfg: publisher.Config{Retention: publisher.Retention{ResendBuffer: -1}},
			want: "Retention.ResendBuffer: a resend buffer of -1 bytes is too small: 8 " +
				"frames of 1401 bytes need 11208"},
		{cfg: publisher.Config{Retention: publisher.Retention{ResendBuffer: 10000}},
			want: "Retention.ResendBuffer: a resend buffer of 10000 bytes is too small: 8 " +
				"frames of 1401 bytes need 11208"},
		{cfg: publisher.Config{BatchWait: -time.Second},
			want: "BatchWait: a batch wait of -1s is negative"},
		{cfg: publisher.Config{Repair: publisher.Repair{Share: -1}},
			want: "Repair.Share: a repair share of -1 is outside 0 to 10"},
		{cfg: publisher.Config{Repair: publisher.Repair{Share: 11}},
			want: "Repair.Share: a repair share of 11 is outside 0 to 10"},
		{cfg: publisher.Config{Repair: publisher.Repair{Share: math.NaN()}},
			want: "Repair.Share: a repair share of NaN is outside 0 to 10"},
		{cfg: publisher.Config{Repair: publisher.Repair{Floor: 9e3 * publisher.Gbit}},
			want: "Repair.Floor: a rate of 9Tbit is more than 8Tbit"},
		{cfg: publisher.Config{Datagram: 100},
			want: "Datagram: 100 bytes are outside 256 to 65507"},
		{cfg: publisher.Config{Datagram: -1},
			want: "Datagram: -1 bytes are outside 256 to 65507"},
		{cfg: publisher.Config{Datagram: 65508}, mtu: 65536,
			want: "Datagram: 65508 bytes are outside 256 to 65507"},
		{cfg: publisher.Config{Datagram: 1473, Interface: "eth7"}, mtu: 1500,
			want: "Datagram: datagrams of 1473 bytes don't fit the MTU of interface eth7, 1500, " +
				"and are never fragmented; use at most 1472"},
		{cfg: publisher.Config{Interface: "eth7"}, mtu: 200,
			want: "Datagram: the MTU of interface eth7, 200 bytes, leaves 172 for a datagram, " +
				"which has at least 256; choose another interface"},
		{fail: 1, want: rig.ErrOpen.Error()},
		{fail: 2, want: rig.ErrOpen.Error()},
		{cfg: publisher.Config{
			Link: publisher.Link{Network: multicast.Kernel}, Interface: "nosuch0",
		}, want: "interface nosuch0 does not exist; there are "},
		{cfg: publisher.Config{Link: publisher.Link{Network: multicast.Kernel}, Group: unicast},
			want: "group 192.0.2.1:7700 is not a multicast address; choose one in " +
				"239.0.0.0/8 (IPv4) or ff00::/8 (IPv6)"},
		{cfg: publisher.Config{Link: publisher.Link{Network: multicast.Kernel, TTL: 256}},
			want: "TTL 256 is out of range; use 0 to 255"},
		{cfg: publisher.Config{Link: publisher.Link{Network: multicast.Kernel, TTL: -1}},
			want: "TTL -1 is out of range; use 0 to 255"},
		{cfg: publisher.Config{Link: publisher.Link{Network: multicast.Kernel, DSCP: 64}},
			want: "DSCP 64 is out of range; use 0 to 63"},
		{cfg: publisher.Config{Link: publisher.Link{Network: multicast.Kernel, ReadBuffer: -1}},
			want: "read buffer -1 is out of range; use 1 to 536870912 bytes, or 0 for " +
				"8388608"},
	} {
		n := rig.NewNetwork(rig.All)
		n.MTU, n.Fail = c.mtu, c.fail
		if c.cfg.Link.Network == nil {
			c.cfg.Link.Network = n
		}
		c.cfg.Logger = rig.Quiet
		_, err := publisher.New(c.cfg)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("New(%+v):\n got %v\nwant %s", c.cfg, err, c.want)
		}
		if opened, closed := n.Opened.Load(), n.Closed.Load(); opened != closed {
			t.Errorf("%v: %d sockets and timers were opened, %d closed", err, opened, closed)
		}
	}
}

func TestDatagramFitsTheInterface(t *testing.T) {
	for _, c := range []struct {
		group string
		mtu   int
		want  int
	}{
		{"239.1.1.1:1", 0, 1472},
		{"239.1.1.1:1", 1500, 1472},
		{"239.1.1.1:1", 65536, 1472},
		{"239.1.1.1:1", 1400, 1372},
		{"[::ffff:239.1.1.1]:1", 1500, 1472}, // the same group, mapped to IPv6
		{"[ff05::1]:1", 0, 1452},
		{"[ff05::1]:1", 1500, 1452},
		{"[ff05::1]:1", 1400, 1352},
	} {
		n := rig.NewNetwork(rig.All)
		n.MTU = c.mtu
		p := n.Publisher(t, publisher.Config{
			Group:     netip.MustParseAddrPort(c.group),
			Retention: publisher.Retention{ResendBuffer: small},
		})
		if p.Datagram() != c.want {
			t.Errorf("to %s over an MTU of %d: %d bytes, want %d",
				c.group, c.mtu, p.Datagram(), c.want)
		}
		abandon(t, p)
	}
}

// A resend buffer larger than any machine's memory is an error, and doesn't end the process.
func TestHugeResendBuffer(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("an int of this machine is too small")
	}
	_, err := publisher.New(publisher.Config{
		Retention: publisher.Retention{ResendBuffer: math.MaxInt},
		Link:      publisher.Link{Network: rig.NewNetwork(rig.All)}, Logger: rig.Quiet,
	})
	want := "Retention.ResendBuffer: a resend buffer of 9223372036854775807 bytes is more than " +
		"this machine can have; use at most 1099511627776"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
