package echo

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"time"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/host"
	"crier/multicast"
	"crier/reliable/frame"
)

// Config configures a measurement.
type Config struct {
	Place
	// To is the Host's address and port.
	To netip.AddrPort
	// Probes is how many datagrams are counted each way; 0 means DefaultProbes.
	Probes int
	// Progress, if set, gets the name of each measurement.
	Progress func(string)
}

// DefaultProbes is enough to tell a loss of 1 % from one of 0.8 or 1.2 %.
const DefaultProbes = 40_000

// MaxProbes bounds Config.Probes.
const MaxProbes = maxSeq

const (
	floodRate = 20_000 // a second
	tripRate  = 1_000
	maxTrips  = 1_000
	burstSize = 10_000
	backSize  = 200
)

// figures are the results of a measurement.
type figures struct {
	cfg   Config
	local netip.Addr
	ifi   string
	mtu   int
	// control is the port that NACKs would come to.
	control uint16

	err     error // the Host didn't answer
	arp     string
	there   greeting
	ttl     int
	ended   error // in the middle of it
	joinErr error
	joined  time.Duration // until the first datagram; 0 if none came

	trip, group, flood, back, lone, burst way

	mtuTo, mtuFrom   int // of datagrams; 0 if unknown
	nackTo, nackFrom arrivals
	senders          Senders       // others in the group
	checks           []check.Check // the Host's own
}

// way counts a series: out, and back.
type way struct {
	done  bool // and counted at both ends
	sent  int
	there count // at the Host
	here  heard // of its answers
	// kernel has what this host's kernel counted meanwhile, and drops what found the socket's
	// receive buffer full.
	kernel map[string]uint64
	drops  uint64
}

// arrivals counts the datagrams to a port.
type arrivals struct{ sent, refused, received int }

func (a arrivals) missing() int { return a.sent - a.refused - a.received }

// Other is the other host.
type Other struct {
	// Name is the name that it gives; "" if it didn't answer.
	Name string
	// Checks are its own.
	Checks []check.Check
}

