package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// Interface is a network interface.
type Interface struct {
	Name  string
	Index int
	// Kind is the kind of a virtual one, such as veth, bridge, ipvlan, macvlan; "" else.
	Kind string
	// Mode is the mode of an ipvlan or a macvlan, such as l3 or bridge.
	Mode string
	// GroupQueue is how many datagrams to groups a macvlan queues; 0 where it queues none.
	GroupQueue                        int
	Loopback, Up, Multicast, Wireless bool
	// Carrier reports a link: a cable that is plugged in, or a peer that is up.
	Carrier bool
	MTU     int
	// Master is the bridge or bond that the interface is a port of.
	Master string
	Addrs  []Address
}

// Address is an address of an interface.
type Address struct {
	netip.Prefix
	// Tentative addresses are still being checked, and Duplicate ones are another host's
	// too: the kernel sends from neither.
	Tentative, Duplicate bool
}

// Has reports whether the interface has an address.
func (i *Interface) Has(addr netip.Addr) bool {
	return slices.ContainsFunc(i.Addrs, func(a Address) bool { return a.Addr() == addr })
}

// Reaches reports whether an address is in one of the interface's subnets.
func (i *Interface) Reaches(addr netip.Addr) bool {
	return slices.ContainsFunc(i.Addrs, func(a Address) bool { return a.Contains(addr) })
}

// Family returns the interface's addresses of IPv4, or of IPv6.
func (i *Interface) Family(is4 bool) []Address {
	var list []Address
	for _, a := range i.Addrs {
		if a.Addr().Is4() == is4 {
			list = append(list, a)
		}
	}
	return list
}

// Find returns the interface with a name or an address, or nil.
func Find(list []Interface, name string) *Interface {
	addr, err := netip.ParseAddr(name)
	for i := range list {
		if list[i].Name == name || err == nil && list[i].Has(addr.WithZone("")) &&
			(addr.Zone() == "" || addr.Zone() == list[i].Name) {
			return &list[i]
		}
	}
	return nil
}

// plainInterfaces lists the interfaces as package net knows them.
func plainInterfaces() ([]Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []Interface
	for _, i := range ifs {
		one := Interface{
			Name: i.Name, Index: i.Index, MTU: i.MTU,
			Loopback: i.Flags&net.FlagLoopback != 0, Up: i.Flags&net.FlagUp != 0,
			Carrier: i.Flags&net.FlagRunning != 0, Multicast: i.Flags&net.FlagMulticast != 0,
		}
		addrs, _ := i.Addrs() // one that has just been removed has none
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				one.Addrs = append(one.Addrs, Address{Prefix: prefixOf(n)})
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// prefixOf returns an address with its network, as package net has it.
func prefixOf(n *net.IPNet) netip.Prefix {
	addr, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits)
}

// Route is the way that the kernel would send to an address.
type Route struct {
	Interface string
	// Source is the address that it would send from.
	Source netip.Addr
	// Gateway is the router that comes first; invalid for an address on the link.
	Gateway netip.Addr
	// Local reports that the address is this machine's own.
	Local bool
}

// ErrNoRoute says that the kernel has no route to an address.
var ErrNoRoute = errors.New("the kernel has no route there")

// ErrBarred says that there is none since a rule or a route forbids it: one of the types
// unreachable, prohibit and blackhole.
var ErrBarred = fmt.Errorf("%w: a rule or a route forbids it", ErrNoRoute)
