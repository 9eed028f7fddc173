// Package counters describes what a multicast.Conn counts.
package counters

import (
	"crier/multicast"
	"crier/reliable"
)

type stats = multicast.ConnStats

// Counters are the counters of a ConnStats.
var Counters = reliable.Table[stats]{
	reliable.Count("datagrams_received", reliable.Datagrams, "datagrams received",
		func(s *stats) uint64 { return s.Received }),
	reliable.Count("misdirected_datagrams", reliable.Datagrams,
		"datagrams to another group on this port, or from another source",
		func(s *stats) uint64 { return s.Misdirected }).Dropped(),
	reliable.Count("truncated_datagrams", reliable.Datagrams,
		"datagrams larger than any that a crier sends",
		func(s *stats) uint64 { return s.Truncated }).Dropped(),
	reliable.Count("kernel_drops", reliable.Datagrams,
		"datagrams that the kernel dropped for want of receive buffer",
		func(s *stats) uint64 { return s.KernelDrops }).Told(),
	reliable.Count("datagrams_taken", reliable.Datagrams, "datagrams that the kernel took",
		func(s *stats) uint64 { return s.Sent }),
	reliable.Count("bytes_taken", reliable.Bytes, "bytes of the datagrams that the kernel took",
		func(s *stats) uint64 { return s.SentBytes }),
	reliable.Count("send_errors", reliable.Datagrams, "datagrams that the kernel refused",
		func(s *stats) uint64 { return s.SendErrors }).Told(),
	reliable.Count("passed_over_datagrams", reliable.Datagrams,
		"datagrams that a feed had no room for, and that other feeds carried",
		func(s *stats) uint64 { return s.PassedOver }).Told(),
	reliable.Count("full_queue_waits", reliable.Times,
		"times that a write waited since the interface's transmit queue was full",
		func(s *stats) uint64 { return s.Starved }),
	reliable.Count("write_calls", reliable.Calls, "calls of the system to send",
		func(s *stats) uint64 { return s.Writes }),
	reliable.Count("read_calls", reliable.Calls, "calls of the system to receive",
		func(s *stats) uint64 { return s.Reads }),
	reliable.Count("rejoins", reliable.Times,
		"times that a group was joined again, since its interface had come back",
		func(s *stats) uint64 { return s.Rejoins }).Told(),
	reliable.Level("mtu_bytes", reliable.Bytes, "bytes that a packet may have",
		func(s *stats) int { return s.MTU }),
	reliable.Level("read_buffer_bytes", reliable.Bytes,
		"bytes of receive buffer that the kernel granted",
		func(s *stats) int { return s.ReadBuffer }),
	reliable.Level("write_buffer_bytes", reliable.Bytes,
		"bytes of send buffer that the kernel granted",
		func(s *stats) int { return s.WriteBuffer }),
}
