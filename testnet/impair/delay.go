package impair

import (
	"errors"
	"fmt"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"crier/multicast"
)

const (
	// pumpBatch is how many datagrams are taken from the wrapped socket at once.
	pumpBatch = 64
	// notArmed is when a timer fires that isn't set.
	notArmed = math.MaxInt64
)

// delayConn is a socket whose link holds datagrams back. A goroutine, the pump,
// reads the wrapped socket and queues what arrives later; Read takes it out when
// it is due.
type delayConn struct {
	multicast.Conn
	timer    multicast.Timer // wakes the Read that waits
	pump     sync.WaitGroup
	received atomic.Uint64

	mu      sync.Mutex // guards all that follows
	inbound            // the pump's
	queue   heldQueue
	waiting bool  // a Read waits for the timer
	armed   int64 // what the timer is set to, if one waits
	ended   error // of the wrapped socket
	closed  bool
}

// newDelayConn takes over a socket, which it closes if it fails.
func newDelayConn(c multicast.Conn, in inbound) (multicast.Conn, error) {
	timer, err := in.network.Timer()
	if err != nil {
		err = fmt.Errorf("testnet: delay what %v receives: %w", c.LocalAddr(), err)
		return nil, errors.Join(err, c.Close())
	}
	d := &delayConn{Conn: c, timer: timer, inbound: in}
	d.pump.Go(d.read)
	return d, nil
}

// read is the pump.
func (c *delayConn) read() {
	ps := make([]multicast.Packet, pumpBatch)
	for {
		n, err := c.Conn.Read(ps)
		c.take(ps[:n], err)
		if err != nil {
			return
		}
	}
}

// take queues what has been read, and wakes the Read that waits if it has to
// look earlier than it thought. ended is why there will be no more, or nil.
func (c *delayConn) take(ps []multicast.Packet, ended error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := time.Now()
	now := int64(wall.Sub(c.network.start))
	epoch := wall.UnixNano() - now // when the links' time began, as the kernel's clock sees it
	var delayed, overflow uint64
	for i := range ps {
		p := &ps[i]
		sent := now
		if p.Received != 0 {
			sent = min(now, p.Received-epoch) // the kernel has had it since then
		}
		out := c.send(sent, p)
		for _, a := range out.Arrivals() {
			copied := c.queue.push(a.At, p)
			if copied == nil {
				overflow++
				continue
			}
			if a.Corrupt {
				c.link.Corrupt(copied.Data)
			}
			if p.Received != 0 {
				copied.Received = epoch + a.At
			}
			if a.At > sent {
				delayed++
			}
		}
	}
	c.ended = ended
	c.count(delayed, overflow)
	if c.waiting {
		c.arm(now)
	}
}

// Read implements multicast.Conn. It returns all that has arrived.
func (c *delayConn) Read(ps []multicast.Packet) (int, error) {
	if len(ps) == 0 {
		return 0, errors.New("testnet: Read needs room for one packet at least")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.release()
	for {
		if c.closed {
			return 0, net.ErrClosed
		}
		now := c.network.now()
		if n := c.queue.pop(now, ps); n > 0 {
			c.received.Add(uint64(n))
			return n, nil
		}
		if c.ended != nil && c.queue.len() == 0 {
			return 0, c.ended
		}
		if err := c.wait(now); err != nil {
			return 0, err
		}
	}
}

// wait waits until the first datagram is due, or there is none to come. The
// caller holds mu, which is free meanwhile.
func (c *delayConn) wait(now int64) error {
	c.waiting, c.armed = true, notArmed
	c.arm(now)
	c.mu.Unlock()
	err := c.timer.Wait()
	c.mu.Lock()
	c.waiting = false
	return err
}

// arm sets the timer where it must fire earlier. The caller holds mu.
func (c *delayConn) arm(now int64) {
	at := int64(notArmed)
	if c.queue.len() > 0 {
		at = c.queue.next()
	} else if c.ended != nil {
		at = now
	}
	if at < c.armed {
		c.armed = at
		c.timer.Set(time.Duration(max(at-now, 0)))
	}
}

// Stats implements multicast.Conn. What is held back was not yet received.
func (c *delayConn) Stats() multicast.ConnStats {
	s := c.Conn.Stats()
	s.Received = c.received.Load()
	return s
}

// Close implements multicast.Conn. What is held back is gone.
func (c *delayConn) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	err := errors.Join(c.Conn.Close(), c.timer.Close())
	c.pump.Wait()
	return err
}
