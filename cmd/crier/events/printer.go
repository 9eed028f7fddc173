// Package events prints a subscriber's events: messages in the format that a user chooses, and the
// rest in words.
package events

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strconv"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// Printer writes a subscriber's events. It is used by one goroutine.
type Printer struct {
	// Groups says that words name the group: there are several.
	Groups bool
	// Feeds are what words call the feeds, in the order of Event.Feed.
	Feeds []string
	// Show are the fields before each message, in the format lines.
	Show Fields

	command string // before each line of words
	format  string
	// words gets events that the format has no place for; nil discards them.
	words  io.Writer
	sheet  cli.Sheet
	losses *lossWords
	out    *cli.Output
	text   bytes.Buffer
	json   *json.Encoder // into text
	group  groupText
	crowd  crowd
	// certificates are the last ones of streams, whose places others may take.
	certificates map[stream]*subscriber.Certificate
}

// stream names a partition of a session.
type stream struct {
	session   subscriber.SessionID
	partition uint32
}

// groupText is the group of the last event, and its text.
type groupText struct {
	group netip.AddrPort
	text  string
}

func (g *groupText) of(ev *subscriber.Event) string {
	if !ev.Group.IsValid() { // it comes from a log
		return ""
	}
	if ev.Group != g.group || g.text == "" {
		*g = groupText{ev.Group, ev.Group.String()}
	}
	return g.text
}

// NewPrinter starts a printer for a command, whose name stands before each line of words; stop is
// called when standard output fails. A quiet one prints messages only.
func NewPrinter(command, format string, std cli.Streams, quiet bool, stop func()) *Printer {
	p := &Printer{command: command, format: format, out: cli.NewOutput(std.Out, stop)}
	if !quiet {
		p.words, p.sheet = std.Err, cli.SheetOf(std.Err)
		p.losses = &lossWords{command: command, out: std.Err}
	}
	p.json = json.NewEncoder(&p.text)
	p.json.SetEscapeHTML(false)
	return p
}

// Added returns how many bytes were added to standard output.
func (p *Printer) Added() uint64 { return p.out.Added() }

// Watch has f called with the number of bytes written to standard output, after each write.
func (p *Printer) Watch(f func(written uint64)) { p.out.Watch(f) }

// CheckFormat returns an error for an unknown format.
func CheckFormat(format string) error {
	switch format {
	case "lines", "len", "json":
		return nil
	}
	return cli.Usagef("--format %q is not known: use lines, len or json", format)
}

// Close writes the rest. After the end of ctx it doesn't wait for a standard output that
// makes no progress.
func (p *Printer) Close(ctx context.Context) error {
	if p.losses != nil {
		p.losses.close()
	}
	return p.out.Close(ctx)
}

// Event writes an event. It blocks while too much waits to be printed, as Close does.
func (p *Printer) Event(ctx context.Context, ev *subscriber.Event) error {
	if ev.Kind != subscriber.Message && p.format != "json" {
		switch {
		case p.words == nil:
		case ev.Kind == subscriber.Loss:
			p.losses.tell(p.eventText(ev), ev.Lost.Len())
		case p.crowd.note(ev):
		default:
			p.losses.sum()
			if brief, last := p.crowd.brief(ev); brief {
				fmt.Fprintf(p.words, "%s: %s\n", p.command, p.briefText(ev, last))
				break
			}
			fmt.Fprintf(p.words, "%s: %s\n%s", p.command, p.eventText(ev), p.certificate(ev))
		}
		return nil
	}
	if p.format == "json" {
		p.text.Reset()
		if err := p.json.Encode(lineOf(ev, p.group.of(ev))); err != nil {
			return err
		}
	}
	return p.out.Add(ctx, func(b []byte) []byte {
		switch p.format {
		case "json":
			return append(b, p.text.Bytes()...)
		case "len":
			b = binary.BigEndian.AppendUint32(b, uint32(len(ev.Payload)))
			return append(b, ev.Payload...)
		}
		b = append(p.Show.append(b, ev), ev.Payload...)
		return append(b, '\n')
	})
}

// SourceText returns a publisher's address, or nothing for one that wasn't heard: a session that
// is over, of which recorders have a log.
func SourceText(source netip.AddrPort) string {
	if !source.IsValid() {
		return ""
	}
	return source.String()
}

// SessionName returns what words call a session: by its id, its publisher's name, if that is
// known, and address, if it was heard, and its group, if it is given.
func SessionName(id, name, source, group string) string {
	text := "session " + id
	if name != "" {
		text += fmt.Sprintf(" (%s)", cli.Printable(name))
	}
	if source != "" {
		text += " from " + source
	}
	if group != "" {
		text += " on " + group
	}
	return text
}

