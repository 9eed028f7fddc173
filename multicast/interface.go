package multicast

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// ResolveInterface finds an interface by its name ("eth0") or by one of its addresses
// ("10.1.2.3"), and checks that it is up. If there is no such interface, the error is a
// *ConfigError that lists those that there are.
func ResolveInterface(name string) (*net.Interface, error) {
	ifi, err := findInterface(name)
	if err != nil {
		return nil, err
	}
	if ifi.Flags&net.FlagUp == 0 {
		return nil, badConfig("interface", ifi.Name, "is down; bring it up, or choose another")
	}
	return ifi, nil
}

// listHint returns what to do about an error of net.Interfaces.
func listHint(err error) string {
	if errors.Is(err, syscall.EMFILE) {
		return "; too many files are open, raise the limit (ulimit -n)"
	}
	return ""
}

func findInterface(name string) (*net.Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		// This is the system's error: a *ConfigError would blame the name.
		return nil, fmt.Errorf(
			"multicast: look up interface %q: the system does not list its interfaces%s: %w",
			name, listHint(err), err)
	}
	if name == "" {
		return nil, badConfig("interface", name, "is missing; name one of %s", interfaceNames(ifs))
	}
	named := func(ifi net.Interface) bool { return ifi.Name == name }
	if i := slices.IndexFunc(ifs, named); i >= 0 {
		return &ifs[i], nil
	}
	addr, err := netip.ParseAddr(name)
	if err != nil {
		return nil, badConfig("interface", name,
			"does not exist; there are %s", interfaceNames(ifs))
	}
	for i := range ifs {
		if addr.Zone() != "" && addr.Zone() != ifs[i].Name {
			continue // interfaces may share a link-local address
		}
		if slices.Contains(interfaceAddrs(&ifs[i]), addr.Unmap().WithZone("")) {
			return &ifs[i], nil
		}
	}
	return nil, badConfig("interface", name,
		"is not an address of this machine; its interfaces are %s", interfaceNames(ifs))
}

// SourceAddr returns the address of an interface that datagrams to a group are sent from:
// prefer, if it is one of them and of the group's family; else the first whose scope fits
// the group. If the interface has no address of that family, the error is a *ConfigError.
// An IPv6 link-local address has the interface as its zone.
func SourceAddr(ifi *net.Interface, group, prefer netip.Addr) (netip.Addr, error) {
	var first, linkLocal netip.Addr
	prefer = prefer.Unmap().WithZone("")
	for _, a := range interfaceAddrs(ifi) {
		if a.Is4() != group.Unmap().Is4() {
			continue
		}
		zoned := a
		if a.Is6() && a.IsLinkLocalUnicast() {
			zoned = a.WithZone(ifi.Name)
		}
		switch {
		case a == prefer:
			return zoned, nil
		case a.IsLinkLocalUnicast():
			linkLocal = firstOf(linkLocal, zoned)
		default:
			first = firstOf(first, zoned)
		}
	}
	if group.IsLinkLocalMulticast() && group.Is6() {
		first, linkLocal = linkLocal, first
	}
	if a := firstOf(first, linkLocal); a.IsValid() {
		return a, nil
	}
	family := "IPv4"
	if !group.Unmap().Is4() {
		family = "IPv6"
	}
	return netip.Addr{}, badConfig("interface", ifi.Name,
		"has no %s address, which group %v needs; give it one, or choose another", family, group)
}

// firstOf returns a if it is valid, else b.
func firstOf(a, b netip.Addr) netip.Addr {
	if a.IsValid() {
		return a
	}
	return b
}

// interfaceAddrs returns an interface's addresses without zones. One that cannot be asked,
// because it has just been removed, has none.
func interfaceAddrs(ifi *net.Interface) []netip.Addr {
	nets, err := ifi.Addrs()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, n := range nets {
		if p, ok := n.(*net.IPNet); ok {
			if a, ok := netip.AddrFromSlice(p.IP); ok {
				list = append(list, a.Unmap())
			}
		}
	}
	return list
}

// interfaceNames returns the names of interfaces, for an error.
func interfaceNames(ifs []net.Interface) string {
	names := make([]string, len(ifs))
	for i, ifi := range ifs {
		names[i] = ifi.Name
		if ifi.Flags&net.FlagUp == 0 {
			names[i] += " (down)"
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
