package check

import (
	"fmt"
	"net/netip"
	"strings"

	"crier/cmd/crier/host"
	"crier/cmd/crier/host/firewall"
)

// A flow is a kind of packet that has to get through.
type flow struct {
	packet firewall.Packet
	// what describes it, and rule what accepts it, in nft's words.
	what, rule string
}

// Firewall asks whether the packet filter lets through what crier sends and receives.
func Firewall(f *host.Facts, q Question) Check {
	const name = "firewall"
	if f.Firewall.Err != nil {
		return unknown(name, f.Firewall.Err)
	}
	if len(f.Firewall.Value.Chains) == 0 {
		return ok(name, "there are no rules")
	}
	i := f.Interface()
	if i == nil {
		return noInterface(name)
	}
	var unsure *Check
	for _, one := range flows(f, q, i) {
		fate, cause := f.Firewall.Value.Fate(one.packet)
		switch fate {
		case firewall.Dropped:
			return problem(name, accept(one, cause), "%s %s dropped by %s", one.what, are(one),
				cause)
		case firewall.Undecided:
			if unsure == nil {
				c := note(name, accept(one, cause), "%s may be dropped by %s", one.what, cause)
				unsure = &c
			}
		}
	}
	if unsure != nil {
		return *unsure
	}
	return ok(name, "its rules let the group, NACKs and repairs, and memberships through")
}

// are returns the verb for what a flow describes.
func are(f flow) string {
	if strings.HasPrefix(f.what, "NACKs") || strings.HasPrefix(f.what, "repairs") ||
		strings.HasPrefix(f.what, "membership") || strings.HasPrefix(f.what, "queries") {
		return "are"
	}
	return "is"
}

// flows lists what has to get through, what matters most first.
func flows(f *host.Facts, q Question, i *host.Interface) []flow {
	source, _ := f.Source()
	group := q.Group
	var list []flow
	add := func(p firewall.Packet, what, rule string) {
		if p.Dst.IsValid() || p.Version != 0 {
			list = append(list, flow{p, what, rule})
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
			Version: version, Protocol: "udp", SrcPort: q.ControlPort, DstPort: q.PeerPort, State: "new"},
			"NACKs to publishers", port("udp sport", q.ControlPort))
		if !i.Loopback {
			list = append(list, memberships(i, source, group.Addr())...)
		}
	}
	if q.sends() {
		add(firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source, Dst: group.Addr(),
			Protocol: "udp", SrcPort: q.ControlPort, DstPort: group.Port(), State: "new"},
			fmt.Sprintf("what goes to %s", group), toGroup)
		add(firewall.Packet{Hooks: firewall.Inbound, In: i.Name, Src: q.Peer, Dst: source,
			Protocol: "udp", SrcPort: q.PeerPort, DstPort: q.ControlPort, State: "new"},
			"NACKs from subscribers"+toPort(q.ControlPort), port("udp dport", q.ControlPort))
		add(firewall.Packet{Hooks: firewall.Outbound, Out: i.Name, Src: source, Dst: q.Peer,
			Version: version, Protocol: "udp", SrcPort: q.ControlPort, DstPort: q.PeerPort,
			State: "established"}, "repairs to single subscribers", port("udp sport", q.ControlPort))
	}
	if q.receives() {
		add(firewall.Packet{Hooks: firewall.Inbound, In: i.Name, Src: q.Peer, Dst: source,
			Protocol: "udp", SrcPort: q.PeerPort, DstPort: q.ControlPort, State: "established"},
			"repairs from publishers"+toPort(q.ControlPort), port("udp dport", q.ControlPort))
	}
	return list
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
			{report, "membership reports (IGMP)", "ip protocol igmp accept"},
			{query, "queries for members (IGMP)", "ip protocol igmp accept"},
		}
	}
	report := firewall.Packet{Hooks: firewall.Outbound, Out: i.Name,
		Dst: netip.MustParseAddr("ff02::16"), Protocol: "icmpv6", Type: 143, State: "untracked"}
	query := firewall.Packet{Hooks: firewall.Inbound, In: i.Name,
		Dst: netip.MustParseAddr("ff02::1"), Protocol: "icmpv6", Type: 130, State: "untracked"}
	return []flow{
		{report, "membership reports (MLD)", "icmpv6 type mld2-listener-report accept"},
		{query, "queries for members (MLD)", "icmpv6 type mld-listener-query accept"},
	}
}

// port returns a rule that accepts a control port, or all of UDP where it isn't fixed.
func port(field string, n uint16) string {
	if n == 0 {
		return "meta l4proto udp accept"
	}
	return fmt.Sprintf("%s %d accept", field, n)
}

func toPort(n uint16) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" to port %d", n)
}

// accept returns the command that puts a rule before the one that drops.
func accept(one flow, cause firewall.Cause) string {
	return fmt.Sprintf("nft insert rule %s %s %s %s", cause.Base.Family, cause.Base.Table,
		cause.Base.Name, one.rule)
}
