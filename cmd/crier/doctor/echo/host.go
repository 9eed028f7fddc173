package echo

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"crier/cmd/crier/check"
	"crier/multicast"
)

// Place is where a host takes part: an interface, a group and the ports.
type Place struct {
	// Interface is a name or an address.
	Interface string
	// Group is the group that the host was told to use.
	Group netip.AddrPort
	// Port is the UDP port that a Host answers on; 0 means DefaultPort.
	Port uint16
	// Link says how the interface is used. NACKs would go to its control port.
	Link multicast.LinkConfig
	// Checks makes the host's own checks; nil means none.
	Checks func(context.Context) []check.Check
}

// DefaultPort is the port that a Host answers on by default. It doesn't depend on the group,
// so that two hosts that were told different groups find out.
const DefaultPort = 7701

// EchoPort returns the port that a Host answers on.
func (p Place) EchoPort() uint16 {
	if p.Port == 0 {
		return DefaultPort
	}
	return p.Port
}

// resolve completes the place, and returns the interface and the address to send from.
func (p *Place) resolve() (*net.Interface, netip.Addr, error) {
	ifi, err := multicast.ResolveInterface(p.Interface)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	prefer, _ := netip.ParseAddr(p.Interface)
	local, err := multicast.SourceAddr(ifi, p.Group.Addr(), prefer)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	p.Link, err = p.Link.Complete()
	p.Link.NoLoopback = ifi.Flags&net.FlagLoopback == 0 // it is for the other host
	return ifi, local, err
}

// Host answers the probes of another host that measures.
type Host struct {
	place  Place
	name   string
	local  netip.Addr
	ifi    string
	mtu    int
	port   *port
	out    multicast.Conn // to the group; NACKs would go to its port
	in     multicast.Conn // from the group
	fresh  multicast.Conn // to a control port, as a subscriber's NACKs
	budget budget

	mu      sync.Mutex
	clients clients
	counts  Counts
	own     ownChecks
}

// Counts are the counters of a Host.
type Counts struct {
	Clients  uint64 // that showed their address
	Answers  uint64 // datagrams that were sent
	Refused  uint64 // datagrams that the host's kernel refused to send
	Foreign  uint64 // datagrams that aren't crier frames
	Other    uint64 // crier frames of others, which are no probes
	Bad      uint64 // probes that make no sense, or carry no valid cookie
	Bounded  uint64 // messages not answered, to keep to the bounds
	Versions uint64 // greetings of another version
}

// Listen opens a Host's sockets.
func Listen(p Place) (*Host, error) {
	ifi, local, err := p.resolve()
	if err != nil {
		return nil, err
	}
	h := &Host{place: p, local: local, ifi: ifi.Name, mtu: usable(ifi.MTU), name: hostName()}
	h.clients.init()
	h.own.init()
	if h.port, err = listenPort(netip.AddrPortFrom(local, p.EchoPort())); err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("another program, such as a crier doctor echo, has UDP port %d "+
				"of %v: end it, or give this one another with --port", p.EchoPort(), local)
		}
		return nil, fmt.Errorf("port %d for \"crier doctor echo\": %w", p.EchoPort(), err)
	}
	if h.in, err = p.Link.Group(multicast.GroupConfig{Group: p.Group,
		Interface: p.Interface}); err == nil {
		h.out, h.fresh, err = openOut(p)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// openOut opens two sockets that send to a group and to single hosts: one that has the
// control port, and one that has any.
func openOut(p Place) (control, fresh multicast.Conn, err error) {
	cfg := multicast.SocketConfig{Group: p.Group, Interface: p.Interface}
	if control, err = p.Link.Socket(cfg); err != nil {
		return nil, nil, err
	}
	other := p.Link
	other.ControlPort = 0
	if fresh, err = other.Socket(cfg); err != nil {
		control.Close()
		return nil, nil, err
	}
	single(control, true)
	single(fresh, true)
	return control, fresh, nil
}

// single says whether a connection's datagrams are sent one by one, as the network would
// carry them, or many as one write.
func single(c multicast.Conn, on bool) {
	if s, ok := c.(multicast.Segmenter); ok {
		s.SetSegments(!on)
	}
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unnamed"
	}
	return name[:min(len(name), 64)]
}

// Addr returns the address and port that the Host answers on.
func (h *Host) Addr() netip.AddrPort { return h.port.local }

// Name returns the name that the Host gives itself.
func (h *Host) Name() string { return h.name }

// Control returns the address that NACKs would go to.
func (h *Host) Control() netip.AddrPort { return h.out.LocalAddr() }

// Counts returns the Host's counters.
func (h *Host) Counts() Counts {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.counts
	c.Refused += h.out.Stats().SendErrors + h.fresh.Stats().SendErrors
	return c
}

// Close closes the Host's sockets.
func (h *Host) Close() {
	h.port.close()
	for _, c := range []multicast.Conn{h.in, h.out, h.fresh} {
		if c != nil {
			c.Close()
		}
	}
}

