package doctor_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"crier/cmd/crier/check"
)

// all is for .ci/run, which has the time.
var all = flag.Bool("doctor.faults", false, "make each of the faults between two hosts")

// fault is something that keeps a group from its subscribers, made for real.
type fault struct {
	name string
	make func(*lan)
	// Where is the host that crier doctor runs on, args its flags, and user says that it
	// isn't root's.
	where int
	args  string
	user  bool
	// Echo has the flags of crier doctor echo on host b; "-" for none running.
	echo string
	// In is the part of the report, check the name, and words what the evidence has.
	in, check string
	words     string
}

// Parts of a report.
const (
	here    = "checks"
	between = "between"
	there   = "other"
)

// toB are the flags to measure the way to host b, with few datagrams, and all those that
// tell 1 % from 0.8 %.
const (
	toB  = "--to 10.77.0.2 --probes 2000 --control-port 7705"
	allB = "--to 10.77.0.2"
)

var faults = []fault{
	{name: "interface down", where: b, echo: "-", in: here, check: "interface",
		make: func(l *lan) { l.on(b, "ip link set e0 down") }},
	{name: "no address", where: b, echo: "-", in: here, check: "interface",
		words: "no IPv4 address",
		make:  func(l *lan) { l.on(b, "ip addr flush dev e0") }},
	{name: "address of another subnet, rp_filter strict", where: b, echo: "-", in: here,
		check: "rp_filter", make: func(l *lan) {
			l.on(b, "ip addr flush dev e0")
			l.on(b, "ip addr add 10.88.0.2/24 dev e0")
			l.on(b, "sysctl -qw net.ipv4.conf.all.rp_filter=1")
			l.send(a, aAddr, "data")
		}},
	{name: "firewall: the group's port at the subscriber", args: toB, in: between,
		check: "heard there", words: "its kernel drops them",
		make: func(l *lan) { l.filter(b, "input", "udp dport 7700 drop") }},
	{name: "firewall: NACKs at the publisher", args: toB, in: between, check: "NACKs here",
		words: "a firewall drops NACKs",
		make:  func(l *lan) { l.filter(a, "input", "udp dport 7705 drop") }},
	{name: "firewall: what leaves the subscriber", args: toB, in: between, check: "NACKs here",
		words: "refused to send to 10.77.0.1:7705",
		make:  func(l *lan) { l.filter(b, "output", "udp dport 7705 drop") }},
	{name: "querier that stopped", args: "--to 10.77.0.2 --probes 200 --soak 16s", in: between,
		check: "group kept", words: "a switch that snoops forgot the member, since ",
		make: func(l *lan) {
			l.onSwitch("ip link set br0 type bridge mcast_membership_interval 300")
			l.queries(q, 11*time.Second) // the soak begins meanwhile
		}},
	{name: "bridge that drops IGMP", args: toB, in: between, check: "heard there",
		words: "a switch on the way doesn't forward the group", make: func(l *lan) {
			l.nft(l.top.Switch, "bridge", "prerouting",
				"iifname p0 ip protocol igmp drop; iifname p1 ip protocol igmp drop")
			l.query(q)
			l.untilHeldBack() // once the switch has waited for reports
		}},
	{name: "path MTU of 1,400 under 1,500", args: toB, in: between, check: "path MTU",
		words: "datagrams of 1,372 B",
		make:  func(l *lan) { l.onSwitch("ip link set p1 mtu 1400") }},
	{name: "jumbo sender on a path of 1,500", args: toB, in: between, check: "path MTU",
		words: "the interfaces have 9,000 here, 1,500 there",
		make:  func(l *lan) { l.on(a, "ip link set e0 mtu 9000") }},
	{name: "loss of 1 %", args: allB, in: between, check: "heard there", words: "lost",
		make: lossy},
	{name: "reordering", args: allB, in: between, check: "order", make: reordering},
	{name: "another program on the port", where: b, echo: "-", in: here, check: "join",
		words: "has port 7700 for itself",
		make:  func(l *lan) { l.socket(b, "0.0.0.0:7700") }},
	{name: "another sender in the group", args: toB, in: between, check: "other senders",
		words: "10.77.0.3", make: func(l *lan) { l.send(q, qAddr, "not crier's") }},
	{name: "membership limit", where: b, echo: "-", in: here, check: "join",
		make: func(l *lan) { l.on(b, "sysctl -qw net.ipv4.igmp_max_memberships=0") }},
	{name: "small receive buffer", where: b, echo: "-", in: here, check: "read buffer",
		user: true, args: "--rate 10M", make: func(*lan) {}},
	{name: "lo where a network was meant", args: "--iface lo --to 10.77.0.2", in: between,
		check: "echo", words: "lo leads to this machine alone", make: func(*lan) {}},
	{name: "wrong group", args: toB, echo: "--group 239.77.0.2:7700", in: between,
		check: "same group", words: "address differs: this host uses 239.77.0.1:7700, 10.77.0.2 " +
			"uses 239.77.0.2:7700", make: func(*lan) {}},
	{name: "wrong port", args: toB, echo: "--group 239.77.0.1:7799", in: between,
		check: "same group", words: "port differs: this host uses 239.77.0.1:7700, 10.77.0.2 " +
			"uses 239.77.0.1:7799", make: func(*lan) {}},
	{name: "no echo: nobody listens", args: toB, echo: "-", in: between, check: "echo",
		words: "nobody listens on UDP port 7701", make: func(*lan) {}},
	{name: "no echo: silence", args: toB, in: between, check: "echo", words: "ARP answers",
		make: func(l *lan) { l.filter(b, "input", "udp dport 7701 drop") }},
	{name: "no echo: no such host", args: "--to 10.77.0.99", echo: "-", in: between,
		check: "echo", words: "ARP in vain", make: func(*lan) {}},
}

