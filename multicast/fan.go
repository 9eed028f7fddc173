package multicast

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Fan is a Conn over several feeds: what is written to a group goes out on each of them, to
// the feed's own group, and what is written to a host leaves by the feed that the host's
// address was heard on last.
//
// No feed holds up another. What a feed's socket does not take at once waits in a queue of
// the feed's; what finds that queue full is left out there, and counted as
// ConnStats.PassedOver. Only when all queues are full is the Fan.
//
// A [Loop] reads the feeds' sockets itself, and tells the Fan of the addresses that it hears.
// Read only waits for Close.
type Fan struct {
	feeds   Feeds
	outlets []*outlet
	route   route
	// sent and sentBytes count what at least one feed took.
	sent, sentBytes atomic.Uint64
	closed          chan struct{}
	closing         sync.Once
	closeErr        error

	// writing is held by the one that writes.
	writing sync.Mutex

	// mu guards the outlets' queues.
	mu   sync.Mutex
	room sync.Cond
	over bool
	wg   sync.WaitGroup
}

// NewFan returns a Fan over sockets that are open, one for each feed, which it owns.
func NewFan(feeds Feeds, conns []Conn) *Fan {
	f := &Fan{feeds: feeds, closed: make(chan struct{})}
	f.room.L = &f.mu
	f.route.init()
	for i, c := range conns {
		l := &outlet{fan: f, feed: i, conn: c}
		l.taker, _ = c.(Taker)
		l.work.L = &f.mu
		f.outlets = append(f.outlets, l)
		f.wg.Go(l.run)
	}
	return f
}

// conns returns the feeds' sockets.
func (f *Fan) conns() []Conn {
	list := make([]Conn, len(f.outlets))
	for i, l := range f.outlets {
		list[i] = l.conn
	}
	return list
}

// sources returns the sockets that one which sends is read from.
func sources(out Conn) []Conn {
	if f, ok := out.(*Fan); ok {
		return f.conns()
	}
	return []Conn{out}
}

// Read implements Conn. It waits for Close.
func (f *Fan) Read([]Packet) (int, error) {
	<-f.closed
	return 0, net.ErrClosed
}

// Write implements Conn. It takes all of b, or with ErrWouldBlock nothing.
func (f *Fan) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if segment <= 0 || len(b) == 0 {
		return f.outlets[0].conn.Write(to, b, segment) // says so
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	only := -1
	if !to.Addr().IsMulticast() {
		only = f.route.feed(to)
	}
	switch any, open := f.admit(len(b)); {
	case !open:
		return 0, net.ErrClosed
	case !any && only < 0:
		return 0, ErrWouldBlock
	}
	var best taken
	var failed error
	for i, l := range f.outlets {
		if only >= 0 && only != i {
			continue
		}
		t, err := l.send(f.feeds.Translate(i, to), b, segment)
		if err != nil {
			failed = err
		}
		best = taken{max(best.datagrams, t.datagrams), max(best.bytes, t.bytes)}
	}
	if errors.Is(failed, net.ErrClosed) {
		return 0, failed
	}
	f.sent.Add(best.datagrams)
	f.sentBytes.Add(best.bytes)
	return len(b), nil
}

// admit decides for each feed how it deals with n bytes. It reports whether one of them at
// least takes all, and whether the Fan is open.
func (f *Fan) admit(n int) (any, open bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.outlets {
		l.mode = l.queue.mode(n)
		any = any || l.mode != passed
	}
	return any, !f.over
}

// WaitWrite implements Conn.
func (f *Fan) WaitWrite() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for !f.over {
		for _, l := range f.outlets {
			if l.queue.calm() {
				return nil
			}
		}
		f.room.Wait()
	}
	return net.ErrClosed
}

// LocalAddr returns the first feed's address.
func (f *Fan) LocalAddr() netip.AddrPort { return f.outlets[0].conn.LocalAddr() }

// LocalAddrs returns the feeds' addresses.
func (f *Fan) LocalAddrs() []netip.AddrPort {
	list := make([]netip.AddrPort, len(f.outlets))
	for i, l := range f.outlets {
		list[i] = l.conn.LocalAddr()
	}
	return list
}

// Stats returns the sums of the feeds' counters.
func (f *Fan) Stats() ConnStats {
	var sum ConnStats
	for _, s := range f.FeedStats() {
		sum.Add(&s)
	}
	return sum
}

// FeedStats returns each feed's counters.
func (f *Fan) FeedStats() []ConnStats {
	list := make([]ConnStats, len(f.outlets))
	for i, l := range f.outlets {
		list[i] = l.conn.Stats()
		list[i].PassedOver = l.passedOver.Load()
	}
	return list
}

// Taken implements Taker. It counts a datagram once that several feeds took.
func (f *Fan) Taken() (datagrams, bytes uint64) { return f.sent.Load(), f.sentBytes.Load() }

// Segments implements Segmenter.
func (f *Fan) Segments() (cut, uneven bool) {
	for _, l := range f.outlets {
		if s, ok := l.conn.(Segmenter); ok {
			c, u := s.Segments()
			cut, uneven = cut || c, uneven || u
		}
	}
	return cut, uneven
}

// SetSegments implements Segmenter.
func (f *Fan) SetSegments(on bool) {
	for _, l := range f.outlets {
		if s, ok := l.conn.(Segmenter); ok {
			s.SetSegments(on)
		}
	}
}

// Close closes the feeds' sockets. What waits in queues is lost.
func (f *Fan) Close() error {
	f.closing.Do(func() {
		f.mu.Lock()
		f.over = true
		f.room.Broadcast()
		for _, l := range f.outlets {
			l.work.Signal()
		}
		f.mu.Unlock()
		close(f.closed)
		var errs []error
		for _, l := range f.outlets {
			errs = append(errs, l.conn.Close())
		}
		f.wg.Wait()
		f.closeErr = errors.Join(errs...)
	})
	return f.closeErr
}
