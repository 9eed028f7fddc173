package firewall

import (
	"net/netip"
	"testing"
)

// A packet that a chain was gone to for doesn't come back from it, and chains that only
// translate addresses don't count.
func TestWaysThroughChains(t *testing.T) {
	drop := &Rule{Verdict: Drop, Text: "drop"}
	for _, c := range []struct {
		name string
		kind string
		rule *Rule
		fate Fate
	}{
		{"jump, and back to what drops", "filter", &Rule{Verdict: Jump, Target: "other"}, Dropped},
		{"goto, which doesn't come back", "filter", &Rule{Verdict: Goto, Target: "other"}, Passes},
		{"nat", "nat", &Rule{Verdict: Next}, Passes},
		{"a chain that isn't known", "filter", &Rule{Verdict: Jump, Target: "none"}, Undecided},
		{"a chain that jumps to itself", "filter", &Rule{Verdict: Jump, Target: "input"}, Undecided},
	} {
		rules := &Ruleset{Chains: []*Chain{
			{Family: "ip", Table: "t", Name: "input", Type: c.kind, Hook: "input", Policy: Accept,
				Rules: []*Rule{c.rule, drop}},
			{Family: "ip", Table: "t", Name: "other"},
		}}
		fate, cause := rules.Fate(Packet{Hooks: Inbound, Dst: netip.MustParseAddr("239.77.0.1")})
		if fate != c.fate {
			t.Errorf("%s: %v, by %s", c.name, fate, cause)
		}
	}
}
