package worker

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"crier/cmd/crier/bench/job"
	"crier/multicast"
)

// bareSocket is a UDP socket as a Go program opens it to exchange datagrams directly, without
// crier. It is used by one goroutine; another may interrupt it.
type bareSocket struct {
	conn *net.UDPConn // waits in the runtime's poller
	fd   int          // a descriptor of the same socket, to ask it without waiting
	spin bool
}

// Socket options that package syscall has no names for.
const (
	ipMulticastAll = 49 // IP_MULTICAST_ALL
	soRcvbufForce  = 33 // SO_RCVBUFFORCE
)

const bareReadBuffer = 8 << 20 // as crier's

// openBare opens a socket that sends to the group, or one that receives from it.
func openBare(group netip.AddrPort, iface, wait string, receive bool) (*bareSocket, error) {
	ifi, err := multicast.ResolveInterface(iface)
	if err != nil {
		return nil, err
	}
	local, err := multicast.SourceAddr(ifi, group.Addr(), netip.Addr{})
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET,
		syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "bare socket")
	defer file.Close() // conn has a descriptor of its own
	set := barelySend
	if receive {
		set = barelyReceive
	}
	if err := set(fd, ifi.Index, local, group); err != nil {
		return nil, fmt.Errorf("a bare socket for %v on %s: %w", group, ifi.Name, err)
	}
	c, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	s := &bareSocket{conn: c.(*net.UDPConn), spin: job.Spins(wait)}
	raw, err := s.conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { s.fd = int(fd) })
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return s, nil
}

func barelyReceive(fd, index int, _ netip.Addr, group netip.AddrPort) error {
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, bareReadBuffer)
	// refused: the other stands
	_ = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, soRcvbufForce, bareReadBuffer)
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, ipMulticastAll, 0); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(group.Port()),
		Addr: group.Addr().As4()}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	join := &syscall.IPMreqn{Multiaddr: group.Addr().As4(), Ifindex: int32(index)}
	return os.NewSyscallError("setsockopt",
		syscall.SetsockoptIPMreqn(fd, syscall.IPPROTO_IP, syscall.IP_ADD_MEMBERSHIP, join))
}

func barelySend(fd, index int, local netip.Addr, group netip.AddrPort) error {
	by := &syscall.IPMreqn{Ifindex: int32(index)}
	if err := syscall.SetsockoptIPMreqn(fd, syscall.IPPROTO_IP, syscall.IP_MULTICAST_IF,
		by); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: local.As4()}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	return os.NewSyscallError("connect",
		syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(group.Port()),
			Addr: group.Addr().As4()}))
}

// read waits for a datagram. It returns net.ErrClosed once stop returns true: a socket that
// spins calls it now and then, one that blocks when it is interrupted.
func (s *bareSocket) read(b []byte, stop func() bool) (int, error) {
	if !s.spin {
		n, err := s.conn.Read(b)
		if err != nil && stop() {
			err = net.ErrClosed
		}
		return n, err
	}
	for tries := 0; ; tries++ {
		n, err := syscall.Read(s.fd, b)
		switch {
		case err == nil:
			return n, nil
		case err != syscall.EAGAIN && err != syscall.EINTR:
			return 0, os.NewSyscallError("read", err)
		case tries&1023 == 0 && stop():
			return 0, net.ErrClosed
		}
	}
}

// interrupt ends another goroutine's read, whose stop returns true by now.
func (s *bareSocket) interrupt() error { return s.conn.SetReadDeadline(time.Now()) }

// patience bounds a read that waits in the poller.
func (s *bareSocket) patience(d time.Duration) error {
	if s.spin {
		return nil // read asks whether to stop
	}
	return s.conn.SetReadDeadline(time.Now().Add(d))
}

func (s *bareSocket) write(b []byte) error {
	if !s.spin {
		_, err := s.conn.Write(b)
		return err
	}
	_, err := syscall.Write(s.fd, b)
	return os.NewSyscallError("write", err)
}

// settle gives the calling goroutine a thread, if it is to spin.
func (s *bareSocket) settle() {
	if s.spin {
		runtime.LockOSThread()
	}
}

func (s *bareSocket) close() error { return s.conn.Close() }
