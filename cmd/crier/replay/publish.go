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
	"crier/reliable/playback"
)

// afterInterrupt bounds the repairs after an interrupt.
const afterInterrupt = 2 * time.Second

// again publishes a tape again.
func (o *options) again(ctx context.Context, std cli.Streams, log *logdir.Log,
	s *journal.State) (int, error) {
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
	r, err := o.reader(log, s)
	if err != nil {
		return 0, err
	}
	var ev reliable.Event
	ok, err := r.Next(&ev)
	if err != nil {
		return 0, readError(log, s, err)
	}
	if !ok || ev.Kind != reliable.Message && ev.Kind != reliable.Loss {
		return 0, fmt.Errorf("%s has no messages there, and nothing was published", logdir.Name(s))
	}
	timer, err := multicast.Kernel.Timer()
	if err != nil {
		return 0, err
	}
	defer timer.Close()
	cfg := &o.cfg
	cfg.Group, cfg.Interface, cfg.Link.Network = groups[0], iface, multicast.Kernel
	cfg.Logger = cli.NewLogger("replay", std.Err, o.net.Verbose)
	cfg.Replay = publisher.SessionID(s.Key.Session)
	if cfg.FirstOffset = ev.Offset; ev.Kind == reliable.Loss {
		cfg.FirstOffset = ev.Lost.From
	}
	if cfg.Name == "" && s.Title != nil {
		cfg.Name = s.Title.Publisher
	}
	p, err := publisher.New(*cfg)
	if err != nil {
		return 0, netflags.ConfigError(o.net.Set, err)
	}
	if !o.quiet {
		fmt.Fprintf(std.Err, "crier replay: publishing %s again as session %v to %s\n",
			logdir.Name(s), p.Session(), o.net.Where(groups))
	}
	g := &going{o: o, p: p, r: r, pacer: pace.New(o.pace, timer)}
	begin := time.Now()
	if !o.quiet {
		g.pacer.Notice = func(left time.Duration) {
			fmt.Fprintf(std.Err, "crier replay: the next message is due in %s\n", cli.Duration(left))
		}
	}
	err = g.all(ctx, &ev)
	took := time.Since(begin)
	if closed := shut(ctx, p); err == nil && ctx.Err() == nil {
		err = closed
	}
	if !o.quiet {
		fmt.Fprintf(std.Err, "crier replay: published offsets %s of session %v in %s\n",
			cli.OffsetRun(cfg.FirstOffset, max(g.next, cfg.FirstOffset+1)), p.Session(),
			cli.Duration(took))
	}
	switch {
	case err == nil:
		g.over(r, s, o.until)
	case ctx.Err() != nil:
		return 0, errors.New("interrupted " + g.text())
	default:
		return 0, readError(log, s, err)
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
	r       *playback.Reader
	pacer   *pace.Pacer
	first   time.Duration // the time of the first message, in its session
	started bool
	next    uint64 // the offset after the last that was published or passed over
}

// all publishes an event and all that follow.
func (g *going) all(ctx context.Context, ev *reliable.Event) error {
	for {
		if err := g.one(ctx, ev); err != nil {
			return err
		}
		if g.counted = g.o.count > 0 && g.messages == g.o.count; g.counted {
			return nil
		}
		if ok, err := g.r.Next(ev); err != nil || !ok {
			return err
		}
	}
}

// one publishes an event.
func (g *going) one(ctx context.Context, ev *reliable.Event) error {
	switch ev.Kind {
	case reliable.Message:
		if !g.started {
			g.started, g.first = true, g.r.Since()
		}
		if err := g.pacer.Wait(ctx, g.r.Since()-g.first); err != nil {
			return err
		}
		offset, err := g.p.Publish(ctx, ev.Payload)
		if err != nil {
			return err
		}
		if offset != ev.Offset {
			return fmt.Errorf("offset %d was published as %d", ev.Offset, offset)
		}
		g.next = offset + 1
	case reliable.Loss:
		if _, err := g.p.Skip(ev.Lost.Len()); err != nil {
			return err
		}
		g.next = ev.Lost.To
	}
	g.note(ev)
	return ctx.Err()
}
