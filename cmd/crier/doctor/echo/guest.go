package echo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"crier/multicast"
)

// guest is the end that measures.
type guest struct {
	cfg    Config
	run    uint64
	cookie uint64
	local  netip.Addr
	ifi    string
	mtu    int
	port   *port
	out    multicast.Conn // to the group; its port takes NACKs
	fresh  multicast.Conn // to the Host's control port
	in     multicast.Conn // from the group, once it has joined
	all    sync.WaitGroup

	mu      sync.Mutex
	heard   [passes]*heard
	told    map[uint32]chan told
	nonce   uint32
	welcome chan greeting
	// welcomed says that the Host has answered: cookie and ttl don't change any more.
	welcomed bool
	refusal  error   // the kernel's word on the Host
	ttl      int     // with which the Host's datagrams arrive
	senders  Senders // other than the two that measure
}

// heard counts the answers of one pass.
type heard struct {
	tally
	first  time.Time
	trips  []time.Duration
	offset time.Duration // the Host's clock minus this one's, by the fastest trip
	best   time.Duration
}

// open opens the sockets.
func open(cfg Config) (*guest, error) {
	ifi, local, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	g := &guest{cfg: cfg, run: random(), local: local, ifi: ifi.Name, mtu: usable(ifi.MTU),
		told: map[uint32]chan told{}, welcome: make(chan greeting, 1)}
	for i := range g.heard {
		g.heard[i] = &heard{}
	}
	if g.port, err = dialPort(local, cfg.To); err != nil {
		return nil, err
	}
	if g.out, g.fresh, err = openOut(cfg.Place); err != nil {
		g.close()
		return nil, err
	}
	g.all.Go(g.readPort)
	g.all.Go(func() { g.read(g.out, false) })
	g.all.Go(func() { g.read(g.fresh, false) })
	return g, nil
}

// join opens the socket of the group.
func (g *guest) join() error {
	in, err := g.cfg.Link.Group(multicast.GroupConfig{Group: g.cfg.Group,
		Interface: g.cfg.Interface})
	if err != nil {
		return err
	}
	g.in = in
	g.all.Go(func() { g.read(in, true) })
	return nil
}

func (g *guest) close() {
	if g.port != nil {
		g.port.close()
	}
	for _, c := range []multicast.Conn{g.out, g.fresh, g.in} {
		if c != nil {
			c.Close()
		}
	}
	g.all.Wait()
}

// figures returns the figures known before a measurement.
func (g *guest) figures() *figures {
	return &figures{cfg: g.cfg, local: g.local, ifi: g.ifi, mtu: g.mtu,
		control: g.out.LocalAddr().Port()}
}

// readPort takes the datagrams from the Host's port.
func (g *guest) readPort() {
	b := make([]byte, 64<<10)
	c := &codec{}
	for {
		n, from, ttl, err := g.port.read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		g.mu.Lock()
		if err != nil {
			g.refusal = err // ICMP said so
			g.mu.Unlock()
			continue
		}
		g.refusal = nil
		g.take(c, b[:n], from, ttl, false)
		g.mu.Unlock()
	}
}

// read takes the datagrams of one of crier's sockets.
func (g *guest) read(conn multicast.Conn, group bool) {
	packets := make([]multicast.Packet, 64)
	c := &codec{}
	for {
		n, err := conn.Read(packets)
		if err != nil {
			return
		}
		g.mu.Lock()
		for _, p := range packets[:n] {
			g.take(c, p.Data, p.From, 0, group)
		}
		g.mu.Unlock()
	}
}