// eventText describes an event other than a message.
func (p *Printer) eventText(ev *subscriber.Event) string {
	group := ""
	if p.Groups {
		group = ev.Group.String()
	}
	session := SessionName(ev.Session.String(), ev.Publisher, SourceText(ev.Source), group)
	whole := session
	if p.crowd.several(ev) {
		session += fmt.Sprintf(", partition %d", ev.Partition)
	}
	switch ev.Kind {
	case subscriber.Loss:
		return fmt.Sprintf("%s: %s %s %s: %v", session, cli.Offsets(ev.Lost.From, ev.Lost.To),
			plural(ev.Lost.Len(), "is", "are"), p.sheet.Paint(cli.Bad, "lost"), ev.Cause)
	case subscriber.SessionNew:
		text := whole + " is heard"
		if topic := TopicText(ev.Title); topic != "" {
			text += ": " + topic
		}
		if before := p.crowd.relaid(ev); before > 0 {
			text += fmt.Sprintf(", and had %d before: keys are in other partitions now", before)
		}
		return text
	case subscriber.SessionInquest:
		return whole + " isn't heard any more: its survivors hold an inquest"
	case subscriber.SessionSilent:
		if !lacks(ev.Certificate) {
			session = whole
		}
		return session + " is " + p.sheet.Paint(cli.Noted, "silent") + ": " + silentText(ev)
	case subscriber.SessionAmended:
		return session + ": its certificate is " + p.sheet.Paint(cli.Noted, "amended")
	case subscriber.SessionResumed:
		return whole + " resumed"
	case subscriber.SessionMoved:
		return whole + " goes on: its publisher has changed its address"
	case subscriber.SessionContested:
		return whole + " is contested: another address speaks for it as well, and is not believed"
	case subscriber.StreamForked:
		return fmt.Sprintf("%s forks its stream: %s %s used before, by session %v", session,
			cli.Offsets(ev.Lost.From, ev.Lost.To), plural(ev.Lost.Len(), "was", "were"), ev.Other)
	case subscriber.StreamContested:
		return fmt.Sprintf("%s is not alone: session %v of the same publisher's name goes on, too",
			session, ev.Other)
	case subscriber.Assigned, subscriber.Revoking, subscriber.Revoked:
		return session + ": " + p.grantText(ev)
	case subscriber.NotGranted:
		return whole + " " + p.sheet.Paint(cli.Noted, "grants nothing") + " to this member: " +
			RefusalText(ev.Refused)
	case subscriber.FeedDown:
		return fmt.Sprintf("%s: feed %s is silent, while another is heard", whole, p.feed(ev.Feed))
	case subscriber.FeedUp:
		return fmt.Sprintf("%s: feed %s is heard again", whole, p.feed(ev.Feed))
	}
	if ev.Cause == subscriber.CauseClosed {
		return whole + " was left"
	}
	return whole + " ended"
}

// feed returns what words call a feed.
func (p *Printer) feed(i int) string {
	if i < len(p.Feeds) {
		return p.Feeds[i]
	}
	return strconv.Itoa(i)
}

// silentText tells why a session is silent.
func silentText(ev *subscriber.Event) string {
	if ev.Certificate != nil && len(ev.Certificate.Live) > 0 {
		return fmt.Sprintf("its publisher isn't heard here, and %s it", cli.Counted(
			uint64(len(ev.Certificate.Live)), "other hears", "others hear"))
	}
	return "its publisher crashed, is cut off, or is suspended"
}

// mostCertificates bounds those that are remembered.
const mostCertificates = 64

// certificate returns the lines of an event's certificate, or nothing.
func (p *Printer) certificate(ev *subscriber.Event) string {
	c := ev.Certificate
	if c == nil {
		return ""
	}
	key := stream{ev.Session, ev.Partition}
	before := p.certificates[key]
	if before == nil && len(p.certificates) >= mostCertificates || p.certificates == nil {
		p.certificates = make(map[stream]*subscriber.Certificate)
	}
	if p.certificates[key] = c; ev.Kind != subscriber.SessionAmended {
		before = nil
	}
	partition := -1
	if p.crowd.several(ev) {
		partition = int(ev.Partition)
	}
	return certificateText(c, before, partition, p.sheet)
}

// briefText tells in a line what a partition lacks by its certificate, after another partition of
// the session was told in full; the last line stands for all of those that follow.
func (p *Printer) briefText(ev *subscriber.Event, last bool) string {
	group := ""
	if p.Groups {
		group = ev.Group.String()
	}
	name := SessionName(ev.Session.String(), ev.Publisher, SourceText(ev.Source), group)
	if last {
		return name + ": other partitions lack something, too; the last words tell of all"
	}
	return fmt.Sprintf("%s, partition %d: %s", name, ev.Partition,
		lackedText(ev.Certificate, p.sheet))
}

