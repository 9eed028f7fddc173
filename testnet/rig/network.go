package rig

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"crier/multicast"
	"crier/publisher"
	"crier/subscriber"
)

// Quiet logs nothing.
var Quiet = slog.New(slog.DiscardHandler)

// All is room for all datagrams.
const All = -1

// ErrOpen is what an opening fails with that a Network was told to fail.
var ErrOpen = errors.New("this one doesn't open")

// From is where all that a Network's sockets read comes from, and their own address.
var From = netip.MustParseAddrPort("192.0.2.1:1000")

// Network is a multicast.Network on which nothing moves but by hand: a test puts
// datagrams into its groups, and says how many its sockets take. What they took is
// counted, and forgotten unless Keep is set. Make one with NewNetwork; its fields
// are set before it is used.
type Network struct {
	MTU  int  // of its sockets' interface, in bytes; 0: unknown
	Keep bool // whether Sent returns what was sent
	Fail int  // the opening that fails with ErrOpen, counted from 1; 0: none

	Opened, Closed atomic.Int32 // groups, sockets and timers

	mu     sync.Mutex
	groups []*socket // in the order in which they were opened
	room   int       // datagrams that are taken; All: any number
	more   chan struct{}
	taken  uint64 // datagrams
	sent   [][]byte
}

// NewNetwork returns a network whose sockets take so many datagrams, or All. A test
// in a bubble makes it there.
func NewNetwork(room int) *Network {
	return &Network{room: room, more: make(chan struct{})}
}

// Publisher opens a publisher on the network, which logs nothing.
func (n *Network) Publisher(t testing.TB, cfg publisher.Config) *publisher.Publisher {
	t.Helper()
	cfg.Link.Network, cfg.Logger = n, Quiet
	p, err := publisher.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Subscriber opens a subscriber on the network, which logs nothing unless cfg says
// where to.
func (n *Network) Subscriber(t testing.TB, cfg subscriber.Config) *subscriber.Subscriber {
	t.Helper()
	cfg.Link.Network = n
	if cfg.Logger == nil {
		cfg.Logger = Quiet
	}
	s, err := subscriber.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Into returns where to put datagrams that the group opened as the i-th, from 0, is
// to read. Each waits there until it is read.
func (n *Network) Into(i int) chan<- []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.groups[i].in
}

// Give makes room for so many datagrams, or All, whatever there was.
func (n *Network) Give(room int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.room = room
	close(n.more)
	n.more = make(chan struct{})
}

// Sent returns the datagrams that were sent so far, if they are kept.
func (n *Network) Sent() [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.sent)
}

func (n *Network) open() error {
	if int(n.Opened.Load())+1 == n.Fail {
		return ErrOpen
	}
	n.Opened.Add(1)
	return nil
}

// Group implements [multicast.Network].
func (n *Network) Group(multicast.GroupConfig) (multicast.Conn, error) {
	if err := n.open(); err != nil {
		return nil, err
	}
	s := &socket{n: n, in: make(chan []byte), done: make(chan struct{})}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.groups = append(n.groups, s)
	return s, nil
}

// Groups implements [multicast.Network]. What a test puts into the socket has come by the
// group that it was opened for.
func (n *Network) Groups(cfg multicast.GroupConfig) (multicast.GroupsConn, error) {
	c, err := n.Group(cfg)
	if err != nil {
		return nil, err
	}
	return &groups{socket: c.(*socket), members: []netip.AddrPort{cfg.Group}}, nil
}

// groups is a socket that notes its groups.
type groups struct {
	*socket
	members []netip.AddrPort // guarded by n.mu
}

// Join implements [multicast.GroupsConn].
func (g *groups) Join(group netip.AddrPort, _ int) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	if !slices.Contains(g.members, group) {
		g.members = append(g.members, group)
	}
	return nil
}

// Leave implements [multicast.GroupsConn].
func (g *groups) Leave(group netip.AddrPort) error {
	g.n.mu.Lock()
	defer g.n.mu.Unlock()
	g.members = slices.DeleteFunc(g.members, func(o netip.AddrPort) bool { return o == group })
	return nil
}

// Socket implements [multicast.Network].
func (n *Network) Socket(multicast.SocketConfig) (multicast.Conn, error) {
	if err := n.open(); err != nil {
		return nil, err
	}
	return &socket{n: n, done: make(chan struct{})}, nil
}

// Timer implements [multicast.Network].
func (n *Network) Timer() (multicast.Timer, error) {
	if err := n.open(); err != nil {
		return nil, err
	}
	return timer{multicast.NewTimer(), n}, nil
}

// timer tells the network of its end.
type timer struct {
	multicast.Timer
	n *Network
}

func (t timer) Close() error {
	t.n.Closed.Add(1)
	return t.Timer.Close()
}

// socket receives what a test puts into it.
type socket struct {
	n    *Network
	in   chan []byte // nil where it receives nothing
	done chan struct{}
	buf  [2048]byte
}

// Read overwrites what it returned before, as the kernel's does.
func (s *socket) Read(ps []multicast.Packet) (int, error) {
	select {
	case b := <-s.in:
		size := copy(s.buf[:], b)
		ps[0] = multicast.Packet{Data: s.buf[:size], From: From}
		return 1, nil
	case <-s.done:
		return 0, net.ErrClosed
	}
}

// Write takes as many datagrams as there is room for.
func (s *socket) Write(_ netip.AddrPort, b []byte, segment int) (int, error) {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	size := len(b)
	if s.n.room >= 0 {
		size = min(size, s.n.room*segment)
		s.n.room -= (size + segment - 1) / segment
	}
	s.n.taken += uint64((size + segment - 1) / segment)
	if s.n.Keep {
		for d := range slices.Chunk(slices.Clone(b[:size]), segment) {
			s.n.sent = append(s.n.sent, d)
		}
	}
	if size < len(b) {
		return size, multicast.ErrWouldBlock
	}
	return size, nil
}

func (s *socket) WaitWrite() error {
	s.n.mu.Lock()
	more, room := s.n.more, s.n.room
	s.n.mu.Unlock()
	if room != 0 {
		return nil
	}
	select {
	case <-more:
		return nil
	case <-s.done:
		return net.ErrClosed
	}
}

func (s *socket) LocalAddr() netip.AddrPort { return From }

func (s *socket) Stats() multicast.ConnStats {
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	return multicast.ConnStats{MTU: s.n.MTU, Sent: s.n.taken}
}

func (s *socket) Close() error {
	s.n.Closed.Add(1)
	close(s.done)
	return nil
}
