package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"

	"crier/publisher"
)

// pubOptions are the flags of crier pub.
type pubOptions struct {
	net       netFlags
	feed      feedOptions
	pace      pacing
	count     uint64
	size      int
	market    bool
	seed      uint64
	name      string
	resend    size
	batchWait time.Duration
	datagram  int
	ttl, dscp int
	offload   string
	accepted  string
	summary   string
	quiet     bool
}

func pubCommand() *command {
	return &command{
		name:  "pub",
		brief: "publish messages to a group",
		help: `Publishes a file's messages, what standard input brings, or made-up ones, and
repairs what subscribers missed: while it runs, and then until one second has
passed without a request.

Examples:

  # a line a message, from a pipe
  seq 1000 | crier pub --from -

  # 100,000 made-up messages of 64 bytes at 10,000 a second
  crier pub --count 100000 --size 64 --rate 10000

  # a recorded feed, twenty times as fast as it was
  crier pub --from feed.pcap --format pcap --split iextp --speed 20

`,
		setup: func(flags *pflag.FlagSet) func(context.Context, streams) (int, error) {
			o := &pubOptions{resend: 64 << 20}
			o.net.declare(flags, false)
			flags.StringVar(&o.feed.From, "from", "", "`FILE` to publish, - for standard input; gzip is recognised (default: made-up messages)")
			flags.StringVar(&o.feed.Format, "format", "lines", "how messages lie in it: lines, timed (\"<ns> <payload>\"), len (u32 length, payload) or pcap")
			flags.StringVar(&o.feed.Split, "split", "", "take market-data messages out of each datagram: iextp or moldudp64")
			flags.Var(&o.pace.Speed, "speed", "how fast recorded times pass: 1, any number, or max")
			flags.Float64Var(&o.pace.Rate, "rate", 0, "`MESSAGES` a second, in place of recorded times (default: as fast as the network takes them)")
			flags.Uint64Var(&o.count, "count", 0, "stop after this many messages (default: all; without --from, until interrupted)")
			flags.IntVar(&o.size, "size", 64, "`BYTES` of a made-up message")
			flags.BoolVar(&o.market, "market", false, "made-up market data in bursts, at its own pace, in place of --size")
			flags.Uint64Var(&o.seed, "seed", 1, "seed of made-up messages")
			flags.StringVar(&o.name, "name", "", "the stream's name")
			flags.Var(&o.resend, "resend-buffer", "memory for messages that may have to be repeated")
			flags.DurationVar(&o.batchWait, "batch-wait", 0, "how long a message may wait to share a datagram")
			flags.IntVar(&o.datagram, "datagram", 0, "`BYTES` of a full datagram (default: 1472, 1452 over IPv6, or what the MTU allows)")
			flags.IntVar(&o.ttl, "ttl", 1, "routers that a datagram may pass, 1 to 255")
			flags.IntVar(&o.dscp, "dscp", 0, "quality of service mark, 0 to 63")
			flags.StringVar(&o.offload, "offload", "on", "let the kernel cut large sends into datagrams: on or off")
			o.net.declareDrop(flags)
			flags.StringVar(&o.accepted, "accepted", "", "keep the number of accepted messages in this `FILE`, 8 bytes, little endian; it survives a crash")
			flags.StringVar(&o.summary, "summary", "", "write a summary as JSON to `FILE`, - for standard output")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but errors")
			return o.run
		},
	}
}

