package pub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/netflags"
	"crier/cmd/crier/pace"
	"crier/cmd/crier/trouble"
	"crier/publisher"
	"crier/reliable/topic"
)

// open opens the feed that the flags describe.
func (o *options) open(ctx context.Context, std cli.Streams,
	console *cli.Console) (feed.Feed, error) {
	switch {
	case o.reads():
		from := o.feed
		if err := cli.Closed(std.In); err != nil && from.From == "-" {
			return nil, err
		}
		from.Done = ctx.Done()
		if !o.quiet {
			from.Tell = func(text string) { fmt.Fprintf(console, "crier pub: %s\n", text) }
		}
		r, err := feed.Open(from, std.In)
		if err != nil { // no Reader, and no Feed that holds none
			return nil, err
		}
		return r, nil
	case o.market:
		return feed.NewMarket(feed.MarketOptions{Seed: o.seed, Count: o.count}), nil
	default:
		return feed.NewSynth(feed.SynthOptions{Size: int(o.size), Count: o.count,
			Seed: o.seed}), nil
	}
}

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	if err := o.validate(); err != nil {
		return 0, err
	}
	name, layout, err := o.net.Layout()
	if err != nil {
		return 0, err
	}
	if o.cfg.NoAnnounce && name == "" {
		return 0, cli.Usagef("--no-announce is for a topic: give --topic too, or leave it out")
	}
	groups, iface, err := o.net.Parse()
	if err != nil {
		return 0, err
	}
	if o.cfg.Feeds, err = o.net.Feeds(); err != nil {
		return 0, err
	}
	network, err := o.net.Network()
	if err != nil {
		return 0, err
	}
	console := cli.NewConsole(std.Err)
	from, err := o.open(ctx, std, console)
	if ctx.Err() != nil {
		return 0, errors.New("interrupted before there was anything to publish")
	}
	if err != nil {
		return 0, err
	}
	defer from.Close()
	summary, err := cli.OpenJSON("--summary", o.summary, std)
	if err != nil {
		return 0, err
	}
	defer summary.Close()
	marks, err := openWatermarks(o.accepted)
	if err != nil {
		return 0, err
	}
	defer marks.close()
	timer, err := network.Timer()
	if err != nil {
		return 0, err
	}
	defer timer.Close()

	cfg := &o.cfg
	cfg.Interface, cfg.Link.Network = iface, network
	o.place(name, layout, groups[0])
	if cfg.Feeds != nil { // which have interfaces, and perhaps groups
		cfg.Interface, cfg.Group = "", netip.AddrPort{}
	}
	cfg.Logger = cli.NewLogger("pub", console, o.net.Verbose)
	o.host = trouble.NewHost(iface)
	p, err := publisher.New(*cfg)
	if err != nil {
		return 0, netflags.ConfigError(o.net.Set, err)
	}
	if !o.quiet {
		fmt.Fprint(console, o.publishing(p, groups)+continuing(p)+o.unkept())
	}
	stopWaiting := func() {}
	if !o.quiet {
		stopWaiting = o.waiting(console, p)
	}
	stopTable := o.watch(console, p)
	teller := &trouble.Teller{Command: "crier pub", Out: console}
	stopTelling := func() {}
	if lookout := o.newLookout(); !o.quiet {
		stopTelling = teller.Start(func(time.Time) []trouble.Trouble {
			return lookout.troubles(takeSnapshot(p))
		})
	}
	progress := startProgress(o, std, console, p)
	stopReports := o.reportIntervals(console, p)
	took := times{start: time.Now()}
	pacer := pace.New(o.pace, timer)
	if !o.quiet {
		pacer.Notice = func(left time.Duration) { fmt.Fprint(console, o.dueText(left)) }
	}
	to := o.newSpread(p)
	late, err := o.publish(ctx, to, from, pacer, marks)
	stopWaiting()
	if ctx.Err() != nil && p.Stats().Accepted == 0 && cfg.Flow.WaitFor > 0 {
		err = fmt.Errorf("interrupted while it waited for %s: nothing was published",
			cli.Counted(uint64(cfg.Flow.WaitFor), "subscriber", "subscribers"))
	}
	took.published = time.Since(took.start)
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		if p.Flush(context.Background()) == nil { // else Shutdown tells
			took.sent = time.Since(took.start)
		}
	}()
	interrupted := ctx.Err() != nil
	if interrupted && !o.quiet {
		fmt.Fprintf(console,
			"crier pub: interrupted; accepted messages are still repaired, for at most %v; "+
				"interrupt again to end at once\n", afterInterrupt)
	}
	progress.drain()
	unrecorded := o.awaitRecorders(ctx, to)
	stopTelling()
	var found []trouble.Finding // while the sockets are open
	if s := takeSnapshot(p); !o.quiet && unheard(&s.stats) {
		found = o.hostFindings(s, netip.AddrPort{})
	}
	end, failed := newOutcome(p, shutdown(ctx, p))
	end.unrecorded, end.partitions = unrecorded, cfg.Partitions
	err = errors.Join(err, failed)
	<-flushed
	if marks != nil {
		marks.setSent(to.lookAll())
	}
	progress.stop()
	stopReports()
	stopTable()
	sum := newSummary(p.Session(), end)
	sum.Topic, sum.Partitions = name, to.summary()
	read, ok := from.(*feed.Reader)
	if ok {
		sum.Source = read.Summary()
	}
	if !o.quiet {
		if ok {
			for _, w := range read.Warnings() {
				fmt.Fprintf(console, "crier pub: %s\n", w)
			}
		}
		fmt.Fprint(console, o.text(p.Session(), end.stats, to, took, late, interrupted),
			teamsText(end.teams), end.table(cli.SheetOf(console)))
	}
	err = errors.Join(err, summary.Write(sum))
	if s := takeSnapshot(p); err == nil && !o.quiet && unheard(&s.stats) {
		fmt.Fprint(console, o.nobodyText(s, teller, time.Since(took.start), found))
	}
	missing := end.missing()
	fmt.Fprint(console, missing)
	if err != nil || missing == "" {
		return cli.ExitOK, err
	}
	return cli.ExitLost, nil
}

