package stage

import (
	"net"
	"net/netip"
)

// FreeGroup chooses a group for one run alone, with a port that is free now.
func FreeGroup() (string, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 0, 1}), port).String(), nil
}
