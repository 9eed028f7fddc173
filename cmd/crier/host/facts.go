package host

import (
	"context"
	"net/netip"
	"runtime"
	"slices"

	"crier/cmd/crier/host/firewall"
)

// About is what facts are read for.
type About struct {
	// Interface is the interface, by name or address.
	Interface string
	// Group is the group, and Peers other hosts that are known, such as the publisher.
	Group netip.AddrPort
	Peers []netip.Addr
}

// Facts are what was read of this machine, for an interface and a group.
type Facts struct {
	About About
	// System is linux, darwin or windows.
	System     string
	Interfaces Reading[[]Interface]
	// GroupRoute is the way to the group by the interface, and Routes that to each peer.
	GroupRoute Reading[Route]
	Routes     map[netip.Addr]Reading[Route]
	// Memberships are those of all processes.
	Memberships Reading[Memberships]
	// AnyRoute is the way to the group that a program takes which names no interface.
	AnyRoute Reading[Route]
	// ReversePath is the setting rp_filter: 0 off, 1 strict, 2 loose. The larger of the
	// interface's and of all interfaces' counts.
	ReversePath Reading[int]
	Firewall    Reading[*firewall.Ruleset]
	// Machine has the facts that don't bear on the way of a datagram alone; nil if they were
	// not asked for.
	Machine *Machine
	// Trial is what sockets like crier's were granted and heard; nil if there was none.
	Trial *Trial
	// Seen is what came by the interface meanwhile, to any group.
	Seen Reading[[]Seen]
	// Before and After are the counters at two times.
	Before, After Counters
}

// Waiting reads the facts that tell why nothing comes; before are earlier counters. It takes
// some 20 ms.
func (r Roots) Waiting(ctx context.Context, about About, before Counters) *Facts {
	f := &Facts{
		About: about, System: runtime.GOOS,
		Interfaces:  Of(r.Interfaces()),
		Memberships: Of(r.Memberships()),
		Firewall:    Of(firewall.Read(ctx)),
		Before:      before,
		Routes:      make(map[netip.Addr]Reading[Route]),
	}
	f.ReversePath = notRead[int]()
	f.GroupRoute = notRead[Route]()
	f.Seen = notRead[[]Seen]()
	f.AnyRoute = Of(RouteTo(about.Group.Addr(), ""))
	name := about.Interface
	if i := f.Interface(); i != nil {
		name = i.Name
		f.ReversePath = Of(r.reversePath(name))
		f.GroupRoute = Of(RouteTo(about.Group.Addr(), name))
	}
	for _, peer := range about.Peers {
		f.Routes[peer] = Of(RouteTo(peer, ""))
	}
	f.After = r.Counters(name)
	return f
}

// ReachSenders reads the routes to those who were heard.
func (f *Facts) ReachSenders() {
	for _, s := range f.Trial.Heard {
		addr, by := s.From.Addr(), ""
		if i := f.Interface(); i != nil && addr.IsLinkLocalUnicast() {
			by = i.Name
		}
		if _, known := f.Routes[addr]; !known && len(f.Routes) < mostHeard {
			f.Routes[addr] = Of(RouteTo(addr.WithZone(""), by))
		}
	}
}

// reversePath returns the setting rp_filter that counts for an interface.
func (r Roots) reversePath(iface string) (int, error) {
	all, err := r.interfaceSysctl("ipv4", "all", "rp_filter")
	if err != nil {
		return 0, err
	}
	own, err := r.interfaceSysctl("ipv4", iface, "rp_filter")
	return max(all, own), err
}

// Interface returns the interface that the facts are about, or nil if there is none.
func (f *Facts) Interface() *Interface { return Find(f.Interfaces.Value, f.About.Interface) }

// Source returns the address that crier sends from to the group; ok is false without one.
func (f *Facts) Source() (_ netip.Addr, ok bool) {
	i := f.Interface()
	if i == nil {
		return netip.Addr{}, false
	}
	group := f.About.Group.Addr()
	asked, _ := netip.ParseAddr(f.About.Interface)
	var usual, linkLocal netip.Addr
	for _, a := range i.Family(group.Is4()) {
		switch {
		case a.Tentative || a.Duplicate:
		case a.Addr() == asked.WithZone(""):
			return a.Addr(), true
		case a.Addr().IsLinkLocalUnicast():
			if !linkLocal.IsValid() {
				linkLocal = a.Addr()
			}
		case !usual.IsValid():
			usual = a.Addr()
		}
	}
	list := []netip.Addr{usual, linkLocal}
	if group.Is6() && group.IsLinkLocalMulticast() {
		slices.Reverse(list)
	}
	for _, a := range list {
		if a.IsValid() {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// Grown returns by how much a protocol's counter has grown, and what it is now.
func (f *Facts) Grown(name string) (delta, total uint64, err error) {
	if err := f.After.Protocols.Err; err != nil {
		return 0, 0, err
	}
	total = f.After.Protocols.Value[name]
	if f.Before.Protocols.Err != nil || f.Before.At.IsZero() {
		return 0, total, nil
	}
	return total - min(total, f.Before.Protocols.Value[name]), total, nil
}
