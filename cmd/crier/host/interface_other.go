//go:build !linux

package host

import "net/netip"

// Interfaces lists the network interfaces.
func (r Roots) Interfaces() ([]Interface, error) { return plainInterfaces() }

// RouteTo returns the kernel's route to an address.
func RouteTo(netip.Addr, string) (Route, error) { return Route{}, ErrNotReadable }

// cardDrops returns what a network card dropped.
func cardDrops(string) (map[string]uint64, error) { return nil, ErrNotReadable }
