package subscriber_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
)

var quiet = slog.New(slog.DiscardHandler)

// network is a multicast.Network on which nothing moves but by hand: a test puts
// datagrams into its groups, and what is sent is kept where it is asked for.
type network struct {
	groups []*socket // in the order in which they were opened
	back   *socket

	fail           int // the opening that fails, counted from 1
	opened, closed atomic.Int32

	mu   sync.Mutex
	sent [][]byte // if keep
	keep bool
}

var errOpen = errors.New("this one doesn't open")

func (n *network) open() (*socket, error) {
	if int(n.opened.Load())+1 == n.fail {
		return nil, errOpen
	}
	n.opened.Add(1)
	return &socket{n: n, in: make(chan []byte), done: make(chan struct{})}, nil
}

func (n *network) Group(multicast.GroupConfig) (multicast.Conn, error) {
	s, err := n.open()
	if err != nil {
		return nil, err
	}
	n.groups = append(n.groups, s)
	return s, nil
}

func (n *network) Socket(multicast.SocketConfig) (multicast.Conn, error) {
	s, err := n.open()
	if err != nil {
		return nil, err
	}
	n.back = s
	return s, nil
}

func (n *network) Timer() (multicast.Timer, error) {
	if _, err := n.open(); err != nil {
		return nil, err
	}
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

// socket receives what a test puts into it.
type socket struct {
	n    *network
	in   chan []byte
	done chan struct{}
	buf  [2048]byte
}

// Read overwrites what it returned before, as the kernel's does.
func (s *socket) Read(ps []multicast.Packet) (int, error) {
	select {
	case b := <-s.in:
		size := copy(s.buf[:], b)
		ps[0] = multicast.Packet{Data: s.buf[:size], From: from}
		return 1, nil
	case <-s.done:
		return 0, net.ErrClosed
	}
}

// from is where all publishers are.
var from = netip.MustParseAddrPort("192.0.2.1:1000")

func (s *socket) Write(_ netip.AddrPort, b []byte, segment int) (int, error) {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	if s.n.keep {
		for d := range slices.Chunk(slices.Clone(b), segment) {
			s.n.sent = append(s.n.sent, d)
		}
	}
	return len(b), nil
}

func (s *socket) WaitWrite() error           { return nil }
func (s *socket) LocalAddr() netip.AddrPort  { return from }
func (s *socket) Stats() multicast.ConnStats { return multicast.ConnStats{} }

func (s *socket) Close() error {
	s.n.closed.Add(1)
	close(s.done)
	return nil
}

// record returns the datagrams that a publisher sends, the first of which
// announces the session.
func record(t testing.TB, cfg publisher.Config, publish func(*publisher.Publisher)) [][]byte {
	t.Helper()
	n := &network{keep: true}
	cfg.Network, cfg.Logger, cfg.ResendBuffer = n, quiet, 4<<20
	p, err := publisher.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	publish(p)
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.mu.Lock()
	sent := n.sent
	n.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody will ask for anything
	if err := p.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	return sent
}

// listen opens a subscriber on the network.
func (n *network) listen(t testing.TB, cfg subscriber.Config) *subscriber.Subscriber {
	t.Helper()
	cfg.Network = n
	if cfg.Logger == nil {
		cfg.Logger = quiet
	}
	s, err := subscriber.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
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
