//go:build !linux || crier_plain

package multicast

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
)

// plainSocket is the bound socket of a plainConn. Another takes its place when the address
// changes.
type plainSocket struct {
	udp     *net.UDPConn
	options plainOptions
	local   netip.AddrPort
}

// newPlainSocket returns a socket bound to an address of an interface, or to a group.
func newPlainSocket(local netip.AddrPort, ifi *net.Interface) (*plainSocket, error) {
	network := "udp6"
	if local.Addr().Is4() {
		network = "udp4"
	}
	if a := local.Addr(); a.IsMulticast() && a.Is6() {
		local = netip.AddrPortFrom(a.WithZone(ifi.Name), local.Port())
	}
	// For a group this binds the port on all addresses, shared with others.
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(context.Background(), network, local.String())
	if err != nil {
		if errnoOf(err) == syscall.EADDRINUSE {
			err = fmt.Errorf("another program holds that port and does not share it; "+
				"choose another port, or stop that program: %w", err)
		}
		return nil, err
	}
	udp := pc.(*net.UDPConn)
	bound := udp.LocalAddr().(*net.UDPAddr).AddrPort()
	return &plainSocket{
		udp:     udp,
		options: newPlainOptions(udp, local.Addr().Is4()),
		local:   netip.AddrPortFrom(local.Addr(), bound.Port()),
	}, nil
}

// send sets the options of datagrams that are sent.
func (s *plainSocket) send(ifi *net.Interface, cfg SocketConfig) error {
	if err := s.options.send(ifi, cfg); err != nil {
		return err
	}
	if cfg.DSCP != 0 {
		if err := s.options.setDSCP(cfg.DSCP); err != nil {
			cfg.Logger.Warn("multicast: the DSCP cannot be set on this system",
				"DSCP", cfg.DSCP, "error", err)
		}
	}
	return nil
}

// grant asks for a socket buffer and returns its size, or 0 if that is unknown.
func grant(
	set func(int) error, udp *net.UDPConn, want int, read bool, log *slog.Logger,
) int {
	what := "send"
	if read {
		what = "receive"
	}
	n := want
	for set(n) != nil && n > 64<<10 { // some systems refuse a size that is too large
		n /= 2
	}
	got := grantedBuffer(udp, read)
	if got < want {
		log.Warn("multicast: the system granted less "+what+
			" buffer than was asked for, so a burst may not fit",
			"requested_bytes", want, "granted_bytes", got)
	}
	return got
}
