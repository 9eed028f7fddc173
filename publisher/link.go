package publisher

import "crier/multicast"

// Link says how the interface is used; both ends have the same. Each field's zero value
// means its default:
//
//	TTL int                       routers that a datagram may pass; 0 means 1
//	NoLoopback bool               keeps the messages from this machine
//	DSCP int                      marks datagrams for routers' quality of service
//	Port uint16                   where NACKs go; 0 means any that is free
//	ReadBuffer, WriteBuffer int   socket buffers, in bytes; 0 means 8 MiB and 1 MiB
//	NoOffload bool                no segmenting of sends, nor merging, by the kernel
//	Wait Wait                     how datagrams and time are waited for
//	Network multicast.Network     makes the sockets; nil means the machine's own
type Link = multicast.LinkConfig

// Wait says how datagrams and time are waited for.
type Wait = multicast.Wait

// The ways to wait.
const (
	// WaitBlock sleeps in the kernel. It is the default.
	WaitBlock Wait = multicast.WaitBlock
	// WaitAdaptive polls while datagrams follow each other closely.
	WaitAdaptive Wait = multicast.WaitAdaptive
	// WaitSpin polls without end, on a processor of its own.
	WaitSpin Wait = multicast.WaitSpin
)
