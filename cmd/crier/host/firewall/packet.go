package firewall

import (
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A Packet is what is known of packets whose fate is asked. What is not known is empty.
type Packet struct {
	// Hooks are those that it passes: Inbound, Outbound or those of a bridge.
	Hooks []string
	// In and Out are the interfaces that it comes and goes by.
	In, Out string
	// Src and Dst are its addresses. Dst decides the family, and has to be known, unless
	// Version says it: 4 or 6.
	Src, Dst netip.Addr
	Version  int
	// Protocol is udp, igmp or icmpv6, and Type the message's type of the last two, such as
	// 22 for a membership report.
	Protocol string
	Type     int
	// SrcPort and DstPort are the ports of UDP.
	SrcPort, DstPort uint16
	// State is how connection tracking sees it: new, established.
	State string
}

// Inbound and Outbound are the hooks of packets to this machine, and from it.
var (
	Inbound  = []string{"ingress", "prerouting", "input"}
	Outbound = []string{"output", "postrouting", "egress"}
)

// Bridged are the hooks of packets that a bridge carries from port to port.
var Bridged = []string{"bridge prerouting", "bridge forward", "bridge postrouting"}

// is4 reports whether the packet is of IPv4.
func (p *Packet) is4() bool {
	if p.Version != 0 {
		return p.Version == 4
	}
	return p.Dst.Is4()
}

// An answer is whether a packet meets a condition.
type answer int

const (
	no answer = iota
	maybe
	yes
)

func (a answer) not() answer { return yes - a }

// meets tells whether the packet meets all of a rule's conditions.
func (p *Packet) meets(r *Rule) answer {
	all := yes
	for _, c := range r.Conditions {
		all = min(all, p.one(c))
	}
	return all
}

// one tells whether the packet meets a condition.
func (p *Packet) one(c Condition) answer {
	if len(c.Fields) == 0 {
		return maybe
	}
	for _, f := range c.Fields {
		if !p.has(f) { // then neither a condition nor its opposite is met
			return no
		}
	}
	some := no
	for _, element := range c.Values {
		if len(element) != len(c.Fields) {
			return maybe
		}
		all := yes
		for i, f := range c.Fields {
			all = min(all, p.field(f, element[i]))
		}
		some = max(some, all)
	}
	if c.Not {
		return some.not()
	}
	return some
}

// has reports whether a packet of its family and protocol has a field at all.
func (p *Packet) has(field string) bool {
	layer, _, two := strings.Cut(field, " ")
	if !two {
		return true
	}
	switch layer {
	case "ip", "icmp":
		return p.is4() && (layer == "ip" || p.Protocol == "icmp")
	case "ip6":
		return !p.is4()
	case "udp", "udplite", "tcp", "sctp", "dccp", "igmp", "icmpv6":
		return p.Protocol == layer
	case "th":
		return p.Protocol == "udp"
	}
	return true
}

// field tells whether a field of the packet is a value.
func (p *Packet) field(name, value string) answer {
	switch name {
	case "iif", "iifname":
		return isName(p.In, value, !p.hooks("output", "postrouting"))
	case "oif", "oifname":
		return isName(p.Out, value, !p.hooks("prerouting", "input"))
	case "l4proto", "ip protocol", "ip6 nexthdr":
		if name == "ip6 nexthdr" && p.Protocol == "icmpv6" {
			return maybe // a membership report has a header before it
		}
		return isProtocol(p.Protocol, value)
	case "nfproto":
		return isWord(map[bool]string{true: "ipv4", false: "ipv6"}[p.is4()], value)
	case "protocol":
		return isWord(map[bool]string{true: "ip", false: "ip6"}[p.is4()], value)
	case "ether type":
		return p.isEtherType(value)
	case "ip saddr", "ip6 saddr":
		return isAddr(p.Src, value)
	case "ip daddr", "ip6 daddr":
		return isAddr(p.Dst, value)
	case "udp sport", "th sport":
		return isNumber(int(p.SrcPort), p.SrcPort != 0, value)
	case "udp dport", "th dport":
		return isNumber(int(p.DstPort), p.DstPort != 0, value)
	case "igmp type", "icmpv6 type":
		return p.isType(value)
	case "ct state":
		if p.State == "" {
			return maybe
		}
		return isWord(p.State, value)
	case "ct status":
		if value == "dnat" || value == "snat" {
			return no // nobody translates addresses of groups
		}
	case "pkttype":
		return p.isPacketType(value)
	case "fib daddr type":
		return p.isPacketType(value)
	}
	return maybe
}

func (p *Packet) hooks(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(p.Hooks, n) })
}

