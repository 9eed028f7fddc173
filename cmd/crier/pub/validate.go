package pub

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/netflags"
	"crier/reliable/frame"
)

// minResend is the smallest resend buffer, in bytes.
const minResend = 16 << 10

// validate checks the flags beyond their types.
func (o *options) validate() error {
	changed, cfg := o.net.Set.Changed, &o.cfg
	resend := cli.Size(cfg.Retention.ResendBuffer)
	switch {
	case o.size > feed.MaxMessage:
		return cli.Usagef("--size %v is more than a message may have: give at most %v", o.size,
			cli.Size(feed.MaxMessage))
	case changed("count") && o.count == 0:
		return cli.Usagef("--count 0 would publish nothing: give more, or leave it out for all " +
			"there is")
	case cfg.Link.TTL < 1 || cfg.Link.TTL > 255:
		return cli.Usagef("--ttl %d is outside 1 to 255", cfg.Link.TTL)
	case cfg.Link.DSCP < 0 || cfg.Link.DSCP > 63:
		return cli.Usagef("--dscp %d is outside 0 to 63", cfg.Link.DSCP)
	case cfg.Repair.Linger <= 0:
		return cli.Usagef("--linger %v is not a time to go on: give one such as 1s",
			cfg.Repair.Linger)
	case cfg.BatchWait < 0:
		return cli.Usagef("--batch-wait %v is negative: give a time such as 500us, or 0",
			cfg.BatchWait)
	case changed("datagram") &&
		(cfg.Datagram < frame.MinDatagram || cfg.Datagram > frame.MaxDatagram):
		return cli.Usagef("--datagram %d is outside %d to %d", cfg.Datagram, frame.MinDatagram,
			frame.MaxDatagram)
	case resend < minResend:
		return cli.Usagef("--resend-buffer %v is too small: give %v or more", resend,
			cli.Size(minResend))
	}
	if err := netflags.CheckName(cfg.Name); err != nil {
		return err
	}
	if !(cfg.Repair.Share > 0 && cfg.Repair.Share <= 10) {
		return cli.Usagef("--repair-share %v is not a part of the data rate: give more than 0, "+
			"and up to 10, such as 0.5", cfg.Repair.Share)
	}
	if cfg.Repair.Floor == 0 {
		return cli.Usagef("--repair-floor 0 would repair nothing at rest: give a rate " +
			"such as 10Mbit, or 8bit for next to nothing")
	}
	if cfg.Repair.Floor > maxRate {
		return cli.Usagef("--repair-floor %v is more than %v", cfg.Repair.Floor, maxRate)
	}
	if err := cli.CheckMemory("--resend-buffer", resend); err != nil {
		return err
	}
	if err := o.headers.check(); err != nil {
		return err
	}
	if err := o.validateContinue(); err != nil {
		return err
	}
	if err := o.validateFlow(); err != nil {
		return err
	}
	if err := o.validateTeams(); err != nil {
		return err
	}
	if err := o.validateRecord(); err != nil {
		return err
	}
	if err := o.validateFeed(); err != nil {
		return err
	}
	files := map[string]string{"--from": o.feed.From, "--accepted": o.accepted,
		"--summary": o.summary}
	for i, path := range o.feed.Merge {
		files[fmt.Sprintf("--merge (feed %d)", i+1)] = path
	}
	if err := cli.DistinctFiles(files); err != nil {
		return err
	}
	if err := o.pace.Validate(); err != nil {
		return cli.Usage(err)
	}
	return nil
}

// reads reports whether messages come from a file, and are not made up.
func (o *options) reads() bool { return o.feed.From != "" || len(o.feed.Merge) > 0 }

// validateFeed refuses contradictions among the flags for the messages and their times.
func (o *options) validateFeed() error {
	changed := o.net.Set.Changed
	timed := o.market || o.reads() && (o.feed.Format == "timed" || o.feed.Format == "pcap")
	switch {
	case changed("from") && o.feed.From == "":
		return cli.Usagef("--from has no file: name one, or - for standard input")
	case changed("merge") && len(o.feed.Merge) == 0:
		return cli.Usagef("--merge names no feed: give two captures, or two destinations, with a " +
			"comma between them")
	case o.reads() && (changed("size") || changed("seed") || o.market):
		return cli.Usagef("--from names the messages, and --size, --seed and --market make them " +
			"up: use one or the other")
	case !o.reads() && (changed("format") || changed("split") || changed("only") ||
		changed("max-gap")):
		return cli.Usagef("--format, --split, --only and --max-gap say what a file holds: name " +
			"it with --from")
	case changed("key") && o.feed.Key == "":
		return cli.Usagef("--key is empty: name a place in the messages, such as data.symbol, or " +
			"leave it out")
	case changed("key") && !o.reads():
		return cli.Usagef("--key finds keys in the messages of a file, and these are made up: " +
			"name a file with --from")
	case changed("key") && o.net.TopicName() == "" && !changed("partitions"):
		return cli.Usagef("--key chooses among partitions, and there is one: name a topic with " +
			"--topic, or give --partitions and --group")
	case o.market && changed("size"):
		return cli.Usagef("--market has sizes of its own: leave out --size")
	case changed("rate") && o.pace.Rate == 0:
		return cli.Usagef("--rate 0 would never publish: give messages a second, or leave it out")
	case changed("max-gap") && o.feed.MaxGap == 0:
		return cli.Usagef("--max-gap 0 would leave no silence at all: give a time such as 5s, or " +
			"--speed max to wait for nothing")
	case changed("max-gap") && (changed("rate") || o.pace.Speed.IsMax()):
		return cli.Usagef("--max-gap is of recorded times, and --rate and --speed max leave them " +
			"out: use one or the other")
	case changed("rate") && changed("speed"):
		return cli.Usagef("--rate and --speed both say when messages go out: use one of them")
	case changed("speed") && !o.pace.Speed.IsMax() && !timed:
		return cli.Usagef("--speed %v is for recorded times, and these messages have none: use "+
			"--rate, or --format timed or pcap", &o.pace.Speed)
	}
	if o.reads() {
		if err := o.feed.Validate(); err != nil {
			return cli.Usage(err)
		}
	}
	return nil
}
