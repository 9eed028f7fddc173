package firewall

import (
	"fmt"
	"slices"
)

// Fate is what becomes of a packet.
type Fate int

const (
	// Passes: no rule drops it.
	Passes Fate = iota
	// Undecided: a rule may drop it; that depends on what isn't known.
	Undecided
	// Dropped: whatever else is true of it.
	Dropped
)

// A Cause is the rule, or the policy, that a fate is due to.
type Cause struct {
	// Base is the chain at a hook, and Chain the one that the rule is in.
	Base, Chain *Chain
	// Rule is nil where it is the policy of Base.
	Rule *Rule
}

// String describes the cause as nft or iptables would.
func (c Cause) String() string {
	if c.Chain == nil {
		return ""
	}
	where := fmt.Sprintf("%s %s %s", c.Chain.Family, c.Chain.Table, c.Chain.Name)
	if c.Chain.Program != "" {
		where = fmt.Sprintf("%s %s %s", c.Chain.Program, c.Chain.Table, c.Chain.Name)
	}
	if c.Rule == nil {
		return where + ", policy drop"
	}
	return where + ": " + c.Rule.Text
}

// Fate tells what becomes of a packet at all hooks that it passes, and which rule is the
// first that drops it, or may.
func (r *Ruleset) Fate(p Packet) (Fate, Cause) {
	fate, cause := Passes, Cause{}
	for _, base := range r.Chains {
		if !sees(base, &p) {
			continue
		}
		w := walk{rules: r, packet: &p, base: base}
		ends := w.chain(base, 0)
		if ends.next {
			if base.Policy == Drop {
				ends.drop = true
				w.blame(base, nil)
			} else {
				ends.accept = true
			}
		}
		switch {
		case ends.drop && !ends.accept:
			return Dropped, w.last
		case base.Type == "nat": // what may be translated isn't worth a word
		case ends.drop && fate == Passes:
			fate, cause = Undecided, w.first
		}
	}
	return fate, cause
}

// sees reports whether a chain is at a hook that the packet passes.
func sees(c *Chain, p *Packet) bool {
	hook := c.Hook
	if c.Family == "bridge" {
		hook = "bridge " + hook
	}
	if c.Hook == "" || !slices.Contains(p.Hooks, hook) {
		return false
	}
	if c.Type == "nat" && (p.State != "new" || hook != "prerouting" && hook != "output") {
		return false // destinations are translated there, at a connection's first packet
	}
	switch c.Family {
	case "bridge":
		return true
	case "ip":
		return p.is4()
	case "ip6":
		return !p.is4()
	case "netdev":
		device := p.In
		if c.Hook == "egress" {
			device = p.Out
		}
		return slices.Contains(c.Devices, device)
	case "inet":
		return c.Hook != "ingress" || slices.Contains(c.Devices, p.In)
	}
	return false
}

// ends are the ways in which a packet may leave a chain.
type ends struct{ accept, drop, next bool }

// maxDepth bounds jumps; the kernel allows 16.
const maxDepth = 20

// A walk follows a packet through a chain at a hook and those that it jumps to.
type walk struct {
	rules  *Ruleset
	packet *Packet
	base   *Chain
	// first and last are the rules that may drop the packet. A walk that no packet survives
	// ends at the last.
	first, last Cause
}

// blame takes note of a rule that drops.
func (w *walk) blame(c *Chain, r *Rule) {
	if w.first.Chain == nil {
		w.first = Cause{w.base, c, r}
	}
	w.last = Cause{w.base, c, r}
}

// chain tells how the packet may leave a chain; next: by its end.
func (w *walk) chain(c *Chain, depth int) ends {
	var all ends
	for _, r := range c.Rules {
		met := w.packet.meets(r)
		if met == no {
			continue
		}
		rule, leaves := w.rule(c, r, depth)
		all.accept = all.accept || rule.accept
		all.drop = all.drop || rule.drop
		all.next = all.next || leaves && rule.next
		if met == yes && (leaves || !rule.next) {
			return all
		}
	}
	all.next = true
	return all
}

// rule tells what the rule does to a packet that meets it; leaves: where it lets go of the
// packet, that leaves the chain.
func (w *walk) rule(c *Chain, r *Rule, depth int) (_ ends, leaves bool) {
	switch r.Verdict {
	case Next:
		return ends{next: true}, false
	case Accept:
		return ends{accept: true}, false
	case Drop, Translate:
		w.blame(c, r)
		return ends{drop: true}, false
	case Return:
		return ends{next: true}, true
	case Jump, Goto:
		target := w.rules.chain(c, r.Target)
		if target != nil && depth < maxDepth {
			return w.chain(target, depth+1), r.Verdict == Goto
		}
	}
	if w.first.Chain == nil {
		w.first = Cause{w.base, c, r}
	}
	return ends{accept: true, drop: true, next: true}, false
}
