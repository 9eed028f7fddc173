package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/host"
	"crier/cmd/crier/host/firewall"
)

// A flow is a kind of packet that has to get through.
type flow struct {
	packet firewall.Packet
	// what describes it, and rule what accepts it, in nft's words.
	what, rule string
	// open says that the rule needs a control port, and none is given.
	open bool
}

// Firewall asks whether the packet filter lets through what crier sends and receives.
func Firewall(f *host.Facts, q Question) Check {
	const name = "firewall"
	i := f.Interface()
	switch {
	case f.Firewall.Err != nil:
		return unknown(name, f.Firewall.Err)
	case len(f.Firewall.Value.Chains) == 0:
		return ok(name, "there are no rules")
	case i == nil:
		return noInterface(name)
	}
	var dropped, unsure blame
	for _, one := range flows(f, q, i) {
		switch fate, cause := f.Firewall.Value.Fate(one.packet); fate {
		case firewall.Dropped:
			dropped.add(one, cause)
		case firewall.Undecided:
			unsure.add(one, cause)
		}
	}
	switch {
	case dropped.flows != nil:
		fate := "dropped"
		if dropped.cause.Base.Type == "nat" {
			fate = "sent elsewhere"
		}
		return problem(name, dropped.mend(), "%s: %s; by %s", fate, dropped.what(), dropped.cause)
	case unsure.flows != nil:
		return note(name, unsure.mend(), "it may drop %s, by %s", unsure.what(), unsure.cause)
	}
	return ok(name, "it lets the group, NACKs and repairs through")
}

// A blame is a rule with the flows that it drops.
type blame struct {
	cause firewall.Cause
	flows []flow
}

// add takes a flow, if it is the first or is dropped by the same rule as the first.
func (b *blame) add(one flow, cause firewall.Cause) {
	if b.flows == nil {
		b.cause = cause
	}
	same := slices.ContainsFunc(b.flows, func(o flow) bool { return o.what == one.what })
	if b.cause == cause && !same {
		b.flows = append(b.flows, one)
	}
}

// what lists what the rule drops.
func (b *blame) what() string {
	var list []string
	for _, one := range b.flows {
		list = append(list, one.what)
	}
	return strings.Join(list, ", ")
}

// mend returns the command that has the flows accepted before the rule.
func (b *blame) mend() string {
	var rules []string
	open := false
	for _, one := range b.flows {
		open = open || one.open
		if !slices.Contains(rules, one.rule) {
			rules = append(rules, one.rule)
		}
	}
	if open {
		return fmt.Sprintf("%s # and give crier --control-port %d", b.command(rules), fixed)
	}
	return b.command(rules)
}

// command puts rules of nft into a command of the program that manages the chain.
func (b *blame) command(rules []string) string {
	base := b.cause.Base
	switch {
	case base.Program != "" && b.isUFW():
		return "ufw " + strings.Join(each(rules, ufw), " && ufw ")
	case base.Program != "":
		start := fmt.Sprintf("%s -t %s -I %s ", base.Program, base.Table, base.Name)
		return start + strings.Join(each(rules, tables), " && "+start)
	case base.Table == "firewalld" && base.Hook == "input":
		return "firewall-cmd " + strings.Join(each(rules, firewalld), " && firewall-cmd ")
	}
	start := fmt.Sprintf("insert rule %s %s %s ", base.Family, base.Table, base.Name)
	if len(rules) == 1 {
		return "nft " + start + rules[0]
	}
	return "nft '" + start + strings.Join(rules, "; "+start) + "'"
}

// isUFW reports whether the chains are those of ufw.
func (b *blame) isUFW() bool {
	return slices.ContainsFunc(b.cause.Base.Rules, func(r *firewall.Rule) bool {
		return strings.HasPrefix(r.Target, "ufw-") || strings.HasPrefix(r.Target, "ufw6-")
	})
}

func each(list []string, f func(words []string) string) []string {
	var all []string
	for _, one := range list {
		all = append(all, f(strings.Fields(one)))
	}
	return all
}

// tables, firewalld and ufw put a rule of nft, such as "ip daddr 239.77.0.1 udp dport 7700
// accept", into the words of other programs.
func tables(words []string) string {
	var out []string
	for len(words) > 1 {
		switch words[0] + " " + words[1] {
		case "ip daddr", "ip6 daddr":
			out = append(out, "-d", words[2])
		case "udp dport":
			out = append(out, "-p udp --dport", words[2])
		case "udp sport":
			out = append(out, "-p udp --sport", words[2])
		case "ip protocol":
			out = append(out, "-p", words[2])
		case "icmpv6 type":
			out = append(out, "-p icmpv6")
		}
		words = words[3:]
	}
	return strings.Join(append(out, "-j ACCEPT"), " ")
}

func firewalld(words []string) string {
	for i := range len(words) - 2 {
		switch words[i] + " " + words[i+1] {
		case "udp dport":
			return "--add-port=" + words[i+2] + "/udp"
		case "ip protocol":
			return "--add-protocol=" + words[i+2]
		case "icmpv6 type":
			return "--add-protocol=ipv6-icmp"
		}
	}
	return fmt.Sprintf("--add-port=%d/udp", fixed)
}

