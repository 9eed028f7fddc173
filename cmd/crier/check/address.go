package check

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
)

const (
	// fullMTU is what datagrams of the usual size need, and leastMTU what the least do.
	fullMTU  = 1500
	leastMTU = 256 + 48
)

// MTU asks whether datagrams of the usual size fit the interface.
func MTU(f *host.Facts, q Question) Check {
	const name = "MTU"
	i := f.Interface()
	switch {
	case i == nil:
		return noInterface(name)
	case i.MTU < leastMTU:
		return problem(name, fmt.Sprintf("ip link set %s mtu %d", i.Name, fullMTU),
			"%d is too small for a frame", i.MTU)
	case i.MTU < fullMTU:
		return note(name, fmt.Sprintf("ip link set %s mtu %d", i.Name, fullMTU),
			"%s is less than %s: a publisher here sends smaller datagrams, and larger ones from "+
				"others don't come", cli.Grouped(uint64(i.MTU)), cli.Grouped(fullMTU))
	}
	return ok(name, "%s; datagrams have 1,472 B or less", cli.Grouped(uint64(i.MTU)))
}

// Source asks which address datagrams come from, where there is a choice.
func Source(f *host.Facts, q Question) Check {
	const name = "source"
	i := f.Interface()
	source, found := f.Source()
	if i == nil {
		return noInterface(name)
	}
	if !found {
		return Check{Name: name, State: Unknown, Evidence: i.Name + " has no address for the group"}
	}
	if peer := q.Peer; peer.IsValid() && !i.Reaches(peer) {
		for _, a := range i.Family(peer.Is4()) {
			if !a.Addr().IsLinkLocalUnicast() {
				return subnet(f, q, i, a)
			}
		}
	}
	var others []string
	for _, a := range i.Family(q.Group.Addr().Is4()) {
		if a.Addr() != source && !a.Addr().IsLinkLocalUnicast() {
			others = append(others, a.Addr().String())
		}
	}
	if len(others) > 0 && q.Interface == i.Name {
		return note(name, "--iface "+others[0], "%s of %s is taken; it has %s, too", source, i.Name,
			strings.Join(others, ", "))
	}
	var nics []string
	for _, one := range f.Interfaces.Value {
		if usable(&one, q.Group.Addr()) {
			nics = append(nics, one.Name)
		}
	}
	if len(nics) > 1 && !i.Loopback {
		return ok(name, "%s of %s; there are %s", source, i.Name, strings.Join(nics, ", "))
	}
	return ok(name, "%s of %s", source, i.Name)
}

// subnet tells of a peer that is in none of the interface's subnets.
func subnet(f *host.Facts, q Question, i *host.Interface, a host.Address) Check {
	const name = "source"
	r, known := f.Routes[q.Peer]
	mend := fmt.Sprintf("ip addr add ADDRESS/%d dev %s, in the subnet of %s", a.Bits(), i.Name,
		q.Peer)
	switch {
	case known && r.Err == nil && r.Value.Local:
		return note(name, "name the other host", "%s is an address of this host", q.Peer)
	case known && errors.Is(r.Err, host.ErrNoRoute) && !errors.Is(r.Err, host.ErrBarred):
		return problem(name, mend, "%s is in another subnet than %s, and there is no route to it",
			q.Peer, a)
	case i.Loopback:
		return ok(name, "%s of %s", a.Addr(), i.Name)
	case known && r.Err == nil && r.Value.Interface == i.Name && !r.Value.Gateway.IsValid():
		return ok(name, "%s; %s is on the link", a.Addr(), q.Peer)
	}
	return note(name, mend, "%s is in another subnet than %s", q.Peer, a)
}

// Route asks whether the kernel sends the group by the interface, and the peer too.
func Route(f *host.Facts, q Question) Check {
	const name = "route"
	i := f.Interface()
	if i == nil {
		return noInterface(name)
	}
	if !i.Up {
		return Check{Name: name, State: Unknown, Evidence: i.Name + " is down"}
	}
	switch r := f.GroupRoute; {
	case errors.Is(r.Err, host.ErrNoRoute):
		return problem(name, groupRoute(q, i), "the kernel has no route to %s by %s",
			q.Group.Addr(), i.Name)
	case r.Err != nil:
		return unknown(name, r.Err)
	}
	if r, known := f.Routes[q.Peer]; known {
		switch {
		case errors.Is(r.Err, host.ErrBarred):
			return problem(name, barred(q.Peer),
				"a rule or a route forbids what is for %s: NACKs and repairs can't go there", q.Peer)
		case errors.Is(r.Err, host.ErrNoRoute):
			return problem(name, fmt.Sprintf("ip route add %s dev %s", q.Peer, i.Name),
				"there is no route to %s: NACKs and repairs can't go there", q.Peer)
		case r.Err == nil && !r.Value.Local && r.Value.Interface != i.Name && !i.Loopback:
			return note(name, "--iface "+r.Value.Interface,
				"what is for %s alone leaves by %s, not by %s", q.Peer, r.Value.Interface, i.Name)
		}
	}
	if r := f.AnyRoute; r.Err == nil && r.Value.Interface != i.Name && !i.Loopback {
		return ok(name, "%s by %s, as told; other programs' default is %s", q.Group.Addr(), i.Name,
			r.Value.Interface)
	}
	return ok(name, "%s leaves by %s", q.Group.Addr(), i.Name)
}

// barred returns what mends a rule or a route that forbids an address.
func barred(to netip.Addr) string {
	return fmt.Sprintf("ip rule; ip route show table all: delete the entry of type unreachable, "+
		"prohibit or blackhole that covers %s", to)
}

// groupRoute returns the command that gives groups a route.
func groupRoute(q Question, i *host.Interface) string {
	if q.Group.Addr().Is4() {
		return "ip route add 224.0.0.0/4 dev " + i.Name
	}
	return "ip -6 route add table local multicast ff00::/8 dev " + i.Name
}

// TTL asks whether datagrams live long enough to reach the peer.
func TTL(f *host.Facts, q Question) Check {
	const name = "TTL"
	ttl := max(q.TTL, 1)
	if !q.Peer.IsValid() {
		if ttl == 1 {
			return ok(name, "1: datagrams stay in this network")
		}
		return ok(name, "%d, where routers pass the group on", ttl)
	}
	r, known := f.Routes[q.Peer]
	if known && r.Err == nil && r.Value.Gateway.IsValid() {
		if ttl == 1 {
			return problem(name, "--ttl 8, and multicast routing (PIM) between the networks",
				"%s is behind the router %s, and with TTL 1 no router passes the group on",
				q.Peer, r.Value.Gateway)
		}
		return note(name, "", "%s is behind the router %s, which must route multicast (PIM)",
			q.Peer, r.Value.Gateway)
	}
	return ok(name, "%d; no router lies between", ttl)
}
