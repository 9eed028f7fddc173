package echo

import (
	"encoding/binary"
	"net"
	"os"
	"syscall"
)

// probesMTU reports that a port's datagrams are never fragmented.
const probesMTU = true

// prepare asks for the TTL of received datagrams, sets that of sent ones, and forbids
// fragments, whatever the kernel believes of the path's MTU.
func prepare(c *net.UDPConn, is4 bool) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	level, options := syscall.IPPROTO_IP, [][2]int{{syscall.IP_RECVTTL, 1},
		{syscall.IP_TTL, sentTTL}, {syscall.IP_MTU_DISCOVER, syscall.IP_PMTUDISC_PROBE}}
	if !is4 {
		level, options = syscall.IPPROTO_IPV6, [][2]int{{syscall.IPV6_RECVHOPLIMIT, 1},
			{syscall.IPV6_UNICAST_HOPS, sentTTL},
			{syscall.IPV6_MTU_DISCOVER, syscall.IPV6_PMTUDISC_PROBE}}
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for _, o := range options {
			if failed == nil {
				failed = os.NewSyscallError("setsockopt",
					syscall.SetsockoptInt(int(fd), level, o[0], o[1]))
			}
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// ttlOf returns the TTL that control messages tell, or 0.
func ttlOf(oob []byte) int {
	messages, err := syscall.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		is4 := m.Header.Level == syscall.IPPROTO_IP && m.Header.Type == syscall.IP_TTL
		is6 := m.Header.Level == syscall.IPPROTO_IPV6 && m.Header.Type == syscall.IPV6_HOPLIMIT
		if (is4 || is6) && len(m.Data) >= 4 {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}
