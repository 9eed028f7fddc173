package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

// lowerUp is the kernel's IFF_LOWER_UP. IFF_RUNNING follows it up to a second later.
const lowerUp = 1 << 16

// Interfaces lists the network interfaces.
func (r Roots) Interfaces() ([]Interface, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return plainInterfaces()
	}
	names := make(map[int]string)
	for _, l := range links {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	var list []Interface
	for _, l := range links {
		a := l.Attrs()
		one := Interface{
			Name: a.Name, Index: a.Index, MTU: a.MTU, Master: names[a.MasterIndex],
			Loopback: a.Flags&net.FlagLoopback != 0, Up: a.Flags&net.FlagUp != 0,
			Carrier: a.RawFlags&lowerUp != 0, Multicast: a.Flags&net.FlagMulticast != 0,
		}
		if kind := l.Type(); kind != "device" {
			one.Kind = kind
		}
		switch l := l.(type) {
		case *netlink.IPVlan:
			one.Mode = map[netlink.IPVlanMode]string{
				netlink.IPVLAN_MODE_L2: "l2", netlink.IPVLAN_MODE_L3: "l3",
				netlink.IPVLAN_MODE_L3S: "l3s",
			}[l.Mode]
		case *netlink.Macvlan:
			one.Mode = map[netlink.MacvlanMode]string{
				netlink.MACVLAN_MODE_PRIVATE: "private", netlink.MACVLAN_MODE_VEPA: "vepa",
				netlink.MACVLAN_MODE_BRIDGE: "bridge", netlink.MACVLAN_MODE_PASSTHRU: "passthru",
			}[l.Mode]
			if l.Mode != netlink.MACVLAN_MODE_PASSTHRU {
				one.GroupQueue = int(l.UsedBCQueueLen)
			}
		}
		one.Wireless = r.isWireless(one)
		addrs, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil && !errors.Is(err, syscall.ENODEV) {
			return nil, fmt.Errorf("the addresses of %s: %w", a.Name, err)
		}
		for _, addr := range addrs {
			one.Addrs = append(one.Addrs, Address{
				Prefix:    prefixOf(addr.IPNet),
				Tentative: addr.Flags&syscall.IFA_F_TENTATIVE != 0,
				Duplicate: addr.Flags&syscall.IFA_F_DADFAILED != 0,
			})
		}
		list = append(list, one)
	}
	return list, nil
}

// isWireless asks /sys, which may show the interfaces of another namespace.
func (r Roots) isWireless(i Interface) bool {
	dir := filepath.Join(r.Sys, "class/net", i.Name)
	index, err := read(dir, "ifindex")
	if err != nil || strings.TrimSpace(index) != strconv.Itoa(i.Index) {
		return false
	}
	_, err = os.Stat(filepath.Join(dir, "wireless"))
	return !errors.Is(err, fs.ErrNotExist)
}

// RouteTo returns the kernel's route to an address; by an interface, unless that is "".
func RouteTo(to netip.Addr, iface string) (Route, error) {
	list, err := netlink.RouteGetWithOptions(to.AsSlice(), &netlink.RouteGetOptions{Oif: iface})
	switch {
	case errors.Is(err, syscall.ENETUNREACH):
		return Route{}, ErrNoRoute
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EACCES) ||
		errors.Is(err, syscall.EINVAL):
		return Route{}, ErrBarred
	case err != nil:
		return Route{}, err
	case len(list) == 0:
		return Route{}, ErrNoRoute
	}
	first := list[0]
	route := Route{Local: first.Type == syscall.RTN_LOCAL}
	if addr, ok := netip.AddrFromSlice(first.Src); ok {
		route.Source = addr.Unmap()
	}
	if addr, ok := netip.AddrFromSlice(first.Gw); ok {
		route.Gateway = addr.Unmap()
	}
	if link, err := netlink.LinkByIndex(first.LinkIndex); err == nil {
		route.Interface = link.Attrs().Name
	}
	return route, nil
}
