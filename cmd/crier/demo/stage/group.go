package stage

import (
	"fmt"
	"net"
	"net/netip"
	"os"
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

// Self returns the file of this program, to start processes of it.
func Self() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("this program's own file can't be found, to start the processes: %w",
			err)
	}
	return self, nil
}
