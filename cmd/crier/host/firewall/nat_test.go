package firewall

import (
	"net/netip"
	"testing"
)

// A rule that translates the group's address or port keeps it from those who have joined.
func TestTranslated(t *testing.T) {
	const saved = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A PREROUTING -p udp -m udp --dport 7700 -j REDIRECT --to-ports 9999
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p udp -m udp --dport 53 -j DNAT --to-destination 172.17.0.2:53
COMMIT
`
	r := ParseTables([]byte(saved), "ip", "iptables")
	for _, c := range []struct {
		name, to, state string
		hooks           []string
		fate            Fate
	}{
		{"the group", "239.77.0.1:7700", "new", Inbound, Dropped},
		{"another port", "239.77.0.1:7701", "new", Inbound, Passes},
		{"of a connection", "239.77.0.1:7700", "established", Inbound, Passes},
		{"on the way out", "239.77.0.1:7700", "new", Outbound, Passes},
		{"to one host, who may translate it", "10.77.0.1:53", "new", Inbound, Passes},
	} {
		to := netip.MustParseAddrPort(c.to)
		fate, cause := r.Fate(Packet{Hooks: c.hooks, In: "eth0", Out: "eth0",
			Src: netip.MustParseAddr("10.77.0.2"), Dst: to.Addr(), DstPort: to.Port(),
			Protocol: "udp", State: c.state})
		if fate != c.fate {
			t.Errorf("%s: fate %d by %q, want %d", c.name, fate, cause, c.fate)
		}
	}
}
