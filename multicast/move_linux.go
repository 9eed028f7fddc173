//go:build !crier_plain

package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// errOtherNamespace reports that a socket cannot follow its address.
var errOtherNamespace = errors.New(
	"it was opened in another network namespace than this process is in")

// move binds the socket to another address of its interface, on the port that it had; or
// on any other port, if that one is taken and the configuration names none. A new socket
// takes the old one's place under the same descriptor, so that readers and writers go on
// with it. Datagrams that waited to be read are lost.
func (c *conn) move(cfg SocketConfig, to netip.Addr, index int) (netip.AddrPort, error) {
	if to.IsLinkLocalUnicast() && to.Is6() {
		to = to.WithZone(c.zone.name)
	}
	cfg.Logger = slog.New(slog.DiscardHandler) // the first socket logged what was granted
	b, err := bindSocket(cfg, c.zone.name, index, netip.AddrPortFrom(to, c.LocalAddr().Port()))
	if errors.Is(err, unix.EADDRINUSE) && cfg.Port == 0 {
		b, err = bindSocket(cfg, c.zone.name, index, netip.AddrPortFrom(to, 0))
	}
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer unix.Close(b.fd)

	c.drops.mu.Lock() // its counter begins again
	defer c.drops.mu.Unlock()
	closed := c.raw.Control(func(old uintptr) {
		if !sameNamespace(int(old), b.fd) {
			err = errOtherNamespace
			return
		}
		c.drops.read(old)
		// A step that may fail comes first: a retry needs the port, which the new socket
		// has until it is closed.
		if err = c.waker.renew(b.fd); err != nil {
			return
		}
		if err = os.NewSyscallError("dup3", unix.Dup3(b.fd, int(old), unix.O_CLOEXEC)); err == nil {
			c.drops.last = 0
		}
	})
	if err != nil || closed != nil {
		return netip.AddrPort{}, err
	}
	c.local.Store(&b.local)
	c.zone.index.Store(uint32(index))
	c.writer.forget()
	return b.local, nil
}

// sameNamespace reports whether two sockets are of one network namespace, as far as the
// kernel tells (since Linux 5.14). Goroutines may run on threads in different ones.
func sameNamespace(a, b int) bool {
	x, errX := unix.GetsockoptUint64(a, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	y, errY := unix.GetsockoptUint64(b, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return errX != nil || errY != nil || x == y
}
