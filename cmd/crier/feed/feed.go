// Package feed is the source of messages to publish: files, captures of other feeds, standard
// input, and made-up messages. It also writes captures.
package feed

import (
	"fmt"
	"io"
	"net/netip"
	"time"
)

// MaxMessage is the largest message of a feed, in bytes: the protocol's own limit.
const MaxMessage = 16 << 20

// Record is a message of a feed.
type Record struct {
	// At is when the message is due, since the feed's first one. It never goes
	// back. It is -1 where the format has no times.
	At time.Duration
	// Payload is a view, valid until the feed's next call of Next or Close.
	Payload []byte
	// Key is the key of the message, up to 255 bytes, or nil if it has none: a view like Payload.
	Key []byte
}

// Feed is a pull source of messages. It is used by one goroutine.
type Feed interface {
	// Next returns the next message, or io.EOF at the end. Any other error
	// names the file, the place and a remedy, and ends the feed. Next waits
	// as long as its reader does: Close doesn't interrupt it, but
	// Options.Done does.
	Next() (Record, error)
	// Close closes the file. Standard input stays open.
	Close() error
}

// Options describe a feed.
type Options struct {
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
	// Only lists the destinations of a capture's datagrams that are wanted, such as
	// 239.1.1.1:5000. None means all.
	Only []string
	// Merge names two feeds of a market-data source that are taken as one, by the source's own
	// sequence numbers: two captures, and From is empty; or two destinations in From. The format
	// is pcap, and Split names the framing. The first copy of each message is the one that
	// counts, and what one feed lacks comes from the other. None means no merging.
	Merge []string
	// Key says where messages have their keys: a field of JSON, with dots between the names and
	// indexes on the way to it, such as data.symbol; a regular expression, whose first group is
	// the key; OFFSET:LENGTH, bytes of the message; or, with Split iextp, symbol. Messages
	// without a key have none in their Record. Empty means no keys.
	Key string
	// MaxGap shortens longer silences of a feed with times; 0 leaves them.
	MaxGap time.Duration
	// Done, when it is closed, ends a wait for a pipe or a terminal: Next then
	// returns an error, and no part of a message. Nil never does.
	Done <-chan struct{}
	// Tell, if set, is called with a sentence for each oddity of the feed as it is read, up
	// to a few of each kind. The Reader's Warnings count them all.
	Tell func(string)

	// onlyFlag is the flag that Only comes from; empty means --only.
	onlyFlag string
}

// Validate returns an error about the options themselves, in the words of the flags.
func (o Options) Validate() error {
	switch o.Format {
	case "", "lines", "timed", "len", "pcap":
	default:
		return fmt.Errorf("--format %q is not known: use lines, timed, len or pcap", o.Format)
	}
	switch o.Split {
	case "", "iextp", "moldudp64":
	default:
		return fmt.Errorf("--split %q is not known: use iextp or moldudp64", o.Split)
	}
	switch {
	case o.Split != "" && o.Format != "pcap" && o.Format != "len":
		return fmt.Errorf("--split %s takes datagrams apart: use it with --format pcap or len",
			o.Split)
	case len(o.Only) > 0 && o.Format != "pcap":
		return fmt.Errorf("--only %s picks datagrams of a capture: use it with --format pcap",
			o.Only[0])
	case o.MaxGap < 0:
		return fmt.Errorf("--max-gap %v is negative: give a time such as 5s", o.MaxGap)
	case o.MaxGap > 0 && o.Format != "pcap" && o.Format != "timed":
		return fmt.Errorf("--max-gap %v shortens recorded silences, and these messages have no "+
			"times: use it with --format pcap or timed", o.MaxGap)
	}
	if err := o.validateMerge(); err != nil {
		return err
	}
	if o.Key != "" {
		if _, err := newKeyer(o.Key, o.Split); err != nil {
			return err
		}
	}
	_, err := o.only()
	return err
}

// only parses Only.
func (o Options) only() ([]netip.AddrPort, error) {
	var list []netip.AddrPort
	for _, text := range o.Only {
		to, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("--only %q is not an address and port: give one such as "+
				"239.1.1.1:5000 or [ff05::1]:5000", text)
		}
		list = append(list, netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port()))
	}
	return list, nil
}

// raw is a message as its format has it.
type raw struct {
	ns      int64 // when it was recorded
	timed   bool  // ns means something
	payload []byte
	to      netip.AddrPort // of a capture's datagram
}

// format reads one format. Its errors are as those of Feed.
type format interface {
	next() (raw, error)
	// where names the last record of next, such as "line 7".
	where() string
	// leftOut counts the records that next has left out, by cause.
	leftOut() []Count
}

// Count counts records by their fate.
type Count struct {
	What string `json:"what"`
	N    uint64 `json:"count"`
}

// Open opens a feed. It reads the beginning of a regular file, but not of a pipe or a
// terminal, so that it never waits for one.
func Open(opts Options, stdin io.Reader) (*Reader, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	r := &Reader{opts: opts, times: timeline{maxGap: opts.MaxGap}}
	if opts.Key != "" {
		r.key, _ = newKeyer(opts.Key, opts.Split) // Validate has tried it
	}
	if len(opts.Merge) > 0 {
		m, err := openMerge(opts, stdin)
		if err != nil {
			return nil, err
		}
		r.merge, r.src = m, &source{name: m.name()}
		return r, nil
	}
	src, err := openSource(opts.From, stdin, opts.Done)
	if err != nil {
		return nil, err
	}
	r.src = src
	r.only, _ = opts.only() // Validate has tried it
	if opts.Split != "" {
		r.split = newSplitter(opts.Split)
	}
	if !src.live {
		if r.format, err = openFormat(src, opts.Format); err != nil {
			src.Close()
			return nil, err
		}
	}
	return r, nil
}

// openFormat looks at the source's first bytes and starts reading it.
func openFormat(src *source, name string) (format, error) {
	if err := src.start(); err != nil {
		return nil, err
	}
	if kind := src.captureKind(); kind != "" && name != "pcap" {
		return nil, src.errorf("this is a %s capture, not messages: use --format pcap", kind)
	}
	switch name {
	case "timed":
		return newTimed(src), nil
	case "len":
		return &lengths{src: src}, nil
	case "pcap":
		c, err := newCapture(src)
		if err != nil { // and no format that holds none
			return nil, err
		}
		return c, nil
	default:
		return newLines(src), nil
	}
}