func ufw(words []string) string {
	port, to, direction := "", "any", ""
	for i := range len(words) - 2 {
		switch words[i] + " " + words[i+1] {
		case "udp dport":
			port = " port " + words[i+2]
		case "udp sport":
			direction = " out"
		case "ip daddr", "ip6 daddr":
			to = words[i+2]
		case "ip protocol":
			return "allow proto " + words[i+2] + " from any"
		}
	}
	return "allow" + direction + " proto udp to " + to + port
}

// flows lists what has to get through, what matters most first.
func flows(f *host.Facts, q Question, i *host.Interface) []flow {
	source, _ := f.Source()
	group := q.Group
	own := q.ControlPort
	if own == 0 {
		own = running(f, source)
	}
	var list []flow
	add := func(p firewall.Packet, what, rule string) {
		if p.Dst.IsValid() || p.Version != 0 {
			open := own == 0 && (rule == port("udp sport", 0) || rule == port("udp dport", 0))
			list = append(list, flow{p, what, rule, open})
		}
	}
	version, ip := 4, "ip"
	if group.Addr().Is6() {
		version, ip = 6, "ip6"
	}
	toGroup := fmt.Sprintf("%s daddr %s udp dport %d accept", ip, group.Addr(), group.Port())
	if q.receives() {
		add(firewall.Packet{Hooks: firewall.Inbound, In: i.Name, Src: q.Peer, Dst: group.Addr(),
			Protocol: "udp", SrcPort: q.PeerPort, DstPort: group.Port(), State: "new"},
			fmt.Sprintf("what comes to %s", group), toGroup)
		add(firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source, Dst: q.Peer,
			Version: version, Protocol: "udp", SrcPort: own, DstPort: q.PeerPort, State: "new"},
			"NACKs to publishers", port("udp sport", own))
		if !i.Loopback {
			list = append(list, memberships(i, source, group.Addr())...)
		}
	}
	if q.sends() {
		add(firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source, Dst: group.Addr(),
			Protocol: "udp", SrcPort: own, DstPort: group.Port(), State: "new"},
			fmt.Sprintf("what goes to %s", group), toGroup)
		add(firewall.Packet{Hooks: firewall.Inbound, In: i.Name, Src: q.Peer, Dst: source,
			Protocol: "udp", SrcPort: q.PeerPort, DstPort: own, State: "new"},
			"NACKs from subscribers"+toPort(own), port("udp dport", own))
		add(firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source, Dst: q.Peer,
			Version: version, Protocol: "udp", SrcPort: own, DstPort: q.PeerPort,
			State: "established"}, "repairs to single subscribers", port("udp sport", own))
	}
	if q.receives() {
		add(firewall.Packet{Hooks: firewall.Inbound, In: i.Name, Src: q.Peer, Dst: source,
			Protocol: "udp", SrcPort: q.PeerPort, DstPort: own, State: "established"},
			"repairs from publishers"+toPort(own), port("udp dport", own))
	}
	return list
}

// running returns the control port of a crier that runs here, if there is one.
func running(f *host.Facts, source netip.Addr) uint16 {
	for _, s := range sockets(f) {
		if s.Local.Addr() == source && isCrier(f, s) {
			return s.Local.Port()
		}
	}
	return 0
}

// memberships lists the flows of IGMP or MLD: reports to switches, and their queries.
func memberships(i *host.Interface, source, group netip.Addr) []flow {
	if group.IsLinkLocalMulticast() {
		return nil // never reported
	}
	if group.Is4() {
		report := firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source,
			Dst: netip.MustParseAddr("224.0.0.22"), Protocol: "igmp", Type: 34, State: "new"}
		query := firewall.Packet{Hooks: firewall.Inbound, In: i.Name,
			Dst: netip.MustParseAddr("224.0.0.1"), Protocol: "igmp", Type: 17, State: "new"}
		return []flow{
			{report, "membership reports (IGMP)", "ip protocol igmp accept", false},
			{query, "queries for members (IGMP)", "ip protocol igmp accept", false},
		}
	}
	report := firewall.Packet{Hooks: firewall.Outbound, Out: i.Name,
		Dst: netip.MustParseAddr("ff02::16"), Protocol: "icmpv6", Type: 143, State: "untracked"}
	query := firewall.Packet{Hooks: firewall.Inbound, In: i.Name,
		Dst: netip.MustParseAddr("ff02::1"), Protocol: "icmpv6", Type: 130, State: "untracked"}
	return []flow{
		{report, "membership reports (MLD)", "icmpv6 type mld2-listener-report accept", false},
		{query, "queries for members (MLD)", "icmpv6 type mld-listener-query accept", false},
	}
}

// fixed is the control port that a mend names where none is given.
const fixed = 7701

// port returns a rule that accepts a control port.
func port(field string, n uint16) string {
	if n == 0 {
		n = fixed
	}
	return fmt.Sprintf("%s %d accept", field, n)
}

func toPort(n uint16) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" to port %d", n)
}
