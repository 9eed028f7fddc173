package subscriber

import "crier/multicast"

// Link configures the use of the interface. Publishers and subscribers have the same. Each
// field's zero value means its default:
//
//	TTL int                       the reach of datagrams in hops, 1 to 255; 0 means 1
//	NoLoopback bool               only for a publisher
//	DSCP int                      the class of service that routers see, 0 to 63 (RFC 2474)
//	ControlPort uint16            the port of NACKs and unicast repairs; 0 means any free one
//	ReadBuffer, WriteBuffer int   the sockets' buffers, in bytes; 0 means 8 MiB and 1 MiB
//	NoOffload bool                turns off segmentation and merging by the kernel
//	Wait Wait                     the way to wait for datagrams and deadlines
//	Network multicast.Network     makes the sockets; nil means the machine's own
type Link = multicast.LinkConfig

// Wait is a way to wait for datagrams and deadlines.
type Wait = multicast.Wait

// The ways to wait.
const (
	// WaitBlock sleeps in the kernel. It is the default.
	WaitBlock Wait = multicast.WaitBlock
	// WaitAdaptive polls while datagrams come within 200 us of each other.
	WaitAdaptive Wait = multicast.WaitAdaptive
	// WaitSpin polls all the time, on a processor of its own.
	WaitSpin Wait = multicast.WaitSpin
)
