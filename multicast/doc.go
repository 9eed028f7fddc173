// Package multicast is crier's rim: it makes the sockets and timers that the
// protocol runs on, and knows nothing of the protocol. It is useful alone.
//
// [Kernel] is the machine's own [Network]; a simulated one takes its place in
// tests. Its Group joins a group and receives; its Socket sends to groups and
// to single hosts and receives what is sent to its own port. Both want an
// interface by name ("eth0") or by one of its addresses: nothing is ever joined
// or sent on an interface that nobody named. An address that is named is also
// the one that a Socket is bound to.
//
// # Reading and writing
//
// [Conn.Read] returns a batch of packets that are views of the connection's
// receive buffer, valid until the next Read. [Conn.Write] cuts what it is given
// into datagrams and never blocks: a full send buffer is [ErrWouldBlock], for
// which there is [Conn.WaitWrite]. What the kernel refuses (no buffers, link
// down, a firewall, no route, more than the MTU, an address that cannot be) is
// lost as if the network had lost it: it is counted in ConnStats.SendErrors and
// logged, once every ten seconds for each kind, with what to do about it.
// Nothing here is ever fragmented by IP.
//
// One goroutine should read; any number may write, wait to write, ask for
// counters and close. Close ends all waiting with net.ErrClosed, and when it
// returns the connection has no goroutine left. Reading and writing allocate
// nothing (on Linux).
//
// # On Linux
//
// Large writes are cut into datagrams by the kernel (UDP_SEGMENT), and merged
// datagrams are taken from it whole (UDP_GRO), where it can; else many
// datagrams share a system call. A group's socket takes only that group, on
// that interface, whatever other programs joined: the kernel is told so, and
// each datagram's destination is checked. Kernel drops are read from the socket
// itself, so they are known even if no datagram follows. A full transmit queue
// is noticed, for which the kernel has to be asked (IP_RECVERR). An interface
// that goes down, or is removed and made again under its name, is joined again
// when it is back. A [Timer] is a timerfd in Go's own poller: 50 microseconds
// take about 80, where Go's own timers take more than a millisecond. IPv6
// multicast does not work on lo, and is refused there.
//
// # Elsewhere
//
// macOS, Windows and other systems take the plain way, one datagram a system
// call: no offload, no kernel drop counter, no receive times, timers as coarse
// as Go's, an allocation or more a datagram received, an interface looked at
// once a second, and no DSCP where the system has none. Write hands datagrams
// over one by one and drops what the system has no room for. What exceeds the
// interface's MTU is refused here, but a router on the way may fragment. On
// Windows a group's socket may get what was sent to other groups on its port.
package multicast
