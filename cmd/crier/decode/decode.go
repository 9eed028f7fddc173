// Package decode is "crier decode": it prints the frames of a capture.
package decode

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/reliable/frame"
)

// options holds the flags of crier decode.
type options struct {
	from   string
	format string
	json   bool
	hex    bool
	count  uint64
	quiet  bool
	filter filter
}

// Command is "crier decode".
func Command() *cli.Command {
	return &cli.Command{
		Name: "decode",
		Args: " FILE", ArgValues: cli.Files("pcap", "pcapng", "cap", "gz"),
		Brief: "print the frames of a capture",
		Help: `Prints each crier frame of a pcap or pcapng capture, - for standard input, on a line:
time (UTC), source, destination and the frame, as docs/PROTOCOL.md names its fields.
"s" is the session, "seq" and "off" are the first sequence number and offset, "req"
is a request. A frame whose tag is wrong is printed with "damaged". Packets that aren't
crier's, that the capture cut short, and fragments are counted at the end.

With --json each line is an object with all fields. With --format hex the input is
text: the bytes of frames in hexadecimal, as in docs/PROTOCOL.md. A "#" begins a
comment, and an empty line ends a frame.

Exit code 0: the frames are all decoded, or --count was reached; 3: there is none, or
some could not be decoded, since they are damaged, cut short, malformed, in fragments or of a newer
crier; 1: the capture can't be read to its end.

Examples:

  # what subscribers missed, and what they were sent for it
  crier decode --kind nack,repair,confirm,gone frames.pcap

  # sequence numbers and chunks, for a program
  crier decode --json --kind data frames.pcap

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{}
			var kinds []string
			var session, group string
			flags.StringVar(&o.format, "format", "pcap",
				"kind of the input: pcap (or pcapng), or hex")
			cli.Offer(flags, "format", cli.Words("pcap", "hex"))
			flags.BoolVar(&o.json, "json", false, "print a JSON object a frame, with all fields")
			flags.BoolVar(&o.hex, "hex", false, "print the messages' bytes, too")
			flags.StringVar(&session, "session", "",
				"only the sessions whose `ID` begins so, in hexadecimal")
			flags.StringSliceVar(&kinds, "kind", nil,
				"only frames of these `KINDS`, such as data,repair or nack")
			cli.Offer(flags, "kind", cli.WordsFrom(kindWords).List())
			flags.StringVar(&group, "group", "",
				"only frames to this `GROUP`, and the sessions heard on it, such as "+
					"239.77.0.1:7700")
			flags.Uint64Var(&o.count, "count", 0, "leave after this many frames")
			flags.BoolVarP(&o.quiet, "quiet", "q", false, "print no counts at the end")
			return func(ctx context.Context, std cli.Streams) (int, error) {
				if flags.NArg() != 1 {
					return 0, cli.Usagef("it takes one capture, or - for standard input, not %d",
						flags.NArg())
				}
				o.from = flags.Arg(0)
				switch {
				case o.format != "pcap" && o.format != "hex":
					return 0, cli.Usagef("--format %q is not known: use pcap or hex", o.format)
				case flags.Changed("count") && o.count == 0:
					return 0, cli.Usagef("--count 0 would print nothing: give more, or leave it " +
						"out")
				}
				if err := o.filter.parse(session, kinds, group); err != nil {
					return 0, err
				}
				return o.run(ctx, std)
			}
		},
	}
}

// filterSessions bounds the sessions that a filter by group remembers.
const filterSessions = 4096

// filter chooses frames.
type filter struct {
	session string // the beginning of its id
	kinds   []frame.Kind
	group   netip.AddrPort
	heard   map[uint64]bool // the sessions heard on group
}

// parse reads the flags' values.
func (f *filter) parse(session string, kinds []string, group string) error {
	f.session = strings.ToLower(strings.TrimPrefix(session, "0x"))
	if strings.Trim(f.session, "0123456789abcdef") != "" || len(f.session) > 16 {
		return cli.Usagef("--session %q is no session's id: give its 16 hexadecimal digits, or "+
			"the first of them", session)
	}
	for _, word := range kinds {
		at := slices.IndexFunc(frame.Kinds(), func(kind frame.Kind) bool {
			return strings.EqualFold(kind.String(), word)
		})
		if at < 0 {
			return cli.Usagef("--kind %q is not known: use %s", word,
				strings.Join(kindWords(), ", "))
		}
		f.kinds = append(f.kinds, frame.Kinds()[at])
	}
	if group == "" {
		return nil
	}
	to, err := netip.ParseAddrPort(group)
	if err != nil {
		return cli.Usagef("--group %q is not an address and port: give one such as "+
			"239.77.0.1:7700 or [ff05::1]:7700", group)
	}
	f.group = netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port())
	f.heard = map[uint64]bool{}
	return nil
}

// kindWords lists the kinds as a user writes them.
func kindWords() []string {
	var words []string
	for _, kind := range frame.Kinds() {
		words = append(words, strings.ToLower(kind.String()))
	}
	return words
}

// passes reports whether an entry is wanted.
func (f *filter) passes(e *entry) bool {
	if len(f.kinds) > 0 && !slices.Contains(f.kinds, e.header.Kind) {
		return false
	}
	if f.session != "" && !strings.HasPrefix(fmt.Sprintf("%016x", e.header.Session), f.session) {
		return false
	}
	if !f.group.IsValid() {
		return true
	}
	if e.To == f.group {
		if e.state == whole && len(f.heard) < filterSessions {
			f.heard[e.header.Session] = true
		}
		return true
	}
	return f.heard[e.header.Session]
}
