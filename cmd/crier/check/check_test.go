package check

import (
	"net/netip"
	"strings"
	"testing"

	"crier/cmd/crier/host"
	"crier/cmd/crier/host/firewall"
)

var (
	group = netip.MustParseAddrPort("239.77.0.1:7700")
	peer  = netip.MustParseAddr("10.9.0.1")
)

// healthy returns the facts of a host with nothing wrong: eth0 has 10.77.0.2/16, and the
// default route.
func healthy() *host.Facts {
	eth0 := host.Interface{Name: "eth0", Index: 2, Up: true, Carrier: true, Multicast: true,
		MTU: 1500, Addrs: []host.Address{{Prefix: netip.MustParsePrefix("10.77.0.2/16")}}}
	lo := host.Interface{Name: "lo", Index: 1, Up: true, Carrier: true, Loopback: true, MTU: 65536,
		Addrs: []host.Address{{Prefix: netip.MustParsePrefix("127.0.0.1/8")}}}
	f := &host.Facts{About: host.About{Interface: "eth0", Group: group}, System: "linux",
		Interfaces: host.Reading[[]host.Interface]{Value: []host.Interface{lo, eth0}},
		Routes:     map[netip.Addr]host.Reading[host.Route]{},
	}
	f.Firewall.Value = &firewall.Ruleset{}
	f.Memberships.Value.Groups = []host.Membership{
		{Interface: "eth0", Group: group.Addr(), Users: 1},
	}
	f.Before.Protocols.Value = map[string]uint64{}
	f.After.Protocols.Value = map[string]uint64{}
	return f
}

// question is what the tests ask if nothing else.
func question() Question {
	return Question{Group: group, Interface: "eth0", ControlPort: 7701}
}

// A check is made on facts and a question that differ from the healthy ones.
type trial struct {
	name  string
	facts func(f *host.Facts)
	ask   func(q *Question)
	state State
	// says are parts of the evidence and the mend.
	says []string
}

func (c trial) run(t *testing.T, check func(*host.Facts, Question) Check) {
	t.Helper()
	f, q := healthy(), question()
	if c.facts != nil {
		c.facts(f)
	}
	if c.ask != nil {
		c.ask(&q)
	}
	f.About.Interface = q.Interface
	got := check(f, q)
	if got.State != c.state {
		t.Errorf("%s: %v, want %v: %+v", c.name, got.State, c.state, got)
	}
	for _, part := range c.says {
		if !strings.Contains(got.Evidence+" | "+got.Mend, part) {
			t.Errorf("%s: %q is missing in %q | %q", c.name, part, got.Evidence, got.Mend)
		}
	}
	if got.State == Problem && got.Mend == "" {
		t.Errorf("%s: nothing mends the problem", c.name)
	}
}

func eth0(f *host.Facts) *host.Interface { return &f.Interfaces.Value[1] }

func TestInterface(t *testing.T) {
	for _, c := range []trial{
		{name: "healthy", state: OK, says: []string{"eth0", "10.77.0.2", "1,500"}},
		{name: "by address", ask: func(q *Question) { q.Interface = "10.77.0.2" }, state: OK},
		{name: "missing", ask: func(q *Question) { q.Interface = "eth7" }, state: Problem,
			says: []string{"eth7 does not exist", "lo, eth0"}},
		{name: "down", facts: func(f *host.Facts) { eth0(f).Up = false }, state: Problem,
			says: []string{"is down", "ip link set eth0 up"}},
		{name: "no link", facts: func(f *host.Facts) { eth0(f).Carrier = false }, state: Problem,
			says: []string{"no link"}},
		{name: "no flag", facts: func(f *host.Facts) { eth0(f).Multicast = false }, state: Problem,
			says: []string{"MULTICAST", "ip link set eth0 multicast on"}},
		{name: "no address", facts: func(f *host.Facts) { eth0(f).Addrs = nil }, state: Problem,
			says: []string{"no IPv4 address", "ip addr add"}},
		{name: "no IPv6 address", ask: func(q *Question) {
			q.Group = netip.MustParseAddrPort("[ff15::77]:7700")
		}, facts: func(f *host.Facts) {
			f.About.Group = netip.MustParseAddrPort("[ff15::77]:7700")
		}, state: Problem, says: []string{"no IPv6 address"}},
		{name: "port of a bridge", facts: func(f *host.Facts) { eth0(f).Master = "br0" },
			state: Problem, says: []string{"port of br0", "--iface br0"}},
		{name: "ipvlan l3", facts: func(f *host.Facts) { eth0(f).Mode = "l3" }, state: Problem,
			says: []string{"mode l3"}},
		{name: "lo by default", ask: func(q *Question) { q.Interface, q.Defaulted = "lo", true },
			state: Note, says: []string{"this machine alone", "--iface eth0"}},
		{name: "lo by choice", ask: func(q *Question) { q.Interface = "lo" }, state: OK,
			says: []string{"this machine alone"}},
		{name: "lo to another host", ask: func(q *Question) { q.Interface, q.Peer = "lo", peer },
			state: Problem, says: []string{"not 10.9.0.1", "--iface eth0"}},
		{name: "not listed", facts: func(f *host.Facts) { f.Interfaces.Err = host.ErrNotReadable },
			state: Unknown, says: []string{"not readable"}},
	} {
		c.run(t, Interface)
	}
}

