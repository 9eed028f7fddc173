package lan

import (
	"fmt"
	"slices"
	"strings"

	"crier/multicast"
)

// Machine is a machine with an interface on each of several LANs: a network whose sockets
// are those of a host of each. The interfaces are eth0, eth1 and so on, in the order of the
// hosts, or have the hosts' addresses.
type Machine struct{ hosts []*Host }

var _ multicast.Network = (*Machine)(nil)

// NewMachine returns a machine with the hosts of one LAN each.
func NewMachine(hosts ...*Host) *Machine { return &Machine{hosts} }

// on returns the host that an interface is of, whose own interface is always eth0.
func (m *Machine) on(ifname string) (*Host, error) {
	i := slices.IndexFunc(m.hosts, func(h *Host) bool { return h.addr.String() == ifname })
	for n := range m.hosts {
		if ifname == fmt.Sprintf("eth%d", n) {
			i = n
		}
	}
	if i < 0 {
		var all []string
		for n, h := range m.hosts {
			all = append(all, fmt.Sprintf("eth%d with %v", n, h.addr))
		}
		return nil, &multicast.ConfigError{Field: "interface", Value: fmt.Sprintf("%q", ifname),
			Reason: "does not exist on the simulated machine; there are " + strings.Join(all, ", ")}
	}
	return m.hosts[i], nil
}

// Group implements multicast.Network.
func (m *Machine) Group(cfg multicast.GroupConfig) (multicast.Conn, error) {
	h, err := m.on(cfg.Interface)
	if err != nil {
		return nil, err
	}
	cfg.Interface = hostInterface
	return h.Group(cfg)
}

// Groups implements multicast.Network.
func (m *Machine) Groups(cfg multicast.GroupConfig) (multicast.GroupsConn, error) {
	h, err := m.on(cfg.Interface)
	if err != nil {
		return nil, err
	}
	cfg.Interface = hostInterface
	return h.Groups(cfg)
}

// Socket implements multicast.Network.
func (m *Machine) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	h, err := m.on(cfg.Interface)
	if err != nil {
		return nil, err
	}
	cfg.Interface = hostInterface
	return h.Socket(cfg)
}

// Timer implements multicast.Network.
func (m *Machine) Timer() (multicast.Timer, error) { return multicast.NewTimer(), nil }