// take deals with one datagram; with the lock held.
func (g *guest) take(c *codec, datagram []byte, from netip.AddrPort, ttl int, group bool) {
	now := time.Now()
	m, err := c.decode(datagram)
	if err != nil || m.run != g.run {
		if group {
			f := &c.frame
			if err == errForeign {
				f = nil
			}
			g.senders.add(from, f, now)
		}
		return
	}
	switch m.op {
	case opWelcome:
		var w greeting
		if g.welcomed || group || parse(m.body, &w) != nil {
			return // a second answer, or somebody else's: the first one stands
		}
		g.welcomed, g.cookie, g.ttl = true, m.cookie, ttl
		g.welcome <- w
	case opTold:
		var t told
		if m.cookie != g.cookie || parse(m.body, &t) != nil {
			return
		}
		if answered := g.told[t.Nonce]; answered != nil {
			answered <- t
			delete(g.told, t.Nonce)
		}
	case opAnswer:
		if p, ok := parseProbe(m.body); ok && m.cookie == g.cookie {
			g.heard[p.pass].add(p, len(datagram), from, now)
		}
	}
}

// add counts an answer.
func (h *heard) add(p probe, size int, from netip.AddrPort, now time.Time) {
	if h.received == 0 {
		h.first = now
	}
	if p.seq == endSeq {
		h.ended = true
		return
	}
	if !h.tally.add(p.seq, size, from) || p.sent == 0 {
		return
	}
	trip := time.Duration(now.UnixNano() - p.sent - (p.answered - p.received))
	h.trips = append(h.trips, trip)
	if h.best == 0 || trip < h.best {
		h.best = trip
		h.offset = time.Duration((p.received - p.sent + p.answered - now.UnixNano()) / 2)
	}
}

// count returns the answers of a pass so far.
func (g *guest) count(p pass) heard {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := *g.heard[p]
	h.seen, h.sources, h.trips = slices.Clone(h.seen), slices.Clone(h.sources),
		slices.Clone(h.trips)
	return h
}

// forget begins the count of a pass anew.
func (g *guest) forget(p pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard[p] = &heard{}
}

// sleep waits, or until the context ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// message makes a message to the Host.
func (g *guest) message(o op, body []byte) message {
	return message{op: o, run: g.run, cookie: g.cookie, body: body}
}

const (
	// tries is how often something is asked before the Host counts as silent, and patience
	// how long each time.
	tries    = 6
	patience = 250 * time.Millisecond
)

// greet exchanges greetings with the Host.
func (g *guest) greet(ctx context.Context) (greeting, error) {
	c := &codec{}
	hello := body(greeting{Version: version, Name: hostName(), Group: g.cfg.Group.String(),
		Iface: g.ifi, MTU: g.mtu, Control: g.out.LocalAddr().Port()}, asking)
	d := c.append(nil, g.message(opHello, hello))
	for range tries {
		err := g.port.write(d, g.cfg.To)
		if err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			return greeting{}, err
		}
		select {
		case w := <-g.welcome:
			w.clean()
			if w.Name == hostName() { // as containers of one machine may have
				w.Name = g.cfg.To.Addr().String()
			}
			return w, nil
		case <-ctx.Done():
			return greeting{}, ctx.Err()
		case <-time.After(patience):
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refusal != nil {
		return greeting{}, g.refusal
	}
	return greeting{}, errSilent
}

// errSilent means that nothing at all came back.
var errSilent = errors.New("nothing came back")

// ask puts a question to the Host.
func (g *guest) ask(ctx context.Context, q question) (told, error) {
	c := &codec{}
	answered := make(chan told, 1)
	g.mu.Lock()
	g.nonce++
	q.Nonce = g.nonce
	g.told[q.Nonce] = answered
	g.mu.Unlock()
	d := c.append(nil, g.message(opAsk, body(q, asking)))
	for range tries {
		_ = g.port.write(d, g.cfg.To) // an error may be of an earlier datagram
		select {
		case t := <-answered:
			if t.Error != "" {
				return t, errors.New(t.Error)
			}
			return t, nil
		case <-ctx.Done():
			return told{}, ctx.Err()
		case <-time.After(patience):
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.told, q.Nonce)
	return told{}, fmt.Errorf("%v answers no more", g.cfg.To)
}