func TestMembership(t *testing.T) {
	onLo := func(f *host.Facts) { f.Memberships.Value.Groups[0].Interface = "lo" }
	joined := func(q *Question) { q.Joined = true }
	nobody := func(f *host.Facts) { f.Memberships.Value.Groups = nil }
	for _, c := range []trial{
		{name: "joined", ask: joined, state: OK, says: []string{"239.77.0.1 is joined on eth0"}},
		{name: "lost", ask: joined, facts: nobody, state: Problem,
			says: []string{"not joined on eth0 any more"}},
		{name: "elsewhere", ask: joined, facts: onLo, state: Problem,
			says: []string{"joined on lo"}},
		{name: "another program's on lo", facts: onLo, state: Note, says: []string{"--iface eth0"}},
		{name: "another program's on lo, and a network is meant", facts: onLo,
			ask: func(q *Question) { q.Peer = peer }, state: Problem,
			says: []string{"--iface eth0"}},
		{name: "nobody's", facts: nobody, state: OK},
	} {
		c.run(t, Membership)
	}
}

func TestReversePath(t *testing.T) {
	set := func(mode int) func(*host.Facts) {
		return func(f *host.Facts) { f.ReversePath.Value = mode }
	}
	toPeer := func(q *Question) { q.Peer = peer }
	by := func(mode int, iface string, err error) func(*host.Facts) {
		return func(f *host.Facts) {
			f.ReversePath.Value = mode
			f.Routes[peer] = host.Of(host.Route{Interface: iface}, err)
		}
	}
	for _, c := range []trial{
		{name: "off", state: OK, says: []string{"off"}},
		{name: "strict", facts: set(1), state: OK, says: []string{"strict"}},
		{name: "strict, no route", facts: by(1, "", host.ErrNoRoute), ask: toPeer, state: Problem,
			says: []string{"no route to 10.9.0.1", "net.ipv4.conf.eth0.rp_filter=0"}},
		{name: "loose, no route", facts: by(2, "", host.ErrNoRoute), ask: toPeer, state: Problem},
		{name: "strict, by another", facts: by(1, "eth1", nil), ask: toPeer, state: Problem,
			says: []string{"by eth1, not by eth0"}},
		{name: "loose, by another", facts: by(2, "eth1", nil), ask: toPeer, state: OK},
		{name: "strict, by this one", facts: by(1, "eth0", nil), ask: toPeer, state: OK},
		{name: "drops now", facts: func(f *host.Facts) {
			f.ReversePath.Value = 1
			f.Before.At = f.Before.At.AddDate(2020, 0, 0)
			f.After.At = f.Before.At.Add(1500e6)
			f.Before.Protocols.Value["TcpExt IPReversePathFilter"] = 5
			f.After.Protocols.Value["TcpExt IPReversePathFilter"] = 47
		}, state: Problem, says: []string{"42 datagrams in 1.5"}},
		{name: "dropped once", facts: func(f *host.Facts) {
			f.ReversePath.Value = 1
			f.After.Protocols.Value["TcpExt IPReversePathFilter"] = 47
		}, state: Note, says: []string{"47 datagrams"}},
		{name: "IPv6", facts: set(1), state: OK, ask: func(q *Question) {
			q.Group = netip.MustParseAddrPort("[ff15::77]:7700")
		}},
	} {
		c.run(t, ReversePath)
	}
}

