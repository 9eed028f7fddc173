package impair

import (
	"sync"
	"sync/atomic"

	"crier/multicast"
)

// instantConn is a socket whose link delivers at once: it leaves out and damages
// in place what it reads.
type instantConn struct {
	multicast.Conn
	mu sync.Mutex // guards inbound: one may read while another polls
	inbound
	dropped atomic.Uint64
}

// Read implements multicast.Conn. It reads again when nothing is left.
func (c *instantConn) Read(ps []multicast.Packet) (int, error) {
	for {
		n, err := c.Conn.Read(ps)
		kept := c.pass(ps[:n])
		if kept > 0 || err != nil || len(ps) == 0 {
			return kept, err
		}
	}
}

// Segments implements multicast.Segmenter, as far as the socket does.
func (c *instantConn) Segments() (cut, uneven bool) {
	if s, ok := c.Conn.(multicast.Segmenter); ok {
		return s.Segments()
	}
	return false, false
}

// SetSegments implements multicast.Segmenter.
func (c *instantConn) SetSegments(on bool) {
	if s, ok := c.Conn.(multicast.Segmenter); ok {
		s.SetSegments(on)
	}
}

// Taken implements multicast.Taker.
func (c *instantConn) Taken() (datagrams, bytes uint64) {
	if t, ok := c.Conn.(multicast.Taker); ok {
		return t.Taken()
	}
	st := c.Conn.Stats()
	return st.Sent, st.SentBytes
}

// instantPoller is an instantConn over a socket that can be polled.
type instantPoller struct {
	instantConn
	poll multicast.Poller
}

// TryRead implements multicast.Poller.
func (c *instantPoller) TryRead(ps []multicast.Packet) (int, error) {
	n, err := c.poll.TryRead(ps)
	if n == 0 {
		return 0, err
	}
	return c.pass(ps[:n]), err
}

// pass moves what arrives to the front of ps, and returns how much that is.
func (c *instantConn) pass(ps []multicast.Packet) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.network.now()
	kept := 0
	for i := range ps {
		if !c.link.Pass(now, ps[i].Data) {
			continue
		}
		if kept != i {
			ps[kept] = ps[i]
		}
		kept++
	}
	if kept < len(ps) {
		c.dropped.Add(uint64(len(ps) - kept))
	}
	c.count(0, 0)
	return kept
}

// Stats implements multicast.Conn. What was lost was not received.
func (c *instantConn) Stats() multicast.ConnStats {
	dropped := c.dropped.Load() // first: it only grows, and Received is never behind it
	s := c.Conn.Stats()
	s.Received -= dropped
	return s
}
