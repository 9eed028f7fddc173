package firewall

import (
	"net/netip"
	"os"
	"testing"
)

// rules reads recorded answers of nft: the JSON, and the rules as text.
func rules(t *testing.T, name string) *Ruleset {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	r, err := ParseNFT(data, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What becomes of packets under rules with sets, maps, jumps and conditions of all kinds.
func TestFate(t *testing.T) {
	group := Packet{Hooks: Inbound, In: "eth0", Dst: netip.MustParseAddr("239.77.0.1"),
		Protocol: "udp", DstPort: 7700, State: "new"}
	with := func(f func(p *Packet)) Packet {
		p := group
		f(&p)
		return p
	}
	unicast := netip.MustParseAddr("10.0.0.1")
	for _, c := range []struct {
		name   string
		packet Packet
		fate   Fate
		cause  string
	}{
		{"in the set", group, Passes, ""},
		{"a rule before it", with(func(p *Packet) { p.DstPort = 7702 }), Dropped,
			"inet filter lan: udp dport 7702 drop"},
		{"of a group, whatever the port", with(func(p *Packet) { p.DstPort = 7711 }), Passes, ""},
		{"9000 and above", with(func(p *Packet) { p.DstPort = 9000 }), Dropped,
			"inet filter lan: udp dport >= 9000 reject"},
		{"no port known", with(func(p *Packet) { p.DstPort = 0 }), Undecided,
			"inet filter lan: udp dport 7702 drop"},
		{"a pair of address and port", with(func(p *Packet) { p.Dst = unicast }), Passes, ""},
		{"no such pair", with(func(p *Packet) {
			p.Dst, p.DstPort, p.Src = unicast, 7703, unicast
		}), Dropped, "inet filter input, policy drop"},
		{"no such pair, of any sender", with(func(p *Packet) { p.Dst, p.DstPort = unicast, 7703 }),
			Undecided, "inet filter input: fib saddr . iif oif missing drop"},
		{"no such pair, by lo", with(func(p *Packet) {
			p.Dst, p.DstPort, p.In = unicast, 7703, "lo"
		}), Passes, ""},
		{"at the card of lo", with(func(p *Packet) { p.DstPort, p.In = 5, "lo" }), Dropped,
			"netdev x i: udp dport 5 drop"},
		{"not at eth0's", with(func(p *Packet) { p.DstPort, p.State = 5, "established" }), Passes,
			""},
		{"established", with(func(p *Packet) { p.DstPort, p.State = 9000, "established" }), Passes,
			""},
		{"a wildcard", with(func(p *Packet) { p.Dst, p.In = unicast, "veth7"; p.Src = unicast }),
			Undecided, "inet filter input: fib saddr . iif oif missing drop"},
		{"IGMP", Packet{Hooks: Inbound, In: "eth1", Dst: netip.MustParseAddr("224.0.0.1"),
			Protocol: "igmp", Type: 17, State: "new"}, Passes, ""},
		{"MLD query", Packet{Hooks: Inbound, In: "eth1", Dst: netip.MustParseAddr("ff02::1"),
			Protocol: "icmpv6", Type: 130, State: "untracked"}, Passes, ""},
		{"MLD report in", Packet{Hooks: Inbound, In: "eth1", Dst: netip.MustParseAddr("fd00::1"),
			Protocol: "icmpv6", Type: 143, State: "untracked"}, Dropped,
			"inet filter input, policy drop"},
		{"nothing on the way out", with(func(p *Packet) {
			p.Hooks, p.In, p.Out = Outbound, "", "eth0"
		}), Passes, ""},
	} {
		fate, cause := rules(t, "mixed").Fate(c.packet)
		if fate != c.fate || cause.String() != c.cause {
			t.Errorf("%s: fate %d by %q, want %d by %q", c.name, fate, cause, c.fate, c.cause)
		}
	}
}

// Chains as firewalld makes them: goto, sets of states, and a rejection of what is left.
func TestFirewalld(t *testing.T) {
	group := netip.MustParseAddr("239.77.0.1")
	in := func(dst netip.Addr, port uint16, state string) Packet {
		return Packet{Hooks: Inbound, In: "eth0", Dst: dst, Protocol: "udp", DstPort: port,
			State: state}
	}
	own := netip.MustParseAddr("10.77.0.2")
	for _, c := range []struct {
		name   string
		packet Packet
		fate   Fate
	}{
		{"the group", in(group, 7700, "new"), Dropped},
		{"an open port", in(own, 7701, "new"), Passes},
		{"an answer", in(own, 40000, "established"), Passes},
		{"mDNS", in(netip.MustParseAddr("224.0.0.251"), 5353, "new"), Passes},
		{"IGMP", Packet{Hooks: Inbound, In: "eth0", Dst: netip.MustParseAddr("224.0.0.1"),
			Protocol: "igmp", Type: 17, State: "new"}, Dropped},
		{"MLD", Packet{Hooks: Inbound, In: "eth0", Dst: netip.MustParseAddr("ff02::1"),
			Protocol: "icmpv6", Type: 130, State: "untracked"}, Undecided}, // by its reverse path
		{"what is sent", Packet{Hooks: Outbound, Out: "eth0", Dst: group, Protocol: "udp",
			DstPort: 7700, State: "new"}, Passes},
		{"what is sent by IPv6", Packet{Hooks: Outbound, Out: "eth0",
			Dst: netip.MustParseAddr("ff15::77"), Protocol: "udp", DstPort: 7700, State: "new"},
			Passes},
	} {
		if fate, cause := rules(t, "firewalld").Fate(c.packet); fate != c.fate {
			t.Errorf("%s: fate %d by %q, want %d", c.name, fate, cause, c.fate)
		}
	}
}
