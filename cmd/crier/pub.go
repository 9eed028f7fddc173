package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/spf13/pflag"

	"crier/cmd/crier/feed"
	"crier/publisher"
)

// pubOptions are the flags of crier pub.
type pubOptions struct {
	net    netFlags
	feed   feed.Options
	pace   pacing
	count  uint64
	size   size
	market bool
	seed   uint64
	name   string
	resend size
	// repairShare is a part of the data rate; repairFloor is in bytes a second.
	repairShare float64
	repairFloor size
	batchWait   time.Duration
	linger      time.Duration
	datagram    int
	ttl, dscp   int
	offload     string
	accepted    string
	summary     string
	quiet       bool
	overload    pubOverload
}

func pubCommand() *command {
	return &command{
		name:  "pub",
		brief: "publish messages to a group",
		help: `Publishes a file's messages, what standard input brings, or made-up ones, and
repairs what subscribers missed: while it runs, and then until one second has
passed without a request. An interrupt ends the publishing; what was accepted by
then is still repaired, for 2 seconds at the most. Another interrupt, half a second or
more after the first, ends all. Exit code 0: all left, and no repair was owed; 3: messages
never left, a subscriber whose pace counts left or was left behind with some undelivered,
or repairs were owed, or cut short while a subscriber still asked; 1: something else went
wrong. What subscribers ask for and the resend buffer no longer holds is told, and is no
failure here: they name it lost, and their exit code is 3.

Examples:

  # a line a message, from a pipe
  seq 1000 | crier pub --from -

  # 5,000 made-up messages of 64 bytes at 5,000 a second
  crier pub --count 5000 --size 64 --rate 5000

  # a recorded feed, twenty times as fast as it was
  crier pub --from feed.pcap --format pcap --split iextp --speed 20

  # of a capture only what went to one address, and no silence longer than a second
  crier pub --from feed.pcap --format pcap --only 239.1.1.1:5000 --max-gap 1s

  # as fast as the slowest subscriber takes it, but for those that don't move for 2 s
  crier pub --count 20000 --pace slowest --stall-timeout 2s --wait-for 1

  # what those subscribers can't take yet goes to disk, and is dropped beyond 64 MiB
  crier pub --count 20000 --pace slowest --overload buffer --buffer-dir . --buffer-disk 64MiB --when-full drop

  # at 20 Mbit/s at the most
  crier pub --count 2000 --size 1000 --max-rate 20Mbit

  # to a network, and up to four routers away
  crier pub --count 1000 --iface eth0 --ttl 4

`,
		setup: func(flags *pflag.FlagSet) func(context.Context, streams) (int, error) {
			o := &pubOptions{resend: 64 << 20, repairFloor: 16 << 20, size: 64}
			o.net.declare(flags, false)
			flags.StringVar(&o.feed.From, "from", "", "`FILE` to publish, - for standard input; gzip is recognised (default: made-up messages)")
			flags.StringVar(&o.feed.Format, "format", "lines", "how messages lie in it: lines, timed (\"<ns> <payload>\"), len (u32 length, payload) or pcap")
			flags.StringVar(&o.feed.Split, "split", "", "take market-data messages out of each datagram: iextp or moldudp64")
			flags.StringArrayVar(&o.feed.Only, "only", nil, "publish only a capture's datagrams to this `ADDRESS:PORT`; may be repeated")
			flags.DurationVar(&o.feed.MaxGap, "max-gap", 0, "shorten longer recorded silences to this (default: leave them)")
			flags.Var(&o.pace.Speed, "speed", "how fast recorded times pass: 1, any number, or max")
			flags.Float64Var(&o.pace.Rate, "rate", 0, "`MESSAGES` a second, in place of recorded times (default: as fast as the network takes them)")
			flags.Uint64Var(&o.count, "count", 0, "stop after this many messages (default: all; without --from, until interrupted)")
			flags.Var(&o.size, "size", "bytes of a made-up message, up to 16MiB")
			flags.BoolVar(&o.market, "market", false, "made-up market data in bursts, at its own pace, in place of --size")
			flags.Uint64Var(&o.seed, "seed", 1, "seed of made-up messages")
			flags.StringVar(&o.name, "name", "", "the stream's name")
			flags.Var(&o.resend, "resend-buffer", "memory for messages that may have to be repeated")
			flags.Float64Var(&o.repairShare, "repair-share", 0.5, "the `PART` of the data rate that repairs may use, up to 10")
			flags.Var(&o.repairFloor, "repair-floor", "what repairs may use in any case, a second")
			o.overload.declare(flags)
			flags.DurationVar(&o.batchWait, "batch-wait", 0, "how long a message may wait to share a datagram")
			flags.DurationVar(&o.linger, "linger", time.Second, "how long to go on repairing, once all is sent, after a subscriber last asked or may yet ask")
			flags.IntVar(&o.datagram, "datagram", 0, "`BYTES` of a full datagram (default: 1472, 1452 over IPv6, or what the MTU allows)")
			flags.IntVar(&o.ttl, "ttl", 1, "routers that a datagram may pass, 1 to 255")
			flags.IntVar(&o.dscp, "dscp", 0, "quality of service mark, 0 to 63")
			flags.StringVar(&o.offload, "offload", "on", "let the kernel cut large sends into datagrams: on or off")
			o.net.declareControl(flags, "port that datagrams come from and NACKs go to")
			o.net.declareRead(flags)
			o.net.declareDrop(flags)
			flags.StringVar(&o.accepted, "accepted", "", "keep the numbers of accepted and of sent messages in this `FILE`, 8 bytes each, little endian; it survives a crash")
			flags.StringVar(&o.summary, "summary", "", "write a summary as JSON to `FILE`, - for standard output")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
			return o.run
		},
	}
}

