// Package multicast makes the sockets and timers that the protocol runs on, and
// drives it over them with a [Loop]. It knows nothing of the protocol, and is
// useful alone.
//
// [Kernel] is the machine's own [Network]; a simulated one takes its place in
// tests. Its Group method joins a group and receives. Its Socket method sends to
// groups and to single hosts, and receives datagrams to its own port. Both need
// an interface, by name ("eth0") or by one of its addresses: no other interface
// is ever joined or sent on. A Socket is bound to the address, if one is given.
//
// # Reading and writing
//
// [Conn.Read] returns a batch of packets that are views of the connection's
// receive buffer, valid until the next Read. [Conn.Write] cuts its argument into
// datagrams and never blocks. If the send buffer is full, it returns
// [ErrWouldBlock]; [Conn.WaitWrite] then waits for room. A datagram that the kernel
// refuses (no buffers, link down, a firewall, no route, larger than the MTU, an
// invalid address) is lost as if the network had lost it. It is counted in
// ConnStats.SendErrors and logged, once every ten seconds for each kind of error,
// with a remedy. Nothing is ever fragmented by IP.
//
// One goroutine should read; any number may write, wait to write, read the
// counters and close. Close ends all waiting with net.ErrClosed, and when it
// returns the connection has no goroutine left. On Linux, reading and writing
// allocate nothing.
//
// # Groups and feeds
//
// A socket of Groups receives several groups of one port, and joins and leaves them while it
// is read. [Memberships] spread any number of groups over as many sockets as that takes. A
// Loop whose machine is a [Joiner] keeps them as the machine wishes.
//
// [Feeds] are two to four ways that carry the same datagrams, each with an interface. A [Fan]
// sends by all of them. No feed holds up another: one whose socket takes nothing for a while is
// passed over.
//
// # Leases
//
// Go's monotonic clock stands still while the machine is suspended. A Loop whose machine is a
// [Shifter] reads a [LeaseClock] as well, and says how far that is ahead. On Linux it is
// CLOCK_BOOTTIME. Elsewhere each jump of the wall clock ahead by more than 100 ms counts as
// sleep. Other machines don't pay for it.
//
// # On Linux
//
// Where the kernel supports it, it cuts large writes into datagrams (UDP_SEGMENT)
// and hands over several datagrams merged into one (UDP_GRO); elsewhere many
// datagrams share a system call. A group's socket receives only that group, on
// that interface, whatever other programs joined: the kernel is told so, and each
// datagram's destination is checked. Kernel drops are read from the socket itself,
// so they are known even if no datagram follows. A full transmit queue is noticed
// (IP_RECVERR). A group is joined again when its interface comes back after it was
// down, or was removed and made again under its name. A [Timer] is a timerfd in
// Go's own poller: 50 microseconds take about 80, where Go's own timers take more
// than a millisecond. IPv6 multicast does not work on lo, and is refused there.
//
// # Elsewhere
//
// On macOS, Windows and other systems each datagram takes a system call. There is
// no offload, no kernel drop counter and no receive time; timers are as coarse as
// Go's; a datagram received takes an allocation or more; an interface is polled
// once a second; and there is no DSCP where the system has none. Write hands over
// datagrams one by one and drops those that the system has no room for. A datagram
// larger than the interface's MTU is refused, but a router on the way may fragment
// smaller ones. On Windows a group's socket may receive datagrams to other
// groups on its port.
package multicast
