package multicast

import "net/netip"

// ParseGroup parses a group's address and port, "239.77.0.1:7700" or "[ff05::77]:7700".
// Its errors are of type *ConfigError.
func ParseGroup(s string) (netip.AddrPort, error) {
	group, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.AddrPort{}, badConfig("group", s,
			"is not an address and a port; write it like 239.77.0.1:7700 or [ff05::77]:7700")
	}
	group = unmapped(group)
	return group, CheckGroup(group)
}

// CheckGroup returns an error of type *ConfigError if group cannot be joined and sent to.
func CheckGroup(group netip.AddrPort) error {
	a := group.Addr().Unmap()
	switch {
	case !a.IsValid():
		return badConfig("group", "(none)",
			"is missing; give an address and a port, like 239.77.0.1:7700")
	case !a.IsMulticast():
		return badConfig("group", group,
			"is not a multicast address; choose one in 239.0.0.0/8 (IPv4) or ff00::/8 (IPv6)")
	case a.Zone() != "":
		return badConfig("group", group,
			"names an interface; leave out %%%s and name it as the interface", a.Zone())
	case group.Port() == 0:
		return badConfig("group", group, "has port 0; choose a port from 1 to 65535")
	}
	return nil
}

// unmapped returns a with an IPv4-mapped IPv6 address replaced by the IPv4 address.
func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