// nft returns a ruleset of one chain at a hook.
func nft(hook, policy string, rules ...*firewall.Rule) func(*host.Facts) {
	return func(f *host.Facts) {
		f.Firewall.Value.Chains = []*firewall.Chain{{Family: "inet", Table: "filter", Name: hook,
			Type: "filter", Hook: hook, Policy: firewall.Verdict(policy), Rules: rules}}
	}
}

// rule drops or accepts what has a value in a field.
func rule(verdict firewall.Verdict, field, value string) *firewall.Rule {
	return &firewall.Rule{Verdict: verdict, Text: field + " " + value + " " + string(verdict),
		Conditions: []firewall.Condition{{Fields: []string{field}, Values: [][]string{{value}}}}}
}

func TestFirewall(t *testing.T) {
	sub := func(q *Question) { q.Role = Subscriber }
	pub := func(q *Question) { q.Role = Publisher }
	for _, c := range []trial{
		{name: "no rules", state: OK},
		{name: "not readable", facts: func(f *host.Facts) { f.Firewall.Err = host.ErrNotReadable },
			state: Unknown},
		{name: "port dropped", facts: nft("input", "accept", rule("drop", "udp dport", "7700")),
			ask: sub, state: Problem, says: []string{"dropped: what comes to 239.77.0.1:7700; by",
				"nft insert rule inet filter input ip daddr 239.77.0.1 udp dport 7700 accept"}},
		{name: "that is nothing to a publisher", ask: pub,
			facts: nft("input", "accept", rule("drop", "udp dport", "7700")), state: OK},
		{name: "NACKs dropped", facts: nft("input", "accept", rule("drop", "udp dport", "7701")),
			ask: pub, state: Problem,
			says: []string{"dropped: NACKs from subscribers to port 7701;",
				"udp dport 7701 accept"}},
		{name: "NACKs, perhaps", facts: nft("input", "accept", rule("drop", "udp dport", "7701")),
			ask: func(q *Question) { q.Role, q.ControlPort = Publisher, 0 }, state: Note,
			says: []string{"udp dport 7701 accept # and give crier --control-port 7701"}},
		{name: "output dropped", facts: nft("output", "drop"), ask: sub, state: Problem,
			says: []string{"NACKs to publishers, membership reports (IGMP); by inet filter " +
				"output, policy drop"}},
		{name: "output to the group", facts: nft("output", "accept", rule("drop", "ip daddr",
			"239.0.0.0/8")), ask: pub, state: Problem, says: []string{"what goes to"}},
		{name: "IGMP out", facts: nft("output", "accept", rule("drop", "l4proto", "igmp")),
			ask:   sub,
			state: Problem, says: []string{"dropped: membership reports (IGMP);"}},
		{name: "IGMP in", facts: nft("input", "accept", rule("drop", "l4proto", "2")), ask: sub,
			state: Problem, says: []string{"dropped: queries for members (IGMP);"}},
		{name: "stateful, all the rest closed", ask: sub, facts: nft("input", "drop",
			rule("accept", "ct state", "established")), state: Problem,
			says: []string{"what comes to"}},
		{name: "stateful, with what is new let in", ask: sub, facts: nft("input", "drop",
			rule("accept", "ct state", "established"), rule("accept", "udp dport", "7700"),
			rule("accept", "l4proto", "igmp")), state: OK},
		{name: "another interface", facts: nft("input", "accept", rule("drop", "iifname", "eth1")),
			state: OK},
		{name: "forwarded", facts: nft("forward", "drop"), state: OK},
	} {
		c.run(t, Firewall)
	}
}

func TestOwnDrops(t *testing.T) {
	sockets := func(before, after uint64, own bool) func(*host.Facts) {
		return func(f *host.Facts) {
			f.Before.Sockets.Value = []host.Socket{{Inode: 7, Drops: before, Own: own}}
			f.After.Sockets.Value = []host.Socket{{Inode: 7, Drops: after, Own: own}}
		}
	}
	for _, c := range []trial{
		{name: "none", state: OK},
		{name: "some", facts: sockets(1, 1235, true), state: Problem,
			says: []string{"1,234 datagrams"}},
		{name: "before", facts: sockets(9, 9, true), state: OK},
		{name: "another's", facts: sockets(0, 9, false), state: OK},
	} {
		c.run(t, OwnDrops)
	}
}
