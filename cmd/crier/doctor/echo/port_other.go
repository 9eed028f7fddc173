//go:build !linux

package echo

import "net"

// probesMTU reports that a port's datagrams are never fragmented.
const probesMTU = false

// prepare does nothing here: the TTL stays unknown.
func prepare(*net.UDPConn, bool) error { return nil }

func ttlOf([]byte) int { return 0 }
