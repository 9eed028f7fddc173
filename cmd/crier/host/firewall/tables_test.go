package firewall

import (
	"net/netip"
	"os"
	"testing"
)

// What becomes of packets under rules of iptables, as iptables-save prints them, and as nft
// shows them, which knows less.
func TestTables(t *testing.T) {
	text, err := os.ReadFile("testdata/iptables.txt")
	if err != nil {
		t.Fatal(err)
	}
	saved := ParseTables(text, "ip", "iptables")
	shown := rules(t, "iptables-nft")
	if !shown.foreign("ip") || shown.foreign("ip6") {
		t.Error("rules of iptables among those of nft aren't found")
	}
	group := netip.MustParseAddr("239.77.0.1")
	in := func(port uint16, state string) Packet {
		return Packet{Hooks: Inbound, In: "eth0", Dst: group, Protocol: "udp", DstPort: port,
			State: state}
	}
	far, near := in(7702, "new"), in(7702, "new")
	far.Src, near.Src = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.0.1")
	lo := in(7700, "new")
	lo.In = "lo"
	six := in(7700, "new")
	six.Dst = netip.MustParseAddr("ff15::77")
	for _, c := range []struct {
		name         string
		packet       Packet
		saved, shown Fate
		cause        string
	}{
		{"policy", in(7700, "new"), Dropped, Undecided, "iptables filter INPUT, policy drop"},
		{"lo", lo, Passes, Passes, ""},
		{"IPv6", six, Passes, Passes, ""},
		{"established", in(7700, "established"), Passes, Undecided, ""},
		{"invalid", in(7701, "invalid"), Dropped, Undecided,
			"iptables filter INPUT: -m conntrack " +
				`--ctstate INVALID -m comment --comment "no good" -j DROP`},
		{"one of several ports", in(7701, "new"), Passes, Undecided, ""},
		{"in a range", in(7850, "new"), Passes, Undecided, ""},
		{"beside the range", in(7901, "new"), Dropped, Undecided,
			"iptables filter INPUT, policy drop"},
		{"from elsewhere", far, Dropped, Undecided,
			"iptables filter ufw-user-input: ! -s 10.0.0.0/8 " +
				"-p udp -m udp --dport 7702 -j DROP"},
		{"from here", near, Passes, Undecided, ""},
		{"from anywhere", in(7702, "new"), Undecided, Undecided,
			"iptables filter ufw-user-input: " +
				"! -s 10.0.0.0/8 -p udp -m udp --dport 7702 -j DROP"},
		{"before the filter", in(7703, "established"), Dropped, Dropped,
			"iptables mangle PREROUTING: -p udp -m udp --dport 7703 -j DROP"},
		{"IGMP", Packet{Hooks: Inbound, In: "eth0", Dst: netip.MustParseAddr("224.0.0.1"),
			Protocol: "igmp", Type: 17, State: "new"}, Passes, Undecided, ""},
		{"out", Packet{Hooks: Outbound, Out: "eth0", Dst: group, Protocol: "udp", DstPort: 7700,
			State: "new"}, Undecided, Undecided,
			"iptables filter OUTPUT: -m owner --uid-owner 7 -j DROP"},
	} {
		fate, cause := saved.Fate(c.packet)
		if fate != c.saved || cause.String() != c.cause {
			t.Errorf("%s: fate %d by %q, want %d by %q", c.name, fate, cause, c.saved, c.cause)
		}
		if fate, cause := shown.Fate(c.packet); fate != c.shown {
			t.Errorf("%s, as nft shows it: fate %d by %q, want %d", c.name, fate, cause, c.shown)
		}
	}
	shown.replace(saved)
	if fate, _ := shown.Fate(in(7700, "established")); fate != Passes || shown.foreign("ip") {
		t.Errorf("replaced by what iptables tells: fate %d", fate)
	}
}