// Serve answers until the context ends, and then closes the Host.
func (h *Host) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 4)
	var all sync.WaitGroup
	if h.place.Checks != nil {
		all.Go(func() { h.checkWhenWanted(ctx) })
	}
	for _, c := range []multicast.Conn{h.in, h.out, h.fresh} {
		group := c == h.in
		all.Go(func() { failed <- h.read(c, group) })
	}
	all.Go(func() { failed <- h.readPort() })
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		cancel()
	}
	h.Close()
	all.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// read takes the datagrams of one of crier's sockets.
func (h *Host) read(c multicast.Conn, group bool) error {
	packets := make([]multicast.Packet, 64)
	w := &writer{}
	for {
		n, err := c.Read(packets)
		if err != nil {
			return err
		}
		h.mu.Lock()
		for _, p := range packets[:n] {
			h.take(w, p.Data, p.From, 0, group)
		}
		h.mu.Unlock()
		w.flush(h)
	}
}

// readPort takes the datagrams to the Host's port.
func (h *Host) readPort() error {
	b := make([]byte, 64<<10)
	w := &writer{}
	for {
		n, from, ttl, err := h.port.read(b)
		if err != nil {
			return err
		}
		h.mu.Lock()
		h.take(w, b[:n], from, ttl, false)
		h.mu.Unlock()
		w.flush(h)
	}
}

// take deals with one datagram; with the lock held.
func (h *Host) take(w *writer, datagram []byte, from netip.AddrPort, ttl int, group bool) {
	now := time.Now()
	m, err := w.decode(datagram)
	switch {
	case err == errForeign:
		h.counts.Foreign++
		return
	case err == errOther:
		h.counts.Other++
		return
	case err != nil:
		h.counts.Bad++
		return
	}
	switch {
	case m.op == opAnswer || m.op == opTold || m.op == opWelcome:
		return // another Host's, or this one's own
	case m.op == opHello && !group:
		h.welcome(w, m, from, ttl, len(datagram))
		return
	}
	c := h.clients.find(m.run, m.cookie)
	if c == nil && m.op == opAsk && h.clients.valid(m.run, m.cookie, from) {
		// Only a question makes a client: it comes from where the cookie went.
		if c = h.clients.add(m.run, m.cookie, from, now); c == nil {
			h.counts.Bounded++
			return
		}
		h.counts.Clients++
	}
	if c == nil {
		h.counts.Bad++
		return
	}
	c.last = now
	c.credit = min(c.credit+len(datagram), maxCredit)
	switch m.op {
	case opAsk:
		if from == c.addr {
			h.told(w, c, m)
		}
	case opProbe:
		h.answer(w, c, m, from, now, len(datagram))
	default:
		h.counts.Bad++
	}
}

// welcome answers a greeting, without keeping anything of it.
func (h *Host) welcome(w *writer, m message, from netip.AddrPort, ttl, size int) {
	var g greeting
	switch {
	case parse(m.body, &g) != nil || len(m.body) < asking:
		h.counts.Bad++
		return
	case g.Version != version:
		h.counts.Versions++ // its answer says which version this is
	}
	if !h.budget.take(time.Now(), 1) {
		h.counts.Bounded++
		return
	}
	w.unicast(from, message{op: opWelcome, run: m.run,
		cookie: h.clients.cookie(m.run, from),
		body: body(greeting{Version: version, Name: h.name, Group: h.place.Group.String(),
			Control: h.out.LocalAddr().Port(), Iface: h.ifi, MTU: h.mtu, TTL: ttl}, 0)})
}

// answer counts a probe, and answers it as it asks for.
func (h *Host) answer(
	w *writer, c *client, m message, from netip.AddrPort, now time.Time, size int,
) {
	p, ok := parseProbe(m.body)
	if !ok {
		h.counts.Bad++
		return
	}
	t := c.pass(p.pass)
	t.add(p.seq, size, from)
	if p.reply == replyNone {
		return
	}
	if p.seq < endSeq {
		t.answered++
	}
	if size < smallFrame || c.credit < smallFrame || !h.budget.take(now, 1) {
		h.counts.Bounded++
		if p.seq < endSeq {
			t.answered--
			t.bounded++
		}
		return
	}
	c.credit -= smallFrame
	p.received, p.answered = now.UnixNano(), time.Now().UnixNano()
	reply := message{op: opAnswer, run: m.run, cookie: m.cookie, body: w.body(p)}
	if p.reply == replyGroup {
		w.toGroup(reply)
		return
	}
	w.unicast(c.addr, reply)
}

// parse decodes a JSON body.
func parse(b []byte, v any) error { return decodeJSON(b, v) }

// secret returns random bytes.
func secret() []byte {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return b
}

// random returns a random number that is not 0.
func random() uint64 { return binary.BigEndian.Uint64(secret()) | 1 }
