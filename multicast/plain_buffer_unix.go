//go:build unix && (!linux || crier_plain)

package multicast

import (
	"net"
	"runtime"

	"golang.org/x/sys/unix"
)

// grantedBuffer returns the size of a socket buffer; 0 if it is unknown.
func grantedBuffer(udp *net.UDPConn, read bool) int {
	option := unix.SO_SNDBUF
	if read {
		option = unix.SO_RCVBUF
	}
	size := 0
	raw, err := udp.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option)
	})
	if err != nil {
		return 0
	}
	if runtime.GOOS == "linux" {
		size /= 2 // the kernel doubles the size that it is asked for
	}
	return size
}
