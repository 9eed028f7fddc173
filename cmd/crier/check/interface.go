package check

import (
	"fmt"
	"net/netip"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

// Interface asks whether the interface can carry the group.
func Interface(f *host.Facts, q Question) Check {
	const name = "interface"
	if f.Interfaces.Err != nil {
		return unknown(name, f.Interfaces.Err)
	}
	i := f.Interface()
	if i == nil {
		return problem(name, "--iface NAME", "%s does not exist; there are %s", q.Interface,
			names(f.Interfaces.Value))
	}
	switch {
	case !i.Up:
		return problem(name, "ip link set "+i.Name+" up", "%s is down", i.Name)
	case !i.Carrier && !i.Loopback:
		return problem(name, "plug in the cable, or bring the other end up",
			"%s is up, but has no link", i.Name)
	case !i.Multicast && !i.Loopback:
		return problem(name, "ip link set "+i.Name+" multicast on",
			"%s has no MULTICAST flag: groups can't be joined or sent to by it", i.Name)
	case i.Master != "" && i.Kind != "bridge":
		return problem(name, "--iface "+i.Master,
			"%s is a port of %s, which takes what comes by it", i.Name, i.Master)
	case i.Mode == "l3" || i.Mode == "l3s":
		return problem(name, "make it in mode l2: ip link add ... type ipvlan mode l2",
			"%s is an ipvlan in mode %s, which carries no multicast", i.Name, i.Mode)
	case i.Loopback && q.Group.Addr().Is6():
		return problem(name, elsewhere(f, q), "%s carries no IPv6 multicast", i.Name)
	}
	if c, bad := address(i, f, q); bad {
		return c
	}
	if i.Loopback {
		return loopback(f, q)
	}
	source, _ := f.Source()
	return ok(name, "%s is up, has a link, MULTICAST, %s, MTU %s", i.Name, source,
		cli.Grouped(uint64(i.MTU)))
}

// address asks whether there is an address to send from.
func address(i *host.Interface, f *host.Facts, q Question) (Check, bool) {
	const name = "interface"
	family, example := "IPv4", "192.0.2.7/24"
	if q.Group.Addr().Is6() {
		family, example = "IPv6", "fd00::7/64"
	}
	if _, ok := f.Source(); ok {
		return Check{}, false
	}
	list := i.Family(q.Group.Addr().Is4())
	switch {
	case len(list) == 0:
		return problem(name, fmt.Sprintf("ip addr add %s dev %s", example, i.Name),
			"%s has no %s address, which NACKs and data come from", i.Name, family), true
	case list[0].Duplicate:
		return problem(name, fmt.Sprintf("ip addr add %s dev %s", example, i.Name),
			"another host has the address %s of %s", list[0].Addr(), i.Name), true
	}
	return problem(name, "wait a second or two", "the address %s of %s is still being checked",
		list[0].Addr(), i.Name), true
}

// loopback tells what lo means.
func loopback(f *host.Facts, q Question) Check {
	const name = "interface"
	mend := elsewhere(f, q)
	switch {
	case q.Peer.IsValid() && !q.Peer.IsLoopback():
		return problem(name, mend, "%s reaches this machine alone, and not %s", q.Interface, q.Peer)
	case q.Defaulted:
		return note(name, mend, "%s, the default, reaches this machine alone", q.Interface)
	}
	return ok(name, "%s is up; it reaches this machine alone", q.Interface)
}

// elsewhere names the flag for a better interface than lo: the one that leads to the peer, or
// the first that could be meant.
func elsewhere(f *host.Facts, q Question) string {
	if r := f.Routes[q.Peer]; q.Peer.IsValid() && r.Err == nil && r.Value.Interface != "" {
		return "--iface " + r.Value.Interface
	}
	for _, i := range f.Interfaces.Value {
		if usable(&i, q.Group.Addr()) {
			return "--iface " + i.Name
		}
	}
	return "--iface NAME"
}

// usable reports whether a group could be carried by an interface of a network.
func usable(i *host.Interface, group netip.Addr) bool {
	return i.Up && i.Carrier && i.Multicast && !i.Loopback && i.Master == "" &&
		len(i.Family(group.Is4())) > 0
}

// names lists interfaces.
func names(list []host.Interface) string {
	var words []string
	for _, i := range list {
		word := i.Name
		if !i.Up {
			word += " (down)"
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
