package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
	"crier/cmd/crier/host/firewall"
)

// usualQuery is how often queriers ask, if nobody told them else (RFC 3376, section 8.2).
const usualQuery = 125 * time.Second

// Bridges asks whether software switches on this machine carry the group to its members.
func Bridges(f *host.Facts, q Question) Check {
	const name = "bridges"
	if f.Machine == nil || f.Machine.Bridges.Err != nil {
		if f.Machine == nil {
			return Check{Name: name, State: Unknown, Evidence: "not read"}
		}
		return unknown(name, f.Machine.Bridges.Err)
	}
	list := f.Machine.Bridges.Value
	if len(list) == 0 {
		return ok(name, "there is none on this machine")
	}
	var fine []string
	for _, b := range list {
		c := bridge(&b, q.Group.Addr())
		if c.State == OK {
			if filtered := bridged(f, q, &b); filtered.State != OK {
				c = filtered
			}
		}
		if c.State == Problem {
			return c
		}
		fine = append(fine, c.Evidence)
	}
	return ok(name, "%s", strings.Join(fine, "; "))
}

// bridge judges one by its snooping.
func bridge(b *host.Bridge, group netip.Addr) Check {
	const name = "bridges"
	mend := fmt.Sprintf("ip link set %s type bridge mcast_querier 1", b.Name)
	every := usualQuery
	switch {
	case !b.Snooping:
		return ok(name, "%s carries groups to all ports", b.Name)
	case b.Querier:
		every = b.QueryInterval
		mend = fmt.Sprintf("ip link set %s type bridge mcast_membership_interval %d", b.Name,
			(2*every+10*time.Second).Milliseconds()/10)
	case !b.Other.IsValid():
		return ok(name, "%s heard no querier, and carries groups to all ports", b.Name)
	}
	if b.MembershipInterval > 0 && b.MembershipInterval < every {
		return problem(name, mend, "%s forgets members after %s, and they are asked each %s: the "+
			"group stops in between", b.Name, cli.Duration(b.MembershipInterval),
			cli.Duration(every))
	}
	members := "none that it knows"
	if ports := b.Members[group]; len(ports) > 0 {
		members = strings.Join(few(ports), ", ")
	}
	if b.Querier {
		return ok(name, "%s asks for members itself; of %s: %s", b.Name, group, members)
	}
	return ok(name, "%s hears the querier %s; members of %s: %s", b.Name, b.Other, group, members)
}

// bridged asks whether rules of the packet filter stop what a bridge carries.
func bridged(f *host.Facts, q Question, b *host.Bridge) Check {
	const name = "bridges"
	if f.Firewall.Err != nil || f.Firewall.Value == nil || !q.Group.Addr().Is4() {
		return ok(name, "")
	}
	for _, one := range []flow{
		{firewall.Packet{Hooks: firewall.Bridged, Dst: q.Group.Addr(), Protocol: "udp",
			DstPort: q.Group.Port(), State: "new"}, "what goes to " + q.Group.String(),
			fmt.Sprintf("ip daddr %s udp dport %d accept", q.Group.Addr(), q.Group.Port()), false},
		{firewall.Packet{Hooks: firewall.Bridged, Dst: netip.MustParseAddr("224.0.0.22"),
			Protocol: "igmp", Type: 34, State: "new"}, "membership reports (IGMP)",
			"ip protocol igmp accept", false},
	} {
		if fate, cause := f.Firewall.Value.Fate(one.packet); fate == firewall.Dropped {
			dropped := blame{cause, []flow{one}}
			return problem(name, dropped.mend(), "dropped on %s: %s; by %s", b.Name, one.what,
				cause)
		}
	}
	return ok(name, "")
}

// wantedGroupQueue is how many datagrams to groups a macvlan should queue: a burst of them.
const wantedGroupQueue = 10_000

// Place asks whether this kind of machine has a network that carries multicast.
func Place(f *host.Facts, q Question) Check {
	const name = "network"
	i := f.Interface()
	if f.Machine == nil {
		return Check{Name: name, State: Unknown, Evidence: "not read"}
	}
	if f.Machine.Place.Err != nil {
		return unknown(name, f.Machine.Place.Err)
	}
	p := f.Machine.Place.Value
	switch {
	case i == nil:
		return noInterface(name)
	case i.Loopback:
		return ok(name, "none: %s", i.Name)
	case p.WSL == 1:
		return note(name, "use WSL 2, or crier for Windows", "WSL 1 joins no groups of a network")
	case p.WSL == 2:
		return note(name, "networkingMode=mirrored in .wslconfig, or crier for Windows",
			"WSL 2 has a network of its own behind address translation: other hosts' groups "+
				"don't come")
	case p.Container != "" && slices.Contains([]string{"veth", "bridge"}, i.Kind):
		return note(name, "run the container with --network host, or on a macvlan",
			"%s is a pair of interfaces of a container (%s): groups stay within its host's bridge",
			i.Name, p.Container)
	case p.Cloud != "" && p.Cloud != "OpenStack":
		return note(name, "see the provider's manual; else a group in each host, and TCP between",
			"%s carries no multicast between hosts, unless it was set up", p.Cloud)
	case i.Kind == "macvlan" && i.GroupQueue > 0 && i.GroupQueue < wantedGroupQueue:
		return note(name, fmt.Sprintf("ip link set %s type macvlan bcqueuelen 100000", i.Name),
			"%s is a macvlan, which queues at most %s to groups, and drops more of a burst",
			i.Name, cli.Counted(uint64(i.GroupQueue), "datagram", "datagrams"))
	case i.Kind == "macvlan":
		return ok(name, "%s is a macvlan: the host below does not hear it", i.Name)
	case i.Wireless:
		return note(name, "use a cable", "%s is wireless: groups go at the lowest rate, without "+
			"acknowledgement", i.Name)
	case i.Kind != "":
		return ok(name, "%s is a %s interface", i.Name, i.Kind)
	}
	return ok(name, "no sign of a network without multicast")
}