// place has the publisher publish to the topic, or the group, that the flags name.
func (o *options) place(name string, layout topic.Layout, group netip.AddrPort) {
	cfg := &o.cfg
	cfg.Topic, cfg.Partitions, cfg.Groups = name, layout.Partitions, layout.Groups
	o.home = group
	if cfg.Group = group; name != "" && !layout.Base.IsValid() {
		cfg.Group = netip.AddrPort{} // those of the name
	}
}

// publishing returns the first line of output.
func (o *options) publishing(p *publisher.Publisher, groups []netip.AddrPort) string {
	text := fmt.Sprintf("crier pub: publishing session %s to %s, from %v, where NACKs go",
		p.Session(), o.net.Where(groups), p.LocalAddr())
	if o.net.Defaulted() {
		text += "; only this machine hears it; --iface names another interface"
	}
	return text + "\n"
}

// afterInterrupt bounds the repairs after an interrupt.
const afterInterrupt = 2 * time.Second

// shutdown closes the publisher once repairs are done; after an interrupt, within
// afterInterrupt.
func shutdown(ctx context.Context, p *publisher.Publisher) error {
	drain, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(afterInterrupt)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-drain.Done():
		}
	})
	defer stop()
	return p.Shutdown(drain)
}

// publish sends the feed, and returns the longest delay of a message against its schedule.
// An interrupt is no error.
func (o *options) publish(ctx context.Context, to *spread, from feed.Feed, pacer *pace.Pacer,
	marks *watermarks) (time.Duration, error) {
	for n := uint64(0); o.count == 0 || n < o.count; n++ {
		rec, err := from.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			if err = pacer.Wait(ctx, rec.At); err == nil {
				marks.setAccepted(n + 1) // before anybody can have it
				err = to.publish(ctx, rec.Key, rec.Payload)
			}
			if err == publisher.ErrDropped {
				err = nil // as was asked for; Stats count it
			}
		}
		if err != nil {
			marks.setAccepted(n)
		}
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			return pacer.Worst(), fmt.Errorf("%w; %s", o.explain(from, err), before(n))
		}
		if marks != nil {
			marks.setSent(to.sent)
		}
	}
	return pacer.Worst(), nil
}

// before tells how much was published before an error.
func before(n uint64) string {
	if n == 0 {
		return "nothing was published"
	}
	return cli.Counted(n, "message was published", "messages were published")
}

// explain names the message that an error is about, and a remedy.
func (o *options) explain(from feed.Feed, err error) error {
	var large *publisher.TooLargeError
	if !errors.As(err, &large) {
		return err
	}
	if large.Limit < feed.MaxMessage {
		part := ""
		if n := o.cfg.Partitions; n > 1 {
			part = fmt.Sprintf(", of which each of %d partitions has an equal part", n)
		}
		err = fmt.Errorf("%w; give more with --resend-buffer%s", err, part)
	}
	if f, ok := from.(*feed.Reader); ok {
		name := cmp.Or(o.feed.From, strings.Join(o.feed.Merge, ","))
		if name == "-" {
			name = "standard input"
		}
		err = fmt.Errorf("%s: %s: %w", name, f.Where(), err)
	}
	return err
}
