package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/vishvananda/netlink"
)

// Topology is a switch and its hosts, each in a namespace of its own, with no
// way out. Interface e0 of host i has the address 10.77.0.i+1.
type Topology struct {
	Switch *Namespace
	Hosts  []*Namespace
}

const (
	// HostInterface is the interface of each host.
	HostInterface = "e0"
	// BridgeName is the bridge in the switch.
	BridgeName = "br0"
)

// HostAddress returns the address of a host, with its network.
func HostAddress(i int) string { return fmt.Sprintf("10.77.%d.%d/16", i/200, i%200+1) }

// NewTopology makes a switch and hosts. realFrames has the hosts segment large
// sends in software before they leave, and gro merge what they receive.
func NewTopology(hosts, mtu int, realFrames, gro bool) (_ *Topology, err error) {
	t := &Topology{}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if t.Switch, err = quiet(); err != nil {
		return nil, err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: BridgeName, MTU: mtu}}
	snooping := false // would hold back groups without a known member
	bridge.MulticastSnooping = &snooping
	if err := t.Switch.nl.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("making a bridge: %w", err)
	}
	if err := t.Switch.nl.LinkSetUp(bridge); err != nil {
		return nil, fmt.Errorf("bringing the bridge up: %w", err)
	}
	for i := range hosts {
		host, err := quiet()
		if err != nil {
			return nil, err
		}
		t.Hosts = append(t.Hosts, host)
		if err := t.connect(i, mtu, realFrames, gro); err != nil {
			return nil, fmt.Errorf("connecting host %d to the bridge: %w", i, err)
		}
	}
	return t, nil
}

// connect plugs a host into the switch.
func (t *Topology) connect(i, mtu int, realFrames, gro bool) error {
	host := t.Hosts[i]
	port := fmt.Sprintf("p%d", i)
	veth := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: port, MTU: mtu},
		PeerName:  HostInterface, PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(int(host.fd)),
	}
	if err := t.Switch.nl.LinkAdd(veth); err != nil {
		return err
	}
	bridge, err := t.Switch.nl.LinkByName(BridgeName)
	if err != nil {
		return err
	}
	if err := t.Switch.nl.LinkSetMaster(veth, bridge); err != nil {
		return err
	}
	if err := t.Switch.nl.LinkSetUp(veth); err != nil {
		return err
	}
	e0, err := host.nl.LinkByName(HostInterface)
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(HostAddress(i))
	if err != nil {
		return err
	}
	if err := host.nl.AddrAdd(e0, addr); err != nil {
		return err
	}
	if err := host.nl.LinkSetUp(e0); err != nil {
		return err
	}
	_, groups, err := net.ParseCIDR("224.0.0.0/4")
	if err != nil {
		return err
	}
	route := &netlink.Route{LinkIndex: e0.Attrs().Index, Dst: groups, Scope: netlink.SCOPE_LINK}
	if err := host.nl.RouteAdd(route); err != nil {
		return err
	}
	if gro {
		// A veth interface merges nothing that its peer might have sent as one.
		features := make(map[string]bool)
		for _, name := range tcpFeatures {
			features[name] = false
		}
		if err := t.Switch.Do(func() error { return SetFeatures(port, features) }); err != nil {
			return err
		}
	}
	if realFrames {
		features := map[string]bool{segmentFeature: false}
		for _, name := range mergeFeatures {
			features[name] = gro
		}
		return host.Do(func() error { return SetFeatures(HostInterface, features) })
	}
	return nil
}

// Close closes the namespaces. Those with processes vanish with the last of them.
func (t *Topology) Close() {
	if t == nil {
		return
	}
	for _, n := range append(t.Hosts, t.Switch) {
		n.Close()
	}
}

// quiet makes a namespace without IPv6, which would only talk to itself while figures are
// taken.
func quiet() (*Namespace, error) {
	n, err := New()
	if err != nil {
		return nil, err
	}
	err = n.Do(func() error {
		for _, which := range []string{"all", "default"} {
			err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}
