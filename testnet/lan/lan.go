package lan

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"crier/testnet/link"

	"github.com/pion/logging"
	"github.com/pion/transport/v3/vnet"
)

const (
	defaultSubnet = "10.77.0.0/16"
	defaultMTU    = 1500
	minMTU        = 576 // what every IPv4 host must take in
	headerBytes   = 28  // IPv4 and UDP
)

// Config describes a LAN. The zero value is a perfect one.
type Config struct {
	// Seed is the run's seed; each link derives its own from it.
	Seed uint64
	// Link is what every link between two hosts does until [LAN.Link] changes
	// it. The link from a host to itself is perfect.
	Link link.Config
	// Subnet holds the hosts' addresses, IPv4, at least 8 bits long;
	// 10.77.0.0/16 if it is not valid.
	Subnet netip.Prefix
	// MTU of the hosts' interface, 576 to 65535 bytes; 0 means 1500.
	MTU int
}

// Stats is what a LAN has counted. Counters only grow.
type Stats struct {
	Unreachable   uint64 // unicast datagrams to an address where no host is
	InFlightDrops uint64 // arrivals dropped because too many were on their way
}

// LAN is a network of hosts that reach each other by multicast and unicast,
// without the kernel. It is made for testing/synctest: it waits on channels and
// timers only. It is safe for concurrent use.
//
// Two vnet routers carry the datagrams. Hosts send on "up", where a filter takes
// every datagram out and asks the links what becomes of it; a scheduler injects
// the copies on "down" when they arrive, from the sender's own address there.
//
// Under synctest each link's results repeat for a seed if its sender's datagrams
// do. The order in which different hosts see things at one instant doesn't
// repeat.
type LAN struct {
	cfg      Config
	up, down *vnet.Router
	start    time.Time

	setup sync.Mutex // one host is made at a time; taken before mu

	mu     sync.Mutex
	closed bool
	hosts  []*Host // in the order they were made, which is the order of fan-out
	byAddr map[netip.Addr]*Host
	paths  map[pair]*Path
	flight flights
	stats  Stats

	wake chan struct{} // tells the scheduler of an earlier arrival
	quit chan struct{}
	done chan struct{}
}

// pair is one direction between two hosts.
type pair struct{ from, to netip.Addr }

// vnetMu guards what vnet has globally: a counter of hardware addresses.
var vnetMu sync.Mutex

// New starts a LAN without hosts. Close ends its goroutines.
func New(cfg Config) (*LAN, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	l := &LAN{
		cfg:    cfg,
		start:  time.Now(),
		byAddr: make(map[netip.Addr]*Host),
		paths:  make(map[pair]*Path),
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	var err error
	if l.up, err = newRouter("up"); err != nil {
		return nil, err
	}
	if l.down, err = newRouter("down"); err != nil {
		return nil, err
	}
	l.up.AddChunkFilter(l.take)
	if err := l.up.Start(); err != nil {
		return nil, fmt.Errorf("testnet: start the vnet router up: %w", err)
	}
	if err := l.down.Start(); err != nil {
		_ = l.up.Stop() // it was started; what went wrong is told already
		return nil, fmt.Errorf("testnet: start the vnet router down: %w", err)
	}
	go l.schedule()
	return l, nil
}

// complete checks the configuration and fills in the defaults.
func (c *Config) complete() error {
	if err := c.Link.Validate(); err != nil {
		return err
	}
	if !c.Subnet.IsValid() {
		c.Subnet = netip.MustParsePrefix(defaultSubnet)
	}
	c.Subnet = c.Subnet.Masked()
	a := c.Subnet.Addr()
	if !a.Is4() || c.Subnet.Bits() < 8 || a.As4()[0] == 0 || a.IsLoopback() || a.As4()[0] >= 224 {
		return fmt.Errorf("testnet: LANConfig.Subnet %v is not an IPv4 network of hosts of at "+
			"least 8 bits; use one like %s", c.Subnet, defaultSubnet)
	}
	if c.MTU == 0 {
		c.MTU = defaultMTU
	}
	if c.MTU < minMTU || c.MTU > 65535 {
		return fmt.Errorf("testnet: LANConfig.MTU is from %d to 65535 bytes, not %d", minMTU, c.MTU)
	}
	return nil
}

func newRouter(name string) (*vnet.Router, error) {
	vnetMu.Lock()
	defer vnetMu.Unlock()
	r, err := vnet.NewRouter(&vnet.RouterConfig{
		Name: name,
		CIDR: "0.0.0.0/0", // it must route the hosts' inner addresses too
		LoggerFactory: &logging.DefaultLoggerFactory{
			Writer:          io.Discard, // it names every datagram otherwise
			DefaultLogLevel: logging.LogLevelDisabled,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("testnet: make the vnet router %s: %w", name, err)
	}
	return r, nil
}

// Link returns the path from one host to another, or to itself.
func (l *LAN) Link(from, to *Host) *Path {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.path(from, to)
}

// path finds or makes a path. The caller holds mu.
func (l *LAN) path(from, to *Host) *Path {
	p := l.paths[pair{from.addr, to.addr}]
	if p == nil {
		cfg := l.cfg.Link
		if from.addr == to.addr {
			cfg = link.Config{}
		}
		p = &Path{lan: l, link: new(link.Link).Init(cfg,
			link.Seed(l.cfg.Seed, number(from.addr), number(to.addr)))}
		l.paths[pair{from.addr, to.addr}] = p
	}
	return p
}

// number is an IPv4 address as a number.
func number(a netip.Addr) uint64 {
	b := a.As4()
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}

// carries says whether datagrams to an address can be sent.
func (l *LAN) carries(to netip.AddrPort) bool {
	a := to.Addr()
	return to.Port() != 0 && a.Is4() && (a.IsMulticast() || l.cfg.Subnet.Contains(a))
}

// Stats returns what the LAN has counted.
func (l *LAN) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// now is the time of the run, in nanoseconds.
func (l *LAN) now() int64 { return int64(time.Since(l.start)) }

// Close closes all sockets and ends the goroutines. Datagrams under way are lost. Timers
// belong to their makers.
func (l *LAN) Close() error {
	l.setup.Lock()
	defer l.setup.Unlock()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	var open []*conn
	for _, h := range l.hosts {
		open = h.appendConns(open)
	}
	l.mu.Unlock()

	close(l.quit)
	<-l.done
	for _, c := range open {
		_ = c.Close() // it has no other answer than nil
	}
	for _, r := range []*vnet.Router{l.up, l.down} {
		if err := r.Stop(); err != nil {
			return fmt.Errorf("testnet: stop a vnet router: %w", err)
		}
	}
	return nil
}

// errClosed says what was used after Close.
func errClosed(what string) error { return fmt.Errorf("testnet: %s: %w", what, net.ErrClosed) }
