package netflags

import (
	"net/netip"

	"crier/cmd/crier/cli"
)

// Source returns the address that --source names, or none where it is empty.
func Source(text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return addr, cli.Usagef("--source %q is not an address: give a publisher's, such as "+
			"192.0.2.7", text)
	}
	return addr, nil
}
