package check

import (
	"testing"

	"crier/cmd/crier/host/firewall"
)

// What is dropped is accepted by a command of the program that manages the rules.
func TestFirewallMends(t *testing.T) {
	group := flow{what: "a", rule: "ip daddr 239.77.0.1 udp dport 7700 accept"}
	igmp := flow{what: "b", rule: "ip protocol igmp accept"}
	out := flow{what: "c", rule: "udp sport 7701 accept"}
	nft := firewall.Chain{Family: "inet", Table: "f", Name: "i", Hook: "input"}
	daemon := firewall.Chain{Family: "inet", Table: "firewalld", Name: "filter_INPUT",
		Hook: "input"}
	plain := firewall.Chain{Family: "ip", Table: "filter", Name: "INPUT", Hook: "input",
		Program: "iptables"}
	old := plain
	old.Program = "iptables-legacy"
	ubuntu := plain
	ubuntu.Rules = []*firewall.Rule{{Target: "ufw-before-input"}}
	for _, c := range []struct {
		chain firewall.Chain
		flows []flow
		want  string
	}{
		{nft, []flow{group}, "nft insert rule inet f i ip daddr 239.77.0.1 udp dport 7700 accept"},
		{nft, []flow{igmp, out}, "nft 'insert rule inet f i ip protocol igmp accept; " +
			"insert rule inet f i udp sport 7701 accept'"},
		{plain, []flow{group, igmp},
			"iptables -t filter -I INPUT -d 239.77.0.1 -p udp --dport 7700 " +
				"-j ACCEPT && iptables -t filter -I INPUT -p igmp -j ACCEPT"},
		{plain, []flow{out}, "iptables -t filter -I INPUT -p udp --sport 7701 -j ACCEPT"},
		{old, []flow{igmp}, "iptables-legacy -t filter -I INPUT -p igmp -j ACCEPT"},
		{daemon, []flow{group, igmp}, "firewall-cmd --add-port=7700/udp && " +
			"firewall-cmd --add-protocol=igmp"},
		{ubuntu, []flow{group, igmp}, "ufw allow proto udp to 239.77.0.1 port 7700 && " +
			"ufw allow proto igmp from any"},
	} {
		b := blame{firewall.Cause{Base: &c.chain, Chain: &c.chain}, c.flows}
		if got := b.mend(); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.chain.Table, c.chain.Name, got, c.want)
		}
	}
}
