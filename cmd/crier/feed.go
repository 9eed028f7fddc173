package main

import (
	"fmt"
	"io"
	"time"
)

// feedMaxMessage is the largest message of a feed, in bytes: the protocol's own limit.
const feedMaxMessage = 16 << 20

// record is one message of a feed.
type record struct {
	// at is when the message was recorded, since the feed's first record; a
	// record that is older than the first one has 0. It is -1 where the format
	// has no times.
	at time.Duration
	// payload is a view, valid until the feed's next call of next or Close.
	payload []byte
}

// feed is a pull source of messages. It is used by one goroutine.
type feed interface {
	// next returns the next message, or io.EOF at the end. Any other error
	// names the file, the place and what to do, and ends the feed. Next waits
	// as long as its reader does: Close doesn't interrupt it, but
	// feedOptions.Done does.
	next() (record, error)
	// Close gives back the file. Standard input stays open.
	Close() error
}

// formatFeed is what the feeds that are read from a file know besides.
type formatFeed interface {
	feed
	// where names the record that next returned last, such as "line 7".
	where() string
	// warnings are sentences about what was left out of the feed so far.
	warnings() []string
}

// feedWarnings returns one sentence for each kind of thing that f left out so
// far, such as packets that a capture had cut short. Ask at the end.
func feedWarnings(f feed) []string {
	if f, ok := f.(formatFeed); ok {
		return f.warnings()
	}
	return nil
}

// feedOptions say where a feed comes from.
type feedOptions struct {
	// From is a file's path, or "-" for standard input. gzip is recognised by
	// content.
	From string
	// Format is how messages lie in the file:
	//
	//	lines  a message a line, without its newline; a carriage return before it
	//	       is part of the message. The default.
	//	timed  a line "<ns> <payload>": decimal nanoseconds since any epoch,
	//	       one space, and the rest of the line
	//	len    u32 big-endian length, and as many bytes
	//	pcap   each UDP payload of a pcap or pcapng capture
	Format string
	// Split takes the messages out of market-data datagrams, of the formats
	// len and pcap: iextp (IEX-TP 1.0), moldudp64 (MoldUDP64 1.0), or "" for
	// datagrams as they are.
	Split string
	// Done, when it is closed, ends a wait for a pipe or a terminal: next then
	// returns an error, and no part of a message. Nil never does.
	Done <-chan struct{}
}

// validate returns what is wrong with the options themselves, as a sentence
// in the words of the flags.
func (o feedOptions) validate() error {
	switch o.Format {
	case "", "lines", "timed", "len", "pcap":
	default:
		return fmt.Errorf("--format %q is not known: use lines, timed, len or pcap", o.Format)
	}
	switch o.Split {
	case "":
		return nil
	case "iextp", "moldudp64":
	default:
		return fmt.Errorf("--split %q is not known: use iextp or moldudp64", o.Split)
	}
	if o.Format != "pcap" && o.Format != "len" {
		return fmt.Errorf("--split %s takes datagrams apart: use it with --format pcap or len", o.Split)
	}
	return nil
}

// openFeed opens a feed. What is wrong with a regular file's beginning is said
// here; a pipe or a terminal is first looked at by next, so that openFeed never
// waits for one.
func openFeed(opts feedOptions, stdin io.Reader) (feed, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	src, err := openSource(opts.From, stdin, opts.Done)
	if err != nil {
		return nil, err
	}
	var f formatFeed = &lazyFeed{src: src, format: opts.Format}
	if !src.live {
		if f, err = openFormat(src, opts.Format); err != nil {
			src.Close()
			return nil, err
		}
	}
	if opts.Split != "" {
		f = newSplitFeed(f, opts.Split, src.name)
	}
	return f, nil
}

// openFormat looks at the source's first bytes and starts reading it.
func openFormat(src *feedSource, format string) (formatFeed, error) {
	if err := src.start(); err != nil {
		return nil, err
	}
	if kind := src.captureKind(); kind != "" && format != "pcap" {
		return nil, src.errorf("this is a %s capture, not messages: use --format pcap", kind)
	}
	switch format {
	case "timed":
		return newTimedFeed(src), nil
	case "len":
		return &lenFeed{src: src}, nil
	case "pcap":
		return newPcapFeed(src)
	default:
		return newLinesFeed(src), nil
	}
}

// lazyFeed opens its format with the first call of next.
type lazyFeed struct {
	src    *feedSource
	format string
	f      formatFeed
	err    error
}

func (l *lazyFeed) next() (record, error) {
	if l.f == nil && l.err == nil {
		l.f, l.err = openFormat(l.src, l.format)
	}
	if l.err != nil {
		return record{}, l.err
	}
	return l.f.next()
}

func (l *lazyFeed) where() string {
	if l.f == nil {
		return "the beginning"
	}
	return l.f.where()
}

func (l *lazyFeed) warnings() []string {
	if l.f == nil {
		return nil
	}
	return l.f.warnings()
}

func (l *lazyFeed) Close() error { return l.src.Close() }
