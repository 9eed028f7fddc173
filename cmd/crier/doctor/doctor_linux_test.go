package doctor

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
	"crier/reliable/frame"
	"crier/testnet/rig/netns"
)

// examine runs crier doctor, and returns what it printed.
func examine(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out, errs strings.Builder
	tool := cli.Tool{Commands: []*cli.Command{Command()}}
	code := tool.Run(t.Context(), append([]string{"doctor"}, args...),
		cli.Streams{Out: &out, Err: &errs})
	if errs.Len() > 0 {
		t.Errorf("crier doctor %s: %s", args, errs.String())
	}
	return out.String(), code
}

// found runs crier doctor, and returns its report by the names of checks.
func found(t *testing.T, args ...string) map[string]check.Check {
	t.Helper()
	out, code := examine(t, append(args, "--json")...)
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if (code == cli.ExitError) != (r.Problems > 0) {
		t.Errorf("%q: exit code %d with %d problems", args, code, r.Problems)
	}
	byName := make(map[string]check.Check)
	for _, c := range r.Checks {
		byName[c.Name] = c
	}
	return byName
}

// A fault is made for real, and the check that finds it is wanted to say parts of why.
type fault struct {
	name       string
	make, mend []string // commands
	setup      func(t *testing.T) (undo func())
	args       []string
	check      string
	state      check.State
	says       string
}

// listener makes a socket on a port of all addresses.
func listener(share bool) func(t *testing.T) func() {
	return func(t *testing.T) func() {
		config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) {
				if share {
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
				}
			})
		}}
		c, err := config.ListenPacket(context.Background(), "udp4", "0.0.0.0:7700")
		if err != nil {
			t.Fatal(err)
		}
		return func() { c.Close() }
	}
}

// sender sends to a group by a0.
func sender(group, payload string) func(t *testing.T) func() {
	return func(t *testing.T) func() { return send(t, group, payload) }
}

func send(t *testing.T, group, payload string) func() {
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(10, 1, 0, 1)},
		net.UDPAddrFromAddrPort(netip.MustParseAddrPort(group)))
	if err != nil {
		t.Fatal(err)
	}
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			c.Write([]byte(payload)) // what is refused now is sent later
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		c.Close()
	}
}

// query has a querier at a0 ask once.
func query(t *testing.T) func() {
	c, err := net.DialIP("ip4:2", &net.IPAddr{IP: net.IPv4(10, 1, 0, 1)},
		&net.IPAddr{IP: net.IPv4(224, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte{0x11, 100, 0xee, 0x9b, 0, 0, 0, 0}); err != nil {
		t.Fatal(err)
	}
	return func() {}
}

// member joins the group by a0, and has a querier there ask.
func member(t *testing.T) func() {
	query(t)
	a0, err := net.InterfaceByName("a0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenMulticastUDP("udp4", a0, &net.UDPAddr{IP: net.IPv4(239, 77, 0, 1),
		Port: 7799})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); ; {
		list, err := host.Bridges()
		if err != nil || len(list) != 1 || list[0].MembersErr != nil {
			t.Fatalf("%v: %+v", err, list)
		}
		if len(list[0].Members) > 0 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("the bridge has not heard of the member: %+v", list[0])
			break
		}
	}
	return func() { c.Close() }
}

// nftables loads rules, and drops them at the end.
func nftables(rules string) func(t *testing.T) func() {
	return func(t *testing.T) func() {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("nft: %v: %s", err, out)
		}
		return func() { netns.Run(t, "nft flush ruleset") }
	}
}

// bye is a frame.
var bye = string(new(frame.Encoder).Append(nil, &frame.Frame{Kind: frame.Bye, Session: 5}))