// validate checks what the flags' own types don't.
func (o *pubOptions) validate() error {
	changed := o.net.flags.Changed
	switch {
	case o.offload != "on" && o.offload != "off":
		return usagef("--offload %q is not known: use on or off", o.offload)
	case o.size < 0 || o.size > feedMaxMessage:
		return usagef("--size %d is outside 0 to %d", o.size, feedMaxMessage)
	case o.feed.From != "" && (changed("size") || o.market):
		return usagef("--from names the messages, and --size and --market make them up: use one or the other")
	case o.feed.From == "" && (changed("format") || changed("split")):
		return usagef("--format and --split say what a file holds: name it with --from")
	case o.market && changed("size"):
		return usagef("--market has sizes of its own: leave out --size")
	case o.ttl < 1 || o.ttl > 255:
		return usagef("--ttl %d is outside 1 to 255", o.ttl)
	case o.dscp < 0 || o.dscp > 63:
		return usagef("--dscp %d is outside 0 to 63", o.dscp)
	case o.batchWait < 0:
		return usagef("--batch-wait %v is negative", o.batchWait)
	case int64(o.resend) > int64(^uint(0)>>1):
		return usagef("--resend-buffer %v is more than this machine can address", o.resend)
	}
	if o.feed.From != "" {
		if err := o.feed.validate(); err != nil {
			return usageError{err}
		}
	}
	if err := o.pace.validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// open returns the feed that the flags describe.
func (o *pubOptions) open(stdin io.Reader) (feed, error) {
	switch {
	case o.feed.From != "":
		return openFeed(o.feed, stdin)
	case o.market:
		return newMarket(marketOptions{Seed: o.seed, Count: o.count}), nil
	default:
		return newSynthFeed(synthOptions{Size: o.size, Count: o.count, Seed: o.seed}), nil
	}
}

func (o *pubOptions) run(ctx context.Context, std streams) (code int, err error) {
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
	feed, err := o.open(std.in)
	if err != nil {
		return 0, err
	}
	defer feed.Close()
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

	p, err := publisher.New(publisher.Config{
		Group: groups[0], Interface: iface, Name: o.name, ResendBuffer: int(o.resend),
		BatchWait: o.batchWait, Datagram: o.datagram, TTL: o.ttl, DSCP: o.dscp,
		NoOffload: o.offload == "off", Network: network, Logger: o.net.logger(std),
	})
	if err != nil {
		return 0, configError(err)
	}
	if o.net.defaulted() && !o.quiet {
		fmt.Fprintln(std.err, "crier pub: publishing on the loopback interface, which only this machine hears; --iface names another")
	}
	progress := startPubProgress(o, std, p)
	start := time.Now()
	late, err := o.publish(ctx, p, feed, newPacer(o.pace, timer), counter)
	published := time.Since(start)
	// What was accepted is repaired in any case.
	drain, cancel := drainContext(ctx)
	err = errors.Join(err, p.Shutdown(drain))
	cancel()
	progress.stop()
	if !o.quiet {
		for _, w := range feedWarnings(feed) {
			fmt.Fprintf(std.err, "crier pub: %s\n", w)
		}
		fmt.Fprint(std.err, pubText(p, published, late, ctx.Err() != nil))
	}
	return exitOK, errors.Join(err, writeSummary(o.summary, std, newPubSummary(p.Session(), p.Stats())))
}

// afterInterrupt is how long repairs go on after an interrupt.
const afterInterrupt = 2 * time.Second

// drainContext bounds the repairs where the command was interrupted.
func drainContext(ctx context.Context) (context.Context, context.CancelFunc) {
	drain := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		return context.WithTimeout(drain, afterInterrupt)
	}
	return context.WithCancel(drain)
}

// publish sends the feed; it returns how late the latest message was, against
// its schedule. An interrupt ends it without an error.
func (o *pubOptions) publish(ctx context.Context, p *publisher.Publisher, from feed, pace *pacer, counter *counter) (time.Duration, error) {
	for n := uint64(0); o.count == 0 || n < o.count; n++ {
		rec, err := from.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			if err = pace.wait(ctx, rec.at); err == nil {
				_, err = p.Publish(ctx, rec.payload)
			}
		}
		if err != nil && ctx.Err() != nil {
			break
		}
		if err != nil {
			return pace.worst(), fmt.Errorf("%w; the %d messages before it were published", o.explain(from, err), n)
		}
		counter.set(n + 1)
	}
	return pace.worst(), nil
}

// explain says which message an error is about, and what to do.
func (o *pubOptions) explain(from feed, err error) error {
	var large *publisher.TooLargeError
	if !errors.As(err, &large) {
		return err
	}
	where := "a message"
	if f, ok := from.(formatFeed); ok {
		where = f.where()
	}
	hint := "it can't be sent"
	if large.Limit < feedMaxMessage && large.Size <= feedMaxMessage {
		hint = "give more with --resend-buffer"
	}
	return fmt.Errorf("%s: %w; %s", where, err, hint)
}

// configError makes a usage error of what a configuration was refused for.
func configError(err error) error {
	if isConfigError(err) {
		return usageError{err}
	}
	return err
}
