package multicast

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// ErrWouldBlock says that the socket's send buffer is full: nothing more was
// taken. Wait with [Conn.WaitWrite] and write the rest.
var ErrWouldBlock = errors.New("multicast: the socket's send buffer is full")

// Packet is one datagram that was received.
type Packet struct {
	// Data is a view of the connection's receive buffer. It is valid until the
	// next Read on the same connection.
	Data []byte
	// From is the sender's address; IPv4 addresses are never mapped to IPv6.
	From netip.AddrPort
	// Received is when the kernel took the datagram in, in nanoseconds since
	// the Unix epoch; 0 where the platform doesn't say. Datagrams that it merged
	// share the time of the first.
	Received int64
}

// Conn is a datagram socket. One goroutine may read while others write.
type Conn interface {
	// Read waits for datagrams, fills in ps and returns how many there are, at
	// least one unless err is not nil. It returns net.ErrClosed after Close.
	// Damaged, truncated and misdirected datagrams are counted, not returned.
	Read(ps []Packet) (int, error)

	// Write hands b to the kernel as datagrams of segment bytes each, of which
	// the last may be shorter, and returns how many bytes were taken: all of
	// them, or a multiple of segment with ErrWouldBlock, also where the interface's
	// transmit queue stays full for a moment. It never blocks. What
	// the kernel refuses for a passing reason (no buffers, link down, a
	// firewall) counts as taken and lost: see ConnStats.SendErrors.
	Write(to netip.AddrPort, b []byte, segment int) (int, error)

	// WaitWrite waits until Write would take something, or the Conn is closed.
	WaitWrite() error

	// LocalAddr is the address and port that the socket is bound to.
	LocalAddr() netip.AddrPort

	// Stats returns what the connection has counted. It may be called at any
	// time by any goroutine.
	Stats() ConnStats

	// Close ends all Reads and WaitWrites with net.ErrClosed.
	Close() error
}

// Taker is a Conn that says, at no cost, what the kernel has taken of Writes: how many
// datagrams, with how many bytes. It is what Stats says, which costs a system call.
type Taker interface {
	Taken() (datagrams, bytes uint64)
}

// ConnStats is what a Conn knows about itself. Counters only grow.
type ConnStats struct {
	MTU         int    // of the interface, in bytes; 0 if unknown
	ReadBuffer  int    // what the kernel granted, in bytes; 0 if unknown
	WriteBuffer int    // what the kernel granted, in bytes; 0 if unknown
	Received    uint64 // datagrams returned by Read
	Misdirected uint64 // datagrams for a group or source that was not asked for
	Truncated   uint64 // datagrams larger than the receive buffer
	KernelDrops uint64 // datagrams (packets, under GRO) that the kernel dropped for want of receive buffer
	Sent        uint64 // datagrams taken by the kernel
	SentBytes   uint64 // their bytes
	SendErrors  uint64 // datagrams that the kernel refused, and that are lost
	Starved     uint64 // times that a write waited since the interface's transmit queue was full
	Writes      uint64 // system calls that sent
	Reads       uint64 // system calls that received
	Rejoins     uint64 // memberships renewed after the interface came back
}

// GroupConfig says what a group socket receives.
type GroupConfig struct {
	// Group is the multicast address and port. Required.
	Group netip.AddrPort
	// Interface is a name ("eth0") or one of the interface's addresses.
	// Required: a group is never joined on an interface that nobody named.
	Interface string
	// Source restricts the group to one sender (source-specific multicast,
	// RFC 4607), if valid.
	Source netip.Addr
	// ReadBuffer is the receive buffer to ask the kernel for, in bytes;
	// 0 means 8 MiB. What it grants stands in ConnStats.ReadBuffer.
	ReadBuffer int
	// NoOffload stops the kernel from merging datagrams of one sender (UDP_GRO)
	// where it can.
	NoOffload bool
	// Polled says that the Conn will be read by TryRead, and not by Read: else what
	// Read waits with is made at once, so that a socket that nobody could wait for
	// is an error now.
	Polled bool
	// Logger hears what an operator should know; nil means silence.
	Logger *slog.Logger
}

// SocketConfig describes a unicast socket that also sends to groups.
type SocketConfig struct {
	// Interface is a name or an address, as in GroupConfig. Required. The
	// socket is bound to that address, or else to the interface's first address
	// of Group's family and scope, and multicast leaves by the interface.
	Interface string
	// Group is the group that will be sent to; it decides the address family.
	Group netip.AddrPort
	// Port to bind; 0 means any.
	Port uint16
	// TTL is the multicast time to live (IPv6: hop limit), 0 to 255.
	// 0 keeps datagrams on this host.
	TTL int
	// NoLoopback keeps datagrams from receivers on this host.
	NoLoopback bool
	// DSCP is the differentiated services code point, 0 to 63.
	DSCP int
	// ReadBuffer and WriteBuffer are the kernel buffers to ask for, in bytes;
	// 0 means 8 MiB to read and 1 MiB to write.
	ReadBuffer, WriteBuffer int
	// NoOffload stops the Conn from letting the kernel segment large writes
	// (UDP_SEGMENT) and merge what is received (UDP_GRO) where it can.
	NoOffload bool
	// Polled is as in GroupConfig.
	Polled bool
	// Changed, if set, is called when the Conn stands otherwise with its interface than
	// when it was opened, or than it last heard: at once, if there is no link yet. It is
	// called by a goroutine that Close waits for, one call at a time.
	Changed func(Link)
	// Logger hears what an operator should know; nil means silence.
	Logger *slog.Logger
}

// Network makes sockets and timers. [Kernel] is the machine's own; a simulated
// one serves tests.
type Network interface {
	// Group opens a socket that receives what is sent to a group.
	Group(GroupConfig) (Conn, error)
	// Socket opens a socket that sends to groups and to single hosts, and
	// receives what is sent to its own address.
	Socket(SocketConfig) (Conn, error)
	// Timer makes a timer.
	Timer() (Timer, error)
}

// Timer wakes one goroutine.
type Timer interface {
	// Set makes Wait return after d; it replaces what was set before. It may be
	// called while another goroutine is in Wait.
	Set(d time.Duration)
	// Wait returns nil when the timer has fired since the last Wait, and
	// net.ErrClosed after Close.
	Wait() error
	Close() error
}
