package lan

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"crier/multicast"

	"github.com/pion/transport/v3"
)

const (
	// maxQueued is how many datagrams wait for a Read: vnet's own limit, beyond
	// which it would drop without counting.
	maxQueued = 1024
	// maxBatch is how many datagrams a Read returns at most.
	maxBatch = 32
	// poison overwrites what a Read returned when the next one begins, so that
	// a view that was kept too long shows.
	poison = 0xDB
)

// conn is a socket of a Host. A unicast socket has a vnet socket on each
// router, a group socket only one on down, at the host's inner address.
type conn struct {
	host  *Host
	local netip.AddrPort    // what it is bound to, the group's if it has no up
	inner *net.UDPAddr      // where its datagrams are injected on down
	up    transport.UDPConn // nil: it only receives
	down  transport.UDPConn
	done  chan struct{} // closed by Close

	feed       int
	source     netip.Addr // only its datagrams are taken in, if valid
	ttl        int
	noLoopback bool

	// Of the goroutine that reads.
	buf  []byte
	used int // of buf, by the last Read

	// Guarded by host.lan.mu.
	closed  bool
	members []member // groups, if it has no up
	waiting waiting
	leaving int           // bytes on up, headers included
	room    chan struct{} // closed when leaving shrinks; nil if nobody waits
	stats   multicast.ConnStats
}

// member is a group that a socket receives, and its index among the receiver's.
type member struct {
	group netip.AddrPort
	index int
}

func (h *Host) newConn(local netip.AddrPort, readBuffer int) *conn {
	return &conn{
		host:  h,
		local: local,
		done:  make(chan struct{}),
		buf:   make([]byte, maxBatch*h.lan.cfg.MTU),
		stats: multicast.ConnStats{MTU: h.lan.cfg.MTU, ReadBuffer: readBuffer},
	}
}

// listen opens the receiving side. The caller holds mu: vnet's own locks are
// never held where mu is taken, but for the router up's.
func (c *conn) listen(inner netip.AddrPort) error {
	c.inner = net.UDPAddrFromAddrPort(inner)
	down, err := c.host.down.ListenUDP("udp4", c.inner)
	if err != nil {
		return fmt.Errorf("testnet: bind %v: %w", inner, err)
	}
	c.down = down
	return nil
}

// accepts says whether a group socket wants a datagram. The caller holds mu.
func (c *conn) accepts(from, to netip.AddrPort) bool {
	return c.member(to) >= 0 && (!c.source.IsValid() || c.source == from.Addr())
}

// member returns the place of a group among the members, or -1. The caller holds mu.
func (c *conn) member(group netip.AddrPort) int {
	return slices.IndexFunc(c.members, func(m member) bool { return m.group == group })
}

// Read implements multicast.Conn. It returns all that has arrived, up to 32
// datagrams.
func (c *conn) Read(ps []multicast.Packet) (int, error) {
	if len(ps) == 0 {
		return 0, errors.New("testnet: Read needs room for one packet at least")
	}
	for i := range c.buf[:c.used] {
		c.buf[i] = poison
	}
	c.used = 0
	n := 0
	for n < min(len(ps), maxBatch) {
		// What waiting counts is here, or about to come from the router, which
		// is not waiting for anything.
		if c.isClosed() {
			return 0, net.ErrClosed
		}
		if n > 0 && !c.more() {
			break
		}
		size, from, err := c.down.ReadFrom(c.buf[c.used : c.used+c.host.lan.cfg.MTU])
		if err != nil {
			if c.isClosed() {
				return 0, net.ErrClosed
			}
			return n, c.readError(err)
		}
		was := c.taken()
		ps[n] = multicast.Packet{
			Data:     c.buf[c.used : c.used+size : c.used+size],
			From:     addrPort(from),
			Received: was.at,
			Group:    was.group,
			Feed:     c.feed,
		}
		c.used += size
		n++
	}
	return n, nil
}

// readError explains vnet's error. It sets a timer that ends with time itself,
// which synctest reaches when nothing else is left to wait for.
func (c *conn) readError(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("testnet: read from %v: nothing will ever arrive, since all "+
			"goroutines wait: %w", c.local, err)
	}
	return fmt.Errorf("testnet: read from %v: %w", c.local, err)
}