// plural returns the word for a number.
func plural(n uint64, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// Line is an event as JSON. Times are in nanoseconds since the Unix epoch,
// but for recovery_ns, which is how long a recovered message was missing.
type Line struct {
	// Type is message, loss, new, inquest, silent, amended, resumed, ended, moved, contested,
	// stream-forked, stream-contested, feed-down, feed-up, assigned, revoking, revoked
	// or not-granted.
	Type      string  `json:"type"`
	Session   string  `json:"session"`
	Partition uint32  `json:"partition"`       // of the session: it has offsets of its own
	Topic     string  `json:"topic,omitempty"` // absent where there is none, or it is unknown
	Name      string  `json:"name,omitempty"`  // the publisher's, absent while it is unknown
	Group     string  `json:"group,omitempty"` // address and port, absent in a replay
	Source    string  `json:"source,omitempty"`
	Offset    *uint64 `json:"offset,omitempty"`
	SentNS    int64   `json:"sent_ns,omitempty"` // left out while it is unknown
	Received  int64   `json:"received_ns,omitempty"`
	Recovered *bool   `json:"recovered,omitempty"`
	Recovery  int64   `json:"recovery_ns,omitempty"`
	Key       *string `json:"key,omitempty"`        // a message's, where it has one in UTF-8
	KeyBase64 *string `json:"key_base64,omitempty"` // a message's, where it has one that isn't
	// Headers are a message's by name, those with a value in UTF-8.
	Headers map[string]string `json:"headers,omitempty"`
	// HeadersBase64 are a message's by name, those with another value.
	HeadersBase64 map[string]string `json:"headers_base64,omitempty"`

	Text   *string `json:"text,omitempty"`   // the payload, where it is UTF-8
	Base64 *string `json:"base64,omitempty"` // the payload, where it is not
	From   *uint64 `json:"from,omitempty"`   // of a loss or a fork: offsets from, and below to
	To     *uint64 `json:"to,omitempty"`
	Cause  string  `json:"cause,omitempty"`
	// Team, and the fields up to Orphan, are there in a team.
	Team  string `json:"team,omitempty"`
	Epoch uint64 `json:"epoch,omitempty"` // the grant's, which only grows
	// Attempt is, of a message, how often it was granted: above 1, it may have been done before.
	Attempt uint32 `json:"attempt,omitempty"`
	Orphan  bool   `json:"orphan,omitempty"` // its publisher is silent: it may have been done
	// Reason is that of a revoked: given-back, lapsed, superseded or ended; or of a not-granted:
	// name-taken, other-share, too-many, no-teams, no-team or no-answer.
	Reason string `json:"reason,omitempty"`
	Feed   *int   `json:"feed,omitempty"`  // of feed-down and feed-up: from 0, as they are given
	Other  string `json:"other,omitempty"` // of a fork or a contest: the other session
	// Certificate is what the survivors of a silent publisher found: of silent, amended and
	// resumed.
	Certificate *Certificate `json:"certificate,omitempty"`
}

func lineOf(ev *subscriber.Event, group string) *Line {
	line := &Line{Type: ev.Kind.String(), Session: ev.Session.String(), Partition: ev.Partition,
		Name: ev.Publisher, Group: group}
	if ev.Title != nil {
		line.Topic = ev.Title.Topic
	}
	if !ev.Received.IsZero() {
		line.Received = ev.Received.UnixNano()
	}
	if ev.Source.IsValid() && ev.Kind != subscriber.Message {
		line.Source = ev.Source.String()
	}
	line.grant(ev)
	switch ev.Kind {
	case subscriber.Message:
		line.Offset = &ev.Offset
		if !ev.Received.IsZero() {
			line.Recovered = &ev.Recovered
		}
		if ev.Recovered {
			line.Recovery = int64(ev.Recovery)
		}
		if !ev.Sent.IsZero() {
			line.SentNS = ev.Sent.UnixNano()
		}
		line.Text, line.Base64 = textOrBase64(ev.Payload)
		line.properties(ev)
	case subscriber.Loss:
		line.From, line.To, line.Cause = &ev.Lost.From, &ev.Lost.To, ev.Cause.String()
	case subscriber.FeedDown, subscriber.FeedUp:
		line.Feed = &ev.Feed
	default:
		if ev.Cause != 0 {
			line.Cause = ev.Cause.String()
		}
		if ev.Other != 0 {
			line.Other = ev.Other.String()
		}
		line.Certificate = CertificateOf(ev.Certificate)
		if ev.Kind == subscriber.StreamForked {
			line.From, line.To = &ev.Lost.From, &ev.Lost.To
		}
	}
	return line
}