// open returns the feed that the flags describe.
func (o *pubOptions) open(ctx context.Context, std streams, console *console) (feed.Feed, error) {
	switch {
	case o.feed.From != "":
		from := o.feed
		if err := closed(std.in); err != nil && from.From == "-" {
			return nil, err
		}
		from.Done = ctx.Done()
		if !o.quiet {
			from.Tell = func(text string) { fmt.Fprintf(console, "crier pub: %s\n", text) }
		}
		r, err := feed.Open(from, std.in)
		if err != nil { // no Reader, and no Feed that holds none
			return nil, err
		}
		return r, nil
	case o.market:
		return feed.NewMarket(feed.MarketOptions{Seed: o.seed, Count: o.count}), nil
	default:
		return feed.NewSynth(feed.SynthOptions{Size: int(o.size), Count: o.count, Seed: o.seed}), nil
	}
}

func (o *pubOptions) run(ctx context.Context, std streams) (int, error) {
	if err := o.validate(); err != nil {
		return 0, err
	}
	groups, iface, err := o.net.parse()
	if err != nil {
		return 0, err
	}
	network, err := o.net.network()
	if err != nil {
		return 0, err
	}
	console := newConsole(std.err)
	from, err := o.open(ctx, std, console)
	if ctx.Err() != nil {
		return 0, errors.New("interrupted before there was anything to publish")
	}
	if err != nil {
		return 0, err
	}
	defer from.Close()
	summary, err := openSummary("--summary", o.summary, std)
	if err != nil {
		return 0, err
	}
	defer summary.close()
	counter, err := openCounter(o.accepted)
	if err != nil {
		return 0, err
	}
	defer counter.close()
	timer, err := network.Timer()
	if err != nil {
		return 0, err
	}
	defer timer.Close()

	cfg := publisher.Config{
		Group: groups[0], Interface: iface, Name: o.name, ResendBuffer: int(o.resend),
		RepairShare: o.repairShare, RepairFloor: uint64(o.repairFloor), ReadBuffer: int(o.net.read),
		BatchWait: o.batchWait, Linger: o.linger, Datagram: o.datagram, TTL: o.ttl, DSCP: o.dscp, ControlPort: o.net.control,
		NoOffload: o.offload == "off", Network: network, Logger: newLogger("pub", console, o.net.verbose),
	}
	if err := o.overload.apply(o.net.flags, &cfg); err != nil {
		return 0, err
	}
	p, err := publisher.New(cfg)
	if err != nil {
		return 0, configError(err)
	}
	if !o.quiet {
		fmt.Fprint(console, o.publishing(p, groups))
	}
	stopWaiting := func() {}
	if !o.quiet {
		stopWaiting = o.overload.waiting(console, p)
	}
	stopTable := o.overload.watch(console, p)
	progress := startPubProgress(o, std, console, p)
	took := pubTimes{start: time.Now()}
	pace := newPacer(o.pace, timer)
	if !o.quiet {
		pace.notice = func(left time.Duration) { fmt.Fprint(console, o.dueText(left)) }
	}
	late, err := o.publish(ctx, p, from, pace, counter)
	stopWaiting()
	if ctx.Err() != nil && p.Stats().Accepted == 0 && o.overload.waitFor > 0 {
		err = fmt.Errorf("interrupted while it waited for %s: nothing was published", counted(uint64(o.overload.waitFor), "subscriber", "subscribers"))
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
		fmt.Fprintf(console, "crier pub: interrupted; what was accepted is still repaired, for %v at the most; interrupt again to end at once\n", afterInterrupt)
	}
	progress.drain()
	end, failed := newPubEnd(p, shutdown(ctx, p))
	err = errors.Join(err, failed)
	<-flushed
	if counter != nil {
		counter.setSent(p.Sent())
	}
	progress.stop()
	stopTable()
	sum := newPubSummary(p.Session(), end)
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
		fmt.Fprint(console, o.pubText(p.Session(), end.stats, took, late, interrupted), end.table())
	}
	missing := end.missing()
	fmt.Fprint(console, missing)
	if err := errors.Join(err, summary.write(sum)); err != nil || missing == "" {
		return exitOK, err
	}
	return exitLost, nil
}