// isPacketType compares how the packet is addressed: to a group, or to one host.
func (p *Packet) isPacketType(value string) answer {
	value = strings.ToLower(value)
	switch {
	case !p.Dst.IsValid():
		return maybe
	case p.Dst.IsMulticast():
		return isWord("multicast", value)
	case value == "multicast" || value == "broadcast":
		return no
	}
	return maybe
}

// typeNames are the names that nft gives to the types that crier's packets may have.
var typeNames = map[string]int{
	"membership-query": 17, "membership-report-v1": 18, "membership-report-v2": 22,
	"leave-group": 23, "membership-report-v3": 34,
	"mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
	"mld-listener-reduction": 132, "mld2-listener-report": 143,
}

// isEtherType compares the Ethernet protocol.
func (p *Packet) isEtherType(value string) answer {
	switch strings.ToLower(value) {
	case "ip", "0x0800", "2048":
		return isWord("4", map[bool]string{true: "4"}[p.is4()])
	case "ip6", "0x86dd", "34525":
		return isWord("6", map[bool]string{false: "6"}[p.is4()])
	}
	return no
}

func (p *Packet) isType(value string) answer {
	if n, ok := typeNames[value]; ok {
		value = strconv.Itoa(n)
	} else if strings.Trim(value, "0123456789-") != "" {
		return no // a name of another type
	}
	return isNumber(p.Type, p.Type != 0, value)
}

// protocols are the numbers of protocols.
var protocols = map[string]string{
	"0": "hopopt", "1": "icmp", "2": "igmp", "6": "tcp", "17": "udp", "58": "icmpv6",
	"ipv6-icmp": "icmpv6", "132": "sctp", "136": "udplite",
}

func isProtocol(have, value string) answer {
	if low, high, ok := strings.Cut(value, "-"); ok && protocols[value] == "" {
		return isRange(protocolNumber(have), protocolNumber(low), protocolNumber(high))
	}
	if name, ok := protocols[value]; ok {
		value = name
	}
	return isWord(have, value)
}

func protocolNumber(name string) int {
	for number, n := range protocols {
		if n == name {
			name = number
			break
		}
	}
	n, _ := strconv.Atoi(name)
	return n
}

func isRange(n, low, high int) answer {
	if n >= low && n <= high {
		return yes
	}
	return no
}

func isWord(have, value string) answer {
	if strings.EqualFold(have, value) {
		return yes
	}
	return no
}

// isName compares an interface's name with one that may end in * or +. A packet that has no
// such interface yet has the name "", and meets nothing.
func isName(have, value string, lacks bool) answer {
	if have == "" && lacks {
		return maybe
	}
	if strings.HasSuffix(value, "+") {
		value = strings.TrimSuffix(value, "+") + "*"
	}
	if ok, err := path.Match(value, have); err != nil || !ok {
		return no
	}
	return yes
}

// isAddr compares an address with an address, a prefix or a range.
func isAddr(have netip.Addr, value string) answer {
	low, high, ok := strings.Cut(value, "-")
	if !ok {
		high = low
	}
	from, err := netip.ParseAddr(low)
	to, err2 := netip.ParseAddr(high)
	if err == nil && err2 == nil {
		if !have.IsValid() {
			return maybe
		}
		if from.Compare(have) <= 0 && have.Compare(to) <= 0 {
			return yes
		}
		return no
	}
	prefix, err := netip.ParsePrefix(value)
	switch {
	case err != nil:
		return maybe
	case prefix.Bits() == 0:
		return yes
	case !have.IsValid():
		return maybe
	case prefix.Contains(have):
		return yes
	}
	return no
}

// isNumber compares a number, if it is known, with a number or a range.
func isNumber(have int, known bool, value string) answer {
	low, high, ok := strings.Cut(value, "-")
	if !ok {
		high = low
	}
	from, err := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	switch {
	case err != nil || err2 != nil:
		return maybe
	case from <= 0 && to >= 65535:
		return yes
	case !known:
		return maybe
	case have >= from && have <= to:
		return yes
	}
	return no
}
