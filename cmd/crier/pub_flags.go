package main

import (
	"crier/cmd/crier/feed"
	"crier/reliable/frame"
)

// validate checks what the flags' own types don't.
func (o *pubOptions) validate() error {
	changed := o.net.flags.Changed
	switch {
	case o.offload != "on" && o.offload != "off":
		return usagef("--offload %q is not known: use on or off", o.offload)
	case o.size > feed.MaxMessage:
		return usagef("--size %v is more than a message may have: give %v at the most", o.size, size(feed.MaxMessage))
	case changed("count") && o.count == 0:
		return usagef("--count 0 would publish nothing: give more, or leave it out for all there is")
	case o.ttl < 1 || o.ttl > 255:
		return usagef("--ttl %d is outside 1 to 255", o.ttl)
	case o.dscp < 0 || o.dscp > 63:
		return usagef("--dscp %d is outside 0 to 63", o.dscp)
	case o.linger <= 0:
		return usagef("--linger %v is no time to go on: give one such as 1s", o.linger)
	case o.batchWait < 0:
		return usagef("--batch-wait %v is negative: give a time such as 500us, or 0", o.batchWait)
	case changed("datagram") && (o.datagram < frame.MinDatagram || o.datagram > frame.MaxDatagram):
		return usagef("--datagram %d is outside %d to %d", o.datagram, frame.MinDatagram, frame.MaxDatagram)
	case len(o.name) > frame.MaxName:
		return usagef("--name has %d bytes, and may have %d", len(o.name), frame.MaxName)
	case o.resend < minResend:
		return usagef("--resend-buffer %v is too small: give %v or more", o.resend, size(minResend))
	}
	if !(o.repairShare > 0 && o.repairShare <= 10) {
		return usagef("--repair-share %v is outside 0 to 10: give a part of the data rate, such as 0.5", o.repairShare)
	}
	if o.repairFloor == 0 {
		return usagef("--repair-floor 0 would repair nothing at rest: give bytes a second, such as 1MiB, or 1 for next to nothing")
	}
	if err := checkMemory("--resend-buffer", o.resend); err != nil {
		return err
	}
	if err := o.validateFeed(); err != nil {
		return err
	}
	if err := distinctFiles(map[string]string{"--from": o.feed.From, "--accepted": o.accepted, "--summary": o.summary}); err != nil {
		return err
	}
	if err := o.pace.validate(); err != nil {
		return usageError{err}
	}
	return nil
}

// validateFeed checks that the flags which say what to publish, and when, don't
// contradict each other.
func (o *pubOptions) validateFeed() error {
	changed := o.net.flags.Changed
	timed := o.market || o.feed.From != "" && (o.feed.Format == "timed" || o.feed.Format == "pcap")
	switch {
	case changed("from") && o.feed.From == "":
		return usagef("--from has no file: name one, or - for standard input")
	case o.feed.From != "" && (changed("size") || changed("seed") || o.market):
		return usagef("--from names the messages, and --size, --seed and --market make them up: use one or the other")
	case o.feed.From == "" && (changed("format") || changed("split") || changed("only") || changed("max-gap")):
		return usagef("--format, --split, --only and --max-gap say what a file holds: name it with --from")
	case o.market && changed("size"):
		return usagef("--market has sizes of its own: leave out --size")
	case changed("rate") && o.pace.Rate == 0:
		return usagef("--rate 0 would never publish: give messages a second, or leave it out")
	case changed("max-gap") && o.feed.MaxGap == 0:
		return usagef("--max-gap 0 would leave no silence at all: give a time such as 5s, or --speed max to wait for nothing")
	case changed("max-gap") && (changed("rate") || o.pace.Speed.max):
		return usagef("--max-gap is of recorded times, and --rate and --speed max leave them out: use one or the other")
	case changed("rate") && changed("speed"):
		return usagef("--rate and --speed both say when messages go out: use one of them")
	case changed("speed") && !o.pace.Speed.max && !timed:
		return usagef("--speed %v is for recorded times, and these messages have none: use --rate, or --format timed or pcap", &o.pace.Speed)
	}
	if o.feed.From != "" {
		if err := o.feed.Validate(); err != nil {
			return usageError{err}
		}
	}
	return nil
}
