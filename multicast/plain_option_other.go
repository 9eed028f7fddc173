//go:build !linux || crier_plain

package multicast

import (
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// plainOptions sets the multicast options of a socket of either family.
type plainOptions struct {
	// One of v4 and v6 is nil.
	v4 *ipv4.PacketConn
	v6 *ipv6.PacketConn
}

func newPlainOptions(udp *net.UDPConn, is4 bool) plainOptions {
	if is4 {
		return plainOptions{v4: ipv4.NewPacketConn(udp)}
	}
	return plainOptions{v6: ipv6.NewPacketConn(udp)}
}

// memberships are the methods that the sockets of both families have.
type memberships interface {
	SetMulticastInterface(*net.Interface) error
	SetMulticastLoopback(bool) error
	JoinGroup(*net.Interface, net.Addr) error
	LeaveGroup(*net.Interface, net.Addr) error
	JoinSourceSpecificGroup(_ *net.Interface, group, source net.Addr) error
	LeaveSourceSpecificGroup(_ *net.Interface, group, source net.Addr) error
}

func (o plainOptions) memberships() memberships {
	if o.v4 != nil {
		return o.v4
	}
	return o.v6
}

func (o plainOptions) join(ifi *net.Interface, group, source netip.Addr) error {
	if source.IsValid() {
		return o.memberships().JoinSourceSpecificGroup(ifi, udpAddr(group), udpAddr(source))
	}
	return o.memberships().JoinGroup(ifi, udpAddr(group))
}

func (o plainOptions) leave(ifi *net.Interface, group, source netip.Addr) error {
	if source.IsValid() {
		return o.memberships().LeaveSourceSpecificGroup(ifi, udpAddr(group), udpAddr(source))
	}
	return o.memberships().LeaveGroup(ifi, udpAddr(group))
}

// send sets the options of datagrams that are sent.
func (o plainOptions) send(ifi *net.Interface, cfg SocketConfig) error {
	if err := o.memberships().SetMulticastInterface(ifi); err != nil {
		return err
	}
	if err := o.memberships().SetMulticastLoopback(!cfg.NoLoopback); err != nil {
		return err
	}
	if o.v4 != nil {
		return o.v4.SetMulticastTTL(cfg.TTL)
	}
	return o.v6.SetMulticastHopLimit(cfg.TTL)
}

func (o plainOptions) setDSCP(dscp int) error {
	if o.v4 != nil {
		return o.v4.SetTOS(dscp << 2)
	}
	return o.v6.SetTrafficClass(dscp << 2)
}

// askDestination asks for the destinations of datagrams, and returns a buffer for the
// answer; nil on a system that does not tell.
func (o plainOptions) askDestination() []byte {
	if o.v4 != nil {
		if o.v4.SetControlMessage(ipv4.FlagDst, true) != nil {
			return nil
		}
		return ipv4.NewControlMessage(ipv4.FlagDst)
	}
	if o.v6.SetControlMessage(ipv6.FlagDst, true) != nil {
		return nil
	}
	return ipv6.NewControlMessage(ipv6.FlagDst)
}

// destination returns a datagram's destination, if the system tells.
func (o plainOptions) destination(oob []byte) (netip.Addr, bool) {
	var dst net.IP
	if o.v4 != nil {
		var cm ipv4.ControlMessage
		if cm.Parse(oob) != nil {
			return netip.Addr{}, false
		}
		dst = cm.Dst
	} else {
		var cm ipv6.ControlMessage
		if cm.Parse(oob) != nil {
			return netip.Addr{}, false
		}
		dst = cm.Dst
	}
	a, ok := netip.AddrFromSlice(dst)
	return a.Unmap(), ok
}

func udpAddr(a netip.Addr) *net.UDPAddr {
	return &net.UDPAddr{IP: a.AsSlice(), Zone: a.Zone()}
}
