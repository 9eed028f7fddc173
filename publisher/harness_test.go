package publisher_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"crier/multicast"
	"crier/publisher"
)

var quiet = slog.New(slog.DiscardHandler)

// elsewhere is a network on which another group takes the place of the default one.
type elsewhere struct {
	multicast.Network
	group netip.AddrPort
}

func (e elsewhere) Socket(cfg multicast.SocketConfig) (multicast.Conn, error) {
	if cfg.Group != publisher.DefaultGroup {
		return nil, fmt.Errorf("group %v is not the default", cfg.Group)
	}
	cfg.Group = e.group
	conn, err := e.Network.Socket(cfg)
	return elsewhereConn{conn, e.group}, err
}

type elsewhereConn struct {
	multicast.Conn
	group netip.AddrPort
}

func (c elsewhereConn) Write(to netip.AddrPort, b []byte, segment int) (int, error) {
	if to == publisher.DefaultGroup {
		to = c.group
	}
	return c.Conn.Write(to, b, segment)
}

// network is a multicast.Network whose one socket takes what there is room for,
// and forgets it.
type network struct {
	mtu       int
	socketErr error
	timerErr  error
	opened    atomic.Int32 // sockets and timers
	closed    atomic.Int32
	done      chan struct{}

	mu    sync.Mutex
	room  int           // datagrams that are taken; negative: all
	more  chan struct{} // closed when there is room again
	taken uint64        // datagrams
}

func newNetwork(room int) *network {
	return &network{room: room, more: make(chan struct{}), done: make(chan struct{})}
}

func (n *network) publisher(t testing.TB, cfg publisher.Config) *publisher.Publisher {
	t.Helper()
	cfg.Network, cfg.Logger = n, quiet
	p, err := publisher.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// give makes room for so many datagrams.
func (n *network) give(room int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.room = room
	close(n.more)
	n.more = make(chan struct{})
}

func (n *network) Group(multicast.GroupConfig) (multicast.Conn, error) {
	panic("a publisher opens no group")
}

func (n *network) Socket(multicast.SocketConfig) (multicast.Conn, error) {
	if n.socketErr != nil {
		return nil, n.socketErr
	}
	n.opened.Add(1)
	return socket{n}, nil
}

func (n *network) Timer() (multicast.Timer, error) {
	if n.timerErr != nil {
		return nil, n.timerErr
	}
	n.opened.Add(1)
	return timer{multicast.NewTimer(), n}, nil
}

// timer tells the network of its end.
type timer struct {
	multicast.Timer
	n *network
}

func (t timer) Close() error {
	t.n.closed.Add(1)
	return t.Timer.Close()
}

// socket is a network's.
type socket struct{ n *network }

func (s socket) Read([]multicast.Packet) (int, error) {
	<-s.n.done
	return 0, net.ErrClosed
}

func (s socket) Write(_ netip.AddrPort, b []byte, segment int) (int, error) {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	size := len(b)
	if s.n.room >= 0 {
		size = min(size, s.n.room*segment)
		s.n.room -= (size + segment - 1) / segment
	}
	s.n.taken += uint64((size + segment - 1) / segment)
	if size < len(b) {
		return size, multicast.ErrWouldBlock
	}
	return size, nil
}

func (s socket) WaitWrite() error {
	s.n.mu.Lock()
	more, room := s.n.more, s.n.room
	s.n.mu.Unlock()
	if room != 0 {
		return nil
	}
	select {
	case <-more:
		return nil
	case <-s.n.done:
		return net.ErrClosed
	}
}

func (s socket) LocalAddr() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:7") }

func (s socket) Stats() multicast.ConnStats {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	return multicast.ConnStats{MTU: s.n.mtu, Sent: s.n.taken}
}

func (s socket) Close() error {
	s.n.closed.Add(1)
	close(s.n.done)
	return nil
}

// wantGoroutines waits until there are as many goroutines as there were: one
// that has done its last work takes a moment to go.
func wantGoroutines(t *testing.T, before int) {
	t.Helper()
	for range 1000000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	buf := make([]byte, 1<<20)
	t.Fatalf("%d goroutines were there before, %d are now:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
}