// lossy makes the switch's port to b lose 1 %.
func lossy(l *lan) {
	l.nft(l.top.Switch, "bridge", "forward", "oifname p1 numgen random mod 10000 < 100 drop")
}

// reordering makes the switch's port to b send one datagram in twenty by a slow queue, where
// some wait, also if a busy machine sends but a tenth as fast.
func reordering(l *lan) {
	needs(l.t, "tc")
	l.onSwitch("tc qdisc add dev p1 root handle 1: htb default 10 r2q 1000")
	l.onSwitch("tc class add dev p1 parent 1: classid 1:10 htb rate 10gbit quantum 60000")
	l.onSwitch("tc class add dev p1 parent 1: classid 1:20 htb rate 1mbit burst 200")
	l.nft(l.top.Switch, "bridge", "forward",
		"oifname p1 numgen random mod 20 == 0 meta priority set 1:20")
}

// find returns the check of a fault.
func (f *fault) find(r found) (check.Check, bool) {
	list := map[string][]check.Check{here: r.Checks, between: r.Between,
		there: r.Other.Checks}[f.in]
	i := slices.IndexFunc(list, func(c check.Check) bool { return c.Name == f.check })
	if i < 0 {
		return check.Check{}, false
	}
	return list[i], true
}

// TestTwentyFaults makes each fault in namespaces of its own, and wants the doctor to find it. With
// -v it prints what was found.
func TestTwentyFaults(t *testing.T) {
	needs(t)
	t.Parallel()
	if !*all {
		t.Skip("half a minute, only with -doctor.faults, as .ci/run has it")
	}
	crier := binary(t)
	var mu sync.Mutex
	rows := make([]string, len(faults))
	t.Run("all", func(t *testing.T) {
		for i, f := range faults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				l := newLAN(t)
				f.make(l)
				if f.echo != "-" {
					l.echo(b, false, crier, strings.Fields(f.echo)...)
				}
				args := strings.Fields(f.args)
				if !slices.Contains(args, "--iface") {
					args = append(args, "--iface", "e0")
				}
				r := l.doctor(f.where, f.user, crier, args...)
				c, ok := f.find(r)
				for range 3 { // other tests may take what a receiver needs
					if !strings.Contains(c.Evidence, "the host is busy") {
						break
					}
					r = l.doctor(f.where, f.user, crier, args...)
					c, ok = f.find(r)
				}
				if f.name == "loss of 1 %" {
					var percent float64
					if _, err := fmt.Sscanf(c.Evidence, "%f %% lost", &percent); err != nil ||
						percent < 0.8 || percent > 1.2 {
						t.Errorf("%v: %s", err, c.Evidence)
					}
				}
				if !ok || c.State != check.Problem ||
					!strings.Contains(c.Evidence, f.words) {
					t.Errorf("%q is %v: %s\nwant a problem with %q, in\n%v", f.check, c.State,
						c.Evidence, f.words, r)
				}
				if c.Mend == "" {
					t.Errorf("%q has no mend: %s", f.check, c.Evidence)
				}
				mu.Lock()
				defer mu.Unlock()
				rows[i] = fmt.Sprintf("%-44s %-14s %-8v %s\n%44s -> %s", f.name, c.Name, c.State,
					c.Evidence, "", c.Mend)
			})
		}
	})
	t.Logf("\n%s", strings.Join(rows, "\n"))
}

// TestHealthyPair wants no problem between two hosts to which nothing was done, for root and for
// any user.
func TestHealthyPair(t *testing.T) {
	needs(t)
	t.Parallel()
	crier := binary(t)
	for _, user := range []bool{false, true} {
		t.Run(map[bool]string{false: "root", true: "user"}[user], func(t *testing.T) {
			t.Parallel()
			l := newLAN(t)
			l.echo(b, user, crier)
			r := l.doctor(a, user, crier, "--iface", "e0", "--to", bAddr, "--soak", "2s")
			for part, list := range map[string][]check.Check{here: r.Checks, between: r.Between,
				there: r.Other.Checks} {
				if len(list) == 0 {
					t.Errorf("%s is empty", part)
				}
				for _, c := range list {
					if c.State == check.Problem {
						t.Errorf("%s: %s is a problem: %s", part, c.Name, c.Evidence)
					}
				}
			}
		})
	}
}