var faults = []fault{
	{name: "healthy", args: []string{"--iface", "b0", "--to", "10.1.0.1"}},
	{name: "healthy lo", args: []string{"--iface", "lo"}},
	{name: "interface down", make: []string{"ip link set b0 down"},
		mend: []string{"ip link set b0 up"}, check: "interface", state: check.Problem,
		says: "is down"},
	{name: "no link", make: []string{"ip link set a0 down"}, mend: []string{"ip link set a0 up"},
		check: "interface", state: check.Problem, says: "no link"},
	{name: "no address", make: []string{"ip addr flush dev b0"},
		mend:  []string{"ip addr add 10.1.0.2/24 dev b0"},
		check: "interface", state: check.Problem, says: "no IPv4 address"},
	{name: "no flag", make: []string{"ip link set b0 multicast off"},
		mend: []string{"ip link set b0 multicast on"}, check: "interface", state: check.Problem,
		says: "MULTICAST"},
	{name: "another subnet, strict", make: []string{"sysctl -qw net.ipv4.conf.b0.rp_filter=1"},
		mend: []string{"sysctl -qw net.ipv4.conf.b0.rp_filter=0"},
		args: []string{"--iface", "b0", "--to", "10.9.0.1"}, check: "rp_filter",
		state: check.Problem, says: "no route to 10.9.0.1"},
	{name: "small MTU", make: []string{"ip link set b0 mtu 1400"},
		mend: []string{"ip link set b0 mtu 1500"}, check: "MTU", state: check.Note, says: "1,400"},
	{name: "group dropped", setup: nftables("table inet f { chain i { type filter hook input " +
		"priority 0; udp dport 7700 drop; }; }"), check: "firewall", state: check.Problem,
		says: "what comes to 239.77.0.1:7700"},
	{name: "closed but for what was asked for", setup: nftables("table inet f { chain i { type " +
		"filter hook input priority 0; policy drop; ct state established,related accept; }; }"),
		check: "firewall", state: check.Problem, says: "policy drop"},
	{name: "NACKs dropped", setup: nftables("table inet f { chain i { type filter hook input " +
		"priority 0; ip daddr 10.1.0.2 udp dport 7701 drop; }; }"),
		args: []string{"--iface", "b0", "--as", "pub", "--control-port", "7701"}, check: "firewall",
		state: check.Problem, says: "NACKs from subscribers to port 7701"},
	{name: "output dropped", setup: nftables("table inet f { chain o { type filter hook output " +
		"priority 0; policy drop; }; }"), args: []string{"--iface", "b0", "--as", "sub"},
		check: "firewall", state: check.Problem, says: "NACKs to publishers"},
	{name: "open enough", setup: nftables("table inet f { chain i { type filter hook input " +
		"priority 0; policy drop; iifname lo accept; ct state established accept; " +
		"ip protocol igmp accept; udp dport { 7700, 7701 } accept; }; }"),
		args: []string{"--iface", "b0", "--control-port", "7701"}},
	{name: "no membership left", make: []string{"sysctl -qw net.ipv4.igmp_max_memberships=0"},
		mend: []string{"sysctl -qw net.ipv4.igmp_max_memberships=20"}, check: "join",
		state: check.Problem, says: "may join 0 groups"},
	{name: "small buffer", args: []string{"--iface", "b0", "--read-buffer", "64KiB", "--rate",
		"100k"},
		check: "read buffer", state: check.Problem, says: "64 KiB"},
	{name: "lo where a network was meant", args: []string{"--to", "10.9.0.1"}, check: "interface",
		state: check.Problem, says: "lo reaches this machine alone"},
	{name: "port taken", setup: listener(false), check: "join", state: check.Problem,
		says: "has port 7700 for itself"},
	{name: "port shared", setup: listener(true), check: "port", state: check.Note,
		says: "uses port 7700, too"},
	{name: "another sender", setup: sender("239.77.0.1:7700", "not a frame"), check: "senders",
		state: check.Note, says: "10.1.0.1:"},
	{name: "another port", setup: sender("239.77.0.1:7799", "x"), check: "senders",
		state: check.Note, says: "at ports that no program has"},
	{name: "another group", setup: sender("239.77.0.9:7700", bye),
		check: "senders", state: check.Note, says: "crier publishes to 239.77.0.9:7700"},
	{name: "dropped before sockets", make: []string{"sysctl -qw net.ipv4.conf.b0.rp_filter=1",
		"ip addr del 10.1.0.2/24 dev b0", "ip addr add 10.2.0.2/24 dev b0"},
		mend: []string{"sysctl -qw net.ipv4.conf.b0.rp_filter=0", "ip addr del 10.2.0.2/24 dev b0",
			"ip addr add 10.1.0.2/24 dev b0"}, setup: sender("239.77.0.1:7700", "x"),
		check: "rp_filter", state: check.Problem, says: "it dropped"},
	{name: "bridge that forgets", make: []string{"ip link add br0 type bridge mcast_querier 1 " +
		"mcast_membership_interval 200", "ip link set br0 up"}, mend: []string{"ip link del br0"},
		check: "bridges", state: check.Problem, says: "forgets members after 2 s"},
	{name: "bridge that forgets what a querier asked for", make: []string{
		"ip link add br0 type bridge mcast_membership_interval 200", "ip link set br0 up",
		"ip link set b0 master br0"}, setup: query, mend: []string{"ip link del br0"},
		args: []string{"--iface", "a0"}, check: "bridges", state: check.Problem,
		says: "forgets members after 2 s"},
	{name: "bridge with a querier and a member", make: []string{"ip link add br0 type bridge",
		"ip link set br0 up", "ip link set b0 master br0"}, setup: member,
		mend: []string{"ip link del br0"}, args: []string{"--iface", "a0"}, check: "bridges",
		says: "br0 hears the querier 10.1.0.1; members of 239.77.0.1: b0"},
	{name: "bridge without a querier", make: []string{
		"ip link add br0 type bridge mcast_membership_interval 200", "ip link set br0 up",
		"ip link set b0 master br0"}, mend: []string{"ip link del br0"},
		args: []string{"--iface", "a0"}, check: "bridges", says: "carries groups to all ports"},
	{name: "bridge that drops IGMP", make: []string{"ip link add br0 type bridge"},
		setup: nftables("table bridge f { chain f { type filter hook forward priority 0; " +
			"ip protocol igmp drop; }; }"), mend: []string{"ip link del br0"}, check: "bridges",
		state: check.Problem, says: "membership reports"},
	{name: "port of a bridge", make: []string{"ip link add br0 type bridge",
		"ip link set b0 master br0"}, mend: []string{"ip link del br0"}, check: "interface",
		state: check.Problem, says: "port of br0"},
}