// Measure measures the way to a Host and back, for about 4 seconds. It returns an error only
// if the context ended before there was anything.
func Measure(ctx context.Context, cfg Config) ([]check.Check, Other, error) {
	if cfg.Probes == 0 {
		cfg.Probes = DefaultProbes
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	g, f, list, err := meet(ctx, cfg)
	if g == nil {
		return list, Other{}, err
	}
	defer g.close()
	f.ended = g.measure(ctx, f)
	g.mu.Lock()
	f.senders = g.senders.copy()
	g.mu.Unlock()
	return f.judge(), Other{Name: f.there.Name, Checks: f.checks}, nil
}

// meet opens the sockets and greets the Host. If that fails, the checks say why.
func meet(ctx context.Context, cfg Config) (*guest, *figures, []check.Check, error) {
	if why := wrongInterface(cfg); why != nil {
		return nil, nil, []check.Check{*why}, nil
	}
	g, err := open(cfg)
	if err != nil {
		return nil, nil, []check.Check{{Name: nameEcho, State: check.Unknown,
			Evidence: fmt.Sprintf("not asked: %v", err)}}, nil
	}
	f := g.figures()
	if f.there, f.err = g.greet(ctx); f.err == nil {
		f.ttl = g.ttl
		return g, f, nil, nil
	}
	g.close()
	if ctx.Err() != nil {
		return nil, nil, nil, ctx.Err()
	}
	f.arp = neighbour(cfg.To.Addr(), g.ifi)
	return nil, nil, f.judge(), nil
}

// wrongInterface returns a problem if the Host is on a network, but the interface isn't; or
// the other way round.
func wrongInterface(cfg Config) *check.Check {
	ifi, err := multicast.ResolveInterface(cfg.Interface)
	if err != nil {
		return nil // which the sockets will say
	}
	to := cfg.To.Addr()
	route, err := host.RouteTo(to, "")
	local := to.IsLoopback() || err == nil && route.Local
	c := &check.Check{Name: nameEcho, State: check.Problem}
	switch loopback := ifi.Flags&net.FlagLoopback != 0; {
	case loopback == local:
		return nil
	case local:
		c.Mend = "name another host with --to, or use --iface lo on both sides"
		c.Evidence = fmt.Sprintf("%v is this host: the way through %s can't be measured", to,
			ifi.Name)
		return c
	case err == nil && route.Interface != ifi.Name:
		c.Mend = "use --iface " + route.Interface
	default:
		c.Mend = "name the interface of the network with --iface"
	}
	c.Evidence = fmt.Sprintf("%s leads to this machine alone, and not to %v", ifi.Name, to)
	return c
}

// measure fills in the figures.
func (g *guest) measure(ctx context.Context, f *figures) error {
	for _, step := range []struct {
		name string
		do   func(context.Context, *figures) error
	}{
		{"the way of NACKs", g.measureNACKs},
		{"joining", g.measureJoin},
		{"round trips", g.measureTrips},
		{"loss", g.measureLoss},
		{"the path's MTU", g.measureMTU},
		{"a burst", g.measureBurst},
		{"the other host's own checks", g.fetchChecks},
	} {
		g.cfg.Progress(step.name)
		if err := step.do(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// sameGroup reports whether both hosts use one group.
func (f *figures) sameGroup() bool { return f.there.Group == f.cfg.Group.String() }

// measureNACKs sends to the ports that NACKs go to, from ports that nobody has sent to, as
// a firewall that keeps state would see a NACK.
func (g *guest) measureNACKs(ctx context.Context, f *figures) error {
	if _, err := g.ask(ctx, question{What: askBegin, Pass: passNACK}); err != nil {
		return err
	}
	c := &codec{}
	before := g.fresh.Stats()
	to := netip.AddrPortFrom(g.cfg.To.Addr(), f.there.Control)
	for i := range nacks {
		p := probe{pass: passNACK, seq: uint32(i)}
		d := c.append(nil, g.message(opProbe, padded(p.append(nil), smallFrame)))
		_ = multicast.WriteAll(g.fresh, to, d, len(d))
	}
	t, err := g.ask(ctx, question{What: askNACK, Port: g.out.LocalAddr().Port()})
	if err != nil {
		return err
	}
	f.nackFrom = arrivals{sent: t.Sent, refused: t.Refused}
	f.nackTo = arrivals{sent: nacks, refused: sendErrors(g.fresh, before)}
	for end := time.Now().Add(stalled); ; sleep(ctx, pauses) {
		if t, err = g.ask(ctx, question{What: askCount, Pass: passNACK}); err != nil {
			return err
		}
		if t.Count != nil {
			f.nackTo.received = t.Count.Received
		}
		f.nackFrom.received = g.count(passNACK).received
		if f.nackTo.missing() == 0 && f.nackFrom.missing() == 0 || time.Now().After(end) {
			return nil
		}
	}
}

// measureJoin has the Host send to the group, and joins it.
func (g *guest) measureJoin(ctx context.Context, f *figures) error {
	if !f.sameGroup() {
		f.joinErr = g.join() // for other senders
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 600*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.send(ctx, series{pass: passJoin, n: 600, rate: tripRate, reply: replyGroup})
	}()
	sleep(ctx, 20*time.Millisecond)
	start := time.Now()
	if f.joinErr = g.join(); f.joinErr == nil {
		for ctx.Err() == nil && f.joined == 0 {
			if h := g.count(passJoin); h.received > 0 {
				f.joined = max(h.first.Sub(start), 1)
			}
			sleep(ctx, time.Millisecond)
		}
	}
	cancel()
	<-done
	return nil
}

// pass sends a series and counts it at both ends.
func (g *guest) pass(ctx context.Context, s series, w *way) error {
	if _, err := g.ask(ctx, question{What: askBegin, Pass: s.pass}); err != nil {
		return err
	}
	g.forget(s.pass)
	kernel, drops := readKernel(g.ifi), g.drops()
	w.sent = g.send(ctx, s)
	var err error
	w.there, err = g.drain(ctx, s)
	w.here = g.count(s.pass)
	w.kernel, w.drops = kernel.since(readKernel(g.ifi)), g.drops()-drops
	w.done = err == nil
	return err
}

// drops returns how many datagrams to the group found the receive buffer full.
func (g *guest) drops() uint64 {
	if g.in == nil {
		return 0
	}
	return g.in.Stats().KernelDrops
}

// measureTrips sends one by one: by unicast, and at the same time to the group.
func (g *guest) measureTrips(ctx context.Context, f *figures) error {
	n := min(maxTrips, max(g.cfg.Probes/4, 100))
	if !f.sameGroup() {
		return g.pass(ctx, series{pass: passTrip, n: n, rate: tripRate, reply: replyUnicast},
			&f.trip)
	}
	done := make(chan error)
	go func() {
		done <- g.pass(ctx, series{pass: passGroup, n: n, rate: tripRate, reply: replyGroup,
			group: true}, &f.group)
	}()
	err := g.pass(ctx, series{pass: passTrip, n: n, rate: tripRate, reply: replyUnicast}, &f.trip)
	if e := <-done; err == nil {
		err = e
	}
	return err
}

// measureLoss sends many to the group. Where none arrives, it finds out how far they come.
func (g *guest) measureLoss(ctx context.Context, f *figures) error {
	if !f.sameGroup() {
		return nil
	}
	if f.group.there.Received > 0 {
		return g.measureFlood(ctx, &f.flood)
	}
	err := g.pass(ctx, series{pass: passFlood, n: backSize, rate: tripRate, group: true}, &f.lone)
	if err != nil {
		return err
	}
	return g.pass(ctx, series{pass: passBack, n: backSize, rate: tripRate, reply: replyGroup},
		&f.back)
}

// measureFlood sends many to the group; slower if a host couldn't take them as fast.
func (g *guest) measureFlood(ctx context.Context, w *way) error {
	for rate := floodRate; ; rate /= 2 {
		*w = way{}
		err := g.pass(ctx, series{pass: passFlood, n: g.cfg.Probes, rate: rate,
			reply: replyGroup, group: true}, w)
		if err != nil || w.there.KernelDrops+w.drops == 0 || rate <= floodRate/4 {
			return err
		}
	}
}

// measureBurst sends as fast as the kernel takes it, in datagrams of the greatest size.
func (g *guest) measureBurst(ctx context.Context, f *figures) error {
	if !f.sameGroup() || f.group.there.Received == 0 {
		return nil
	}
	size := min(g.mtu-headers(g.local), 1472)
	if f.mtuTo > 0 {
		size = min(size, f.mtuTo)
	}
	single(g.out, false)
	defer single(g.out, true)
	return g.pass(ctx, series{pass: passBurst, n: min(burstSize, g.cfg.Probes), size: size,
		group: true}, &f.burst)
}

// checksPatience is how long a Host may take for its own checks: some 1.5 s, or longer if it
// is busy.
const checksPatience = 5 * time.Second

// fetchChecks gets the Host's own checks, which it makes now that nothing else is measured.
func (g *guest) fetchChecks(ctx context.Context, f *figures) error {
	var text []byte
	deadline := time.Now().Add(checksPatience)
	for part, parts := 0, 1; part < parts; {
		t, err := g.ask(ctx, question{What: askChecks, Part: part})
		if err != nil {
			return err
		}
		if t.Later && time.Now().Before(deadline) {
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		parts = min(t.Parts, maxChecks/checksPart+1)
		text = append(text, t.Text...)
		part++
	}
	if len(text) > 0 && json.Unmarshal(text, &f.checks) != nil {
		f.checks = nil
	}
	for i := range f.checks {
		for _, s := range []*string{&f.checks[i].Name, &f.checks[i].Evidence, &f.checks[i].Mend} {
			*s = cli.Printable(*s)
		}
	}
	return nil
}

// headers returns the size of the IP and UDP headers.
func headers(a netip.Addr) int {
	if a.Is4() {
		return 20 + 8
	}
	return 40 + 8
}

// usable returns the MTU that UDP can make use of; that of the loopback interface is larger.
func usable(mtu int) int { return min(mtu, frame.MaxDatagram+20+8) }