// addrPort turns vnet's form of an address into ours.
func addrPort(a net.Addr) netip.AddrPort {
	u, ok := a.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := u.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func (c *conn) isClosed() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// more says whether a datagram waits.
func (c *conn) more() bool {
	c.host.lan.mu.Lock()
	defer c.host.lan.mu.Unlock()
	return c.waiting.count > 0
}

// taken removes the datagram that was just read from those that wait, and
// returns it.
func (c *conn) taken() waiter {
	c.host.lan.mu.Lock()
	defer c.host.lan.mu.Unlock()
	c.stats.Received++
	c.stats.Reads++
	return c.waiting.pop()
}

// admit makes room for a datagram of n bytes that arrives, or counts it as
// dropped. The caller holds mu.
func (c *conn) admit(to netip.AddrPort, n int) bool {
	if c.waiting.count == maxQueued || c.waiting.count > 0 &&
		c.waiting.bytes+n > c.stats.ReadBuffer {
		c.stats.KernelDrops++
		return false
	}
	group := 0
	if i := c.member(to); i >= 0 {
		group = c.members[i].index
	}
	c.waiting.push(time.Now().UnixNano(), n, group)
	return true
}

// Write implements multicast.Conn. The write buffer empties as fast as the
// router's goroutine runs. Addresses outside of the LAN and datagrams larger
// than the MTU count as refused, as with the kernel's Conn, since the address may come from
// an untrusted datagram.
func (c *conn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if c.up == nil {
		return 0, multicast.ErrReceiveOnly
	}
	if segment < 1 {
		return 0, fmt.Errorf("testnet: write to %v: a segment has at least 1 byte, not %d", to,
			segment)
	}
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	addr := net.UDPAddrFromAddrPort(to)
	for off := 0; off < len(b); {
		size := min(segment, len(b)-off)
		sends, err := c.leave(to, size)
		if err != nil {
			return off, err
		}
		if sends {
			if _, err := c.up.WriteTo(b[off:off+size], addr); err != nil {
				return off, fmt.Errorf("testnet: write to %v: %w", to, err)
			}
		}
		off += size
	}
	return len(b), nil
}

// leave takes a datagram into the write buffer, and returns false if it goes no
// further.
func (c *conn) leave(to netip.AddrPort, size int) (bool, error) {
	l := c.host.lan
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return false, net.ErrClosed
	}
	if size+headerBytes > l.cfg.MTU || !l.carries(to) {
		c.stats.SendErrors++
		return false, nil
	}
	if c.full(size) {
		return false, multicast.ErrWouldBlock
	}
	c.stats.Writes++
	c.stats.Sent++
	c.stats.SentBytes += uint64(size)
	c.leaving += size + headerBytes
	return true, nil
}

// full says whether the write buffer lacks room. The caller holds mu.
func (c *conn) full(size int) bool {
	return c.leaving > 0 && c.leaving+size+headerBytes > c.stats.WriteBuffer
}

// left makes room for more writes. The caller holds mu.
func (c *conn) left(size int) {
	c.leaving = max(0, c.leaving-size-headerBytes)
	c.signal()
	c.host.forget(c)
}

// signal wakes all WaitWrites. The caller holds mu.
func (c *conn) signal() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// WaitWrite implements multicast.Conn. It waits until the largest datagram fits.
func (c *conn) WaitWrite() error {
	if c.up == nil {
		return multicast.ErrReceiveOnly
	}
	l := c.host.lan
	for {
		l.mu.Lock()
		if c.closed {
			l.mu.Unlock()
			return net.ErrClosed
		}
		if !c.full(l.cfg.MTU - headerBytes) {
			l.mu.Unlock()
			return nil
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		l.mu.Unlock()
		<-room
	}
}

// LocalAddr implements multicast.Conn.
func (c *conn) LocalAddr() netip.AddrPort { return c.local }

// Stats implements multicast.Conn.
func (c *conn) Stats() multicast.ConnStats {
	c.host.lan.mu.Lock()
	defer c.host.lan.mu.Unlock()
	return c.stats
}

// Close implements multicast.Conn. What was written still goes out.
func (c *conn) Close() error {
	l := c.host.lan
	l.mu.Lock()
	defer l.mu.Unlock() // to the end: the port must not look free while vnet has it
	if c.closed {
		return nil
	}
	c.closed = true
	close(c.done)
	c.signal()
	c.host.remove(c)
	if err := c.down.Close(); err != nil {
		return fmt.Errorf("testnet: close %v: %w", c.local, err)
	}
	if c.up != nil {
		if err := c.up.Close(); err != nil {
			return fmt.Errorf("testnet: close %v: %w", c.local, err)
		}
	}
	return nil
}
