package multicast

import (
	"errors"
	"net/netip"
)

// ErrWouldBlock reports that the socket's send buffer is full: the rest was not taken.
// Wait with [Conn.WaitWrite] and write it again.
var ErrWouldBlock = errors.New("multicast: the socket's send buffer is full")

// Packet is a datagram that was received.
type Packet struct {
	// Data is a view of the connection's receive buffer. It is valid until the
	// next Read on the same connection.
	Data []byte
	// From is the sender's address; IPv4 addresses are never mapped to IPv6.
	From netip.AddrPort
	// Received is when the kernel received the datagram, in nanoseconds since the Unix
	// epoch; 0 where the platform does not say. Datagrams that the kernel merged share
	// the time of the first.
	Received int64
	// Group is the GroupConfig.Index of the group that it came by, or 0 by unicast, and Feed
	// that of the socket's configuration.
	Group, Feed int
}

// Conn is a datagram socket. One goroutine may read while others write.
type Conn interface {
	// Read waits for datagrams, fills ps and returns how many there are, at least one
	// unless err is not nil. It returns net.ErrClosed after Close. Damaged, truncated
	// and misdirected datagrams are counted, not returned.
	Read(ps []Packet) (int, error)

	// Write hands b to the kernel as datagrams of segment bytes each, of which the last
	// may be shorter. It returns how many bytes were taken: all of them, or a multiple
	// of segment with ErrWouldBlock, which also reports a transmit queue of the
	// interface that stays full for a moment. It never blocks. A datagram that the
	// kernel refuses for a passing reason (no buffers, link down, a firewall) counts as
	// taken and lost: see ConnStats.SendErrors.
	Write(to netip.AddrPort, b []byte, segment int) (int, error)

	// WaitWrite waits until Write would take something, or the Conn is closed.
	WaitWrite() error

	// LocalAddr returns the address and port that the socket is bound to.
	LocalAddr() netip.AddrPort

	// Stats returns the connection's counters. It may be called at any time by any
	// goroutine.
	Stats() ConnStats

	// Close ends all Reads and WaitWrites with net.ErrClosed.
	Close() error
}

// Taker is a Conn that knows at no cost how many datagrams and bytes the kernel has taken
// of its Writes. Stats has the same numbers, but takes a system call.
type Taker interface {
	Taken() (datagrams, bytes uint64)
}

// WriteAll writes all of b as [Conn.Write] does, and waits while the socket takes none.
func WriteAll(c Conn, to netip.AddrPort, b []byte, segment int) error {
	for len(b) > 0 {
		n, err := c.Write(to, b, segment)
		b = b[n:]
		if errors.Is(err, ErrWouldBlock) {
			err = c.WaitWrite()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ConnStats describes a Conn. Its counters only grow.
type ConnStats struct {
	// MTU is the interface's, in bytes; 0 if unknown.
	MTU int
	// ReadBuffer and WriteBuffer are the sizes that the kernel granted, in bytes; 0 if unknown.
	ReadBuffer, WriteBuffer int
	// Received counts the datagrams that Read returned.
	Received uint64
	// Misdirected counts datagrams for a group, or from a source, not asked for; not those that
	// were under way as their group was left.
	Misdirected uint64
	// Truncated counts datagrams larger than the receive buffer.
	Truncated uint64
	// KernelDrops counts datagrams (with GRO: merged ones) that the kernel dropped since
	// the receive buffer was full.
	KernelDrops uint64
	// Sent counts the datagrams that the kernel took, and SentBytes their bytes.
	Sent, SentBytes uint64
	// SendErrors counts the datagrams that the kernel refused; they are lost.
	SendErrors uint64
	// PassedOver counts the datagrams that a [Fan] left out on a feed that took none.
	PassedOver uint64
	// Starved counts how often a write waited since the interface's transmit queue was
	// full.
	Starved uint64
	// Writes and Reads count the system calls that sent and that received.
	Writes, Reads uint64
	// Rejoins counts the memberships renewed after the interface came back.
	Rejoins uint64
}

// Add adds the counters of another Conn. Of MTU, ReadBuffer and WriteBuffer, the least that
// is known remains.
func (s *ConnStats) Add(o *ConnStats) {
	least := func(a, b int) int {
		if a == 0 || b == 0 {
			return max(a, b)
		}
		return min(a, b)
	}
	s.MTU = least(s.MTU, o.MTU)
	s.ReadBuffer = least(s.ReadBuffer, o.ReadBuffer)
	s.WriteBuffer = least(s.WriteBuffer, o.WriteBuffer)
	s.Received += o.Received
	s.Misdirected += o.Misdirected
	s.Truncated += o.Truncated
	s.KernelDrops += o.KernelDrops
	s.Sent += o.Sent
	s.SentBytes += o.SentBytes
	s.SendErrors += o.SendErrors
	s.PassedOver += o.PassedOver
	s.Starved += o.Starved
	s.Writes += o.Writes
	s.Reads += o.Reads
	s.Rejoins += o.Rejoins
}
