package coordinator

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"runtime"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// namespace is a network namespace without a name. It vanishes with its last process and
// descriptor, with everything in it, whatever ends them.
type namespace struct {
	fd netns.NsHandle
	nl *netlink.Handle
}

// topology is a switch and its hosts, each in a namespace of its own, with no
// way out. Interface e0 of host i has the address 10.77.0.i+1.
type topology struct {
	sw    *namespace
	hosts []*namespace
}

const (
	hostInterface = "e0"
	bridgeName    = "br0"
)

// hostAddress returns the address of a host, with its network.
func hostAddress(i int) string { return fmt.Sprintf("10.77.%d.%d/16", i/200, i%200+1) }

// newTopology makes a switch and hosts. realFrames has the hosts segment large
// sends in software before they leave, and gro merge what they receive.
func newTopology(hosts, mtu int, realFrames, gro bool) (_ *topology, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("--net netns makes network namespaces, which needs root: run it " +
			"with sudo, or leave it out to measure on the loopback interface")
	}
	t := &topology{}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if t.sw, err = newNamespace(); err != nil {
		return nil, err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridgeName, MTU: mtu}}
	snooping := false // would hold back groups without a known member
	bridge.MulticastSnooping = &snooping
	if err := t.sw.nl.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("making a bridge: %w", err)
	}
	if err := t.sw.nl.LinkSetUp(bridge); err != nil {
		return nil, fmt.Errorf("bringing the bridge up: %w", err)
	}
	for i := range hosts {
		host, err := newNamespace()
		if err != nil {
			return nil, err
		}
		t.hosts = append(t.hosts, host)
		if err := t.connect(i, mtu, realFrames, gro); err != nil {
			return nil, fmt.Errorf("connecting host %d to the bridge: %w", i, err)
		}
	}
	return t, nil
}

// connect plugs a host into the switch.
func (t *topology) connect(i, mtu int, realFrames, gro bool) error {
	host := t.hosts[i]
	port := fmt.Sprintf("p%d", i)
	veth := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: port, MTU: mtu},
		PeerName:  hostInterface, PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(int(host.fd)),
	}
	if err := t.sw.nl.LinkAdd(veth); err != nil {
		return err
	}
	bridge, err := t.sw.nl.LinkByName(bridgeName)
	if err != nil {
		return err
	}
	if err := t.sw.nl.LinkSetMaster(veth, bridge); err != nil {
		return err
	}
	if err := t.sw.nl.LinkSetUp(veth); err != nil {
		return err
	}
	e0, err := host.nl.LinkByName(hostInterface)
	if err != nil {
		return err
	}
	addr, err := netlink.ParseAddr(hostAddress(i))
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
		if err := t.sw.do(func() error { return setFeatures(port, features) }); err != nil {
			return err
		}
	}
	if realFrames {
		features := map[string]bool{segmentFeature: false}
		for _, name := range mergeFeatures {
			features[name] = gro
		}
		return host.do(func() error { return setFeatures(hostInterface, features) })
	}
	return nil
}

// close closes the namespaces. Those with processes vanish with the last of them.
func (t *topology) close() {
	if t == nil {
		return
	}
	for _, n := range append(t.hosts, t.sw) {
		n.close()
	}
}

// newNamespace makes a namespace with the loopback interface up.
func newNamespace() (*namespace, error) {
	n := &namespace{}
	err := onThread(func() error {
		fd, err := netns.New()
		if err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		n.fd = fd
		// IPv6 would only talk to itself while figures are taken.
		for _, which := range []string{"all", "default"} {
			err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n.nl, err = netlink.NewHandleAt(n.fd); err != nil {
		n.close()
		return nil, err
	}
	lo, err := n.nl.LinkByName("lo")
	if err == nil {
		err = n.nl.LinkSetUp(lo)
	}
	if err != nil {
		n.close()
		return nil, fmt.Errorf("bringing the loopback interface up: %w", err)
	}
	return n, nil
}

// do runs f on a thread in the namespace.
func (n *namespace) do(f func() error) error {
	return onThread(func() error {
		if err := netns.Set(n.fd); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

func (n *namespace) close() {
	if n == nil {
		return
	}
	if n.nl != nil {
		n.nl.Close()
	}
	n.fd.Close()
}

// onThread runs f on a thread that ends with it, and may be changed for good.
func onThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- f()
	}()
	return <-done
}

// startAt starts a command at its place: a process inherits the namespace and
// the processors of the thread that starts it.
func startAt(cmd *exec.Cmd, at place) error {
	if at.namespace == nil && at.cpu < 0 {
		return cmd.Start()
	}
	return onThread(func() error {
		if at.namespace != nil {
			if err := netns.Set(at.namespace.fd); err != nil {
				return fmt.Errorf("entering a network namespace: %w", err)
			}
		}
		if at.cpu >= 0 {
			if err := pin(at.cpu); err != nil {
				return fmt.Errorf("taking processor %d alone: %w", at.cpu, err)
			}
		}
		return cmd.Start()
	})
}

// segmentFeature is the kernel's name for an interface's part in UDP_SEGMENT, and
// mergeFeatures for what merges datagrams of a group as it receives them.
const segmentFeature = "tx-udp-segmentation"

var (
	mergeFeatures = []string{"rx-gro", "rx-udp-gro-forwarding"}
	tcpFeatures   = []string{
		"tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation",
		"tx-tcp6-segmentation",
	}
)

func setFeatures(iface string, features map[string]bool) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.Change(iface, features); err != nil {
		return fmt.Errorf("setting %v of %s: %w", features, iface, err)
	}
	return nil
}