// Faults are made for real in a network namespace, and each is found; on a healthy pair of
// interfaces there is none.
func TestFaults(t *testing.T) {
	if !netns.Again(t) {
		return
	}
	os.Unsetenv("CRIER_IFACE")
	netns.Prepare(t, "ip link add a0 type veth peer name b0")
	for _, command := range []string{"ip addr add 10.1.0.1/24 dev a0",
		"ip addr add 10.1.0.2/24 dev b0",
		"ip link set a0 up", "ip link set b0 up", "sysctl -qw net.ipv4.conf.b0.accept_local=1",
		"sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.b0.rp_filter=0"} {
		netns.Prepare(t, command)
	}
	watched = 100 * time.Millisecond
	for _, f := range faults {
		t.Run(f.name, f.try)
	}
	t.Run("as an ordinary user", ordinary)
}

// ordinary runs it without root's rights, which this process gives up for good.
func ordinary(t *testing.T) {
	const nobody = 65534
	if err := syscall.Setresuid(nobody, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	for _, iface := range []string{"b0", "lo"} {
		got := found(t, "--iface", iface, "--rate", "100")
		for name, c := range got {
			if c.State == check.Problem {
				t.Errorf("a problem that is none: %s: %s", name, c.Evidence)
			}
		}
		if c := got["firewall"]; c.State != check.Unknown || !strings.Contains(c.Evidence, "root") {
			t.Errorf("firewall is %v: %s", c.State, c.Evidence)
		}
	}
}

// try makes the fault, and looks for it.
func (f *fault) try(t *testing.T) {
	for _, command := range f.make {
		netns.Prepare(t, command)
	}
	defer func() {
		for _, command := range f.mend {
			netns.Run(t, command)
		}
	}()
	if f.setup != nil {
		defer f.setup(t)()
	}
	args := f.args
	if args == nil {
		args = []string{"--iface", "b0"}
	}
	got := found(t, args...)
	for name, c := range got {
		if c.State == check.Problem && f.state != check.Problem {
			t.Errorf("a problem that is none: %s: %s", name, c.Evidence)
		}
	}
	if c := got[f.check]; f.check != "" && (c.State != f.state || !strings.Contains(c.Evidence,
		f.says)) {
		t.Errorf("%s is %v: %s", f.check, c.State, c.Evidence)
	}
}
