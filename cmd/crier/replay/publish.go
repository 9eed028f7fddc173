package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/logdir"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/pace"
	"crier/multicast"
	"crier/publisher"
	"crier/reliable"
	"crier/reliable/journal"
)

// afterInterrupt bounds the repairs after an interrupt.
const afterInterrupt = 2 * time.Second

// again publishes a session again.
func (o *options) again(ctx context.Context, std cli.Streams, log *logdir.Log,
	tapes []journal.State) (int, error) {
	groups, iface, err := o.net.Parse()
	if err != nil {
		return 0, err
	}
	switch usual := netflags.UsualGroup(); {
	case o.sameGroup && groups[0].String() != usual:
		return 0, cli.Usagef("--same-group is for the group of live publishers and subscribers: "+
			"give --group %s too, or leave it out", usual)
	case groups[0].String() == usual && !o.sameGroup:
		return 0, cli.Usagef("--group %s is that of live publishers and subscribers: use another, "+
			"such as %s, or give --same-group too", usual, replayGroup)
	}
	s, err := o.open(log, tapes)
	if err != nil {
		return 0, err
	}
	name := logdir.SessionName(tapes)
	g := &going{o: o, s: s}
	if !g.begins(&o.cfg) {
		return 0, fmt.Errorf("%s has no messages there, and nothing was published", name)
	}
	timer, err := multicast.Kernel.Timer()
	if err != nil {
		return 0, err
	}
	defer timer.Close()
	cfg := &o.cfg
	cfg.Group, cfg.Interface, cfg.Link.Network = groups[0], iface, multicast.Kernel
	cfg.Logger = cli.NewLogger("replay", std.Err, o.net.Verbose)
	cfg.Replay = publisher.SessionID(tapes[0].Key.Session)
	if t := tapes[0].Title; t != nil {
		if cfg.Topic, cfg.Partitions = t.Topic, t.Layout.Partitions; cfg.Name == "" {
			cfg.Name = t.Publisher
		}
	}
	if last := int(tapes[len(tapes)-1].Key.Channel); cfg.Partitions > 1 || last > 0 {
		cfg.Partitions, cfg.Groups = max(cfg.Partitions, last+1), 1
	}
	p, err := publisher.New(*cfg)
	if err != nil {
		return 0, netflags.ConfigError(o.net.Set, err)
	}
	if !o.quiet {
		fmt.Fprintf(std.Err, "crier replay: publishing %s again as session %v to %s\n",
			name, p.Session(), o.net.Where(groups))
	}
	g.p, g.pacer = p, pace.New(o.pace, timer)
	begin := time.Now()
	if !o.quiet {
		g.pacer.Notice = func(left time.Duration) {
			fmt.Fprintf(std.Err, "crier replay: the next message is due in %s\n", cli.Duration(left))
		}
	}
	err = g.all(ctx)
	took := time.Since(begin)
	if closed := shut(ctx, p); err == nil && ctx.Err() == nil {
		err = closed
	}
	if !o.quiet {
		what := "offsets " + cli.OffsetRun(cfg.FirstOffset, max(g.next, cfg.FirstOffset+1))
		if len(tapes) > 1 {
			what = cli.Counted(uint64(len(tapes)), "partition", "partitions")
		}
		fmt.Fprintf(std.Err, "crier replay: published %s of session %v in %s\n", what, p.Session(),
			cli.Duration(took))
	}
	switch {
	case err == nil:
		g.over(s)
	case ctx.Err() != nil:
		return 0, errors.New("interrupted " + g.text())
	default:
		return 0, err
	}
	return g.end(std, o.quiet), nil
}

// shut closes the publisher once repairs are done; after an interrupt, within afterInterrupt.
func shut(ctx context.Context, p *publisher.Publisher) error {
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(afterInterrupt, cancel) })
	defer stop()
	return p.Shutdown(drain)
}

// going is a replay that is under way.
type going struct {
	tally
	o       *options
	p       *publisher.Publisher
	s       *session
	pacer   *pace.Pacer
	first   time.Duration // the time of the first message, in its session
	started bool
	next    uint64 // the offset after the last that was published or passed over
	headers []reliable.Header
}

// begins sets the first offset, the lowest of all partitions, and reports whether there is
// something to publish.
func (g *going) begins(cfg *publisher.Config) (any bool) {
	for _, p := range g.s.parts {
		at, ok := p.begins()
		if ok && (!any || at < cfg.FirstOffset) {
			any, cfg.FirstOffset = true, at
		}
	}
	return any
}

// begins returns the offset of a part's first event, and false if it has no messages.
func (p *part) begins() (uint64, bool) {
	switch {
	case p.over:
	case p.event.Kind == reliable.Message:
		return p.event.Offset, true
	case p.event.Kind == reliable.Loss:
		return p.event.Lost.From, true
	}
	return 0, false
}

// all publishes the session.
func (g *going) all(ctx context.Context) error {
	for _, p := range g.s.parts {
		if at, ok := p.begins(); ok && at > g.o.cfg.FirstOffset { // as in a log that lost the rest
			if _, err := g.p.SkipIn(p.state.Key.Channel, at-g.o.cfg.FirstOffset); err != nil {
				return err
			}
		}
	}
	for {
		p, err := g.s.next()
		if err != nil || p == nil {
			return err
		}
		if err := g.one(ctx, p); err != nil {
			return err
		}
		if g.counted = g.o.count > 0 && g.messages == g.o.count; g.counted {
			return nil
		}
	}
}

// one publishes an event.
func (g *going) one(ctx context.Context, p *part) error {
	ev := &p.event
	switch ev.Kind {
	case reliable.Message:
		since := p.reader.Since()
		if !g.started {
			g.started, g.first = true, since
		}
		if err := g.pacer.Wait(ctx, since-g.first); err != nil {
			return err
		}
		g.headers = g.headers[:0]
		for name, value := range ev.Headers() {
			g.headers = append(g.headers, reliable.Header{Name: string(name), Value: value})
		}
		at, err := g.p.Send(ctx, publisher.Message{Key: ev.Key(), Headers: g.headers,
			Payload: ev.Payload, To: publisher.ToPartition(ev.Partition)})
		if err != nil {
			return err
		}
		if at.Offset != ev.Offset {
			return fmt.Errorf("offset %d of partition %d was published as %d", ev.Offset,
				ev.Partition, at.Offset)
		}
		g.next = at.Offset + 1
	case reliable.Loss:
		if _, err := g.p.SkipIn(ev.Partition, ev.Lost.Len()); err != nil {
			return err
		}
		g.next = ev.Lost.To
	}
	g.note(ev)
	return ctx.Err()
}
