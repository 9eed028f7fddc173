package multicast

import (
	"net"

	"golang.org/x/sys/windows"
)

// grantedBuffer returns the size of a socket buffer; 0 if it is unknown.
func grantedBuffer(udp *net.UDPConn, read bool) int {
	option := windows.SO_SNDBUF
	if read {
		option = windows.SO_RCVBUF
	}
	size := 0
	raw, err := udp.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		size, err = windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, option)
	})
	if err != nil {
		return 0
	}
	return size
}