// publishing says what begins.
func (o *pubOptions) publishing(p *publisher.Publisher, groups []netip.AddrPort) string {
	text := fmt.Sprintf("crier pub: publishing session %s to %s, from %v, where NACKs go", sessionText(p.Session()), o.net.where(groups), p.LocalAddr())
	if o.net.defaulted() {
		text += "; only this machine hears it; --iface names another interface"
	}
	return text + "\n"
}

// afterInterrupt is how long repairs go on after an interrupt.
const afterInterrupt = 2 * time.Second

// shutdown repairs what subscribers miss, after an interrupt for afterInterrupt
// at the most.
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

// publish sends the feed; it returns how late the latest message was, against
// its schedule. An interrupt ends it without an error.
func (o *pubOptions) publish(ctx context.Context, p *publisher.Publisher, from feed.Feed, pace *pacer, counter *counter) (time.Duration, error) {
	for n := uint64(0); o.count == 0 || n < o.count; n++ {
		rec, err := from.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			if err = pace.wait(ctx, rec.At); err == nil {
				counter.setAccepted(n + 1) // before anybody can have it
				_, err = p.Publish(ctx, rec.Payload)
			}
			if err == publisher.ErrDropped {
				err = nil // as was asked for; Stats count it
			}
		}
		if err != nil {
			counter.setAccepted(n)
		}
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			return pace.worst(), fmt.Errorf("%w; %s", o.explain(from, err), before(n))
		}
		if counter != nil {
			counter.setSent(p.Sent())
		}
	}
	return pace.worst(), nil
}

// before says how much was published before an error.
func before(n uint64) string {
	switch n {
	case 0:
		return "nothing was published"
	case 1:
		return "the message before it was published"
	}
	return fmt.Sprintf("the %d messages before it were published", n)
}

// explain says which message an error is about, and what to do.
func (o *pubOptions) explain(from feed.Feed, err error) error {
	var large *publisher.TooLargeError
	if !errors.As(err, &large) {
		return err
	}
	if large.Limit < feed.MaxMessage {
		err = fmt.Errorf("%w; give more with --resend-buffer", err)
	}
	if f, ok := from.(*feed.Reader); ok {
		name := o.feed.From
		if name == "-" {
			name = "standard input"
		}
		err = fmt.Errorf("%s: %s: %w", name, f.Where(), err)
	}
	return err
}
