package host

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// Watch tells which UDP to groups comes by an interface until ctx ends. It needs root.
func Watch(ctx context.Context, iface string) ([]Seen, error) {
	i, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, err
	}
	const all = 3 // ETH_P_ALL
	network := all<<8 | all>>8
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if errors.Is(err, syscall.EPERM) {
		return nil, errors.New("only root may see all that comes")
	}
	if err != nil {
		return nil, err
	}
	defer syscall.Close(fd)
	at := &syscall.SockaddrLinklayer{Protocol: uint16(network), Ifindex: i.Index}
	if err := syscall.Bind(fd, at); err != nil {
		return nil, err
	}
	// A read ends after this long, to see whether ctx has ended.
	wait := syscall.NsecToTimeval(int64(50 * time.Millisecond))
	err = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &wait)
	if err != nil {
		return nil, err
	}
	var list []Seen
	packet := make([]byte, mostFirst+128)
	for ctx.Err() == nil {
		n, from, err := syscall.Recvfrom(fd, packet, 0)
		switch {
		case errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return list, err
		}
		if a, ok := from.(*syscall.SockaddrLinklayer); ok && a.Pkttype != syscall.PACKET_OUTGOING {
			list = note(list, packet[:n])
		}
	}
	return list, nil
}
