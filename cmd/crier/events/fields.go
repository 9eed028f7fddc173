package events

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// fieldNames are the fields that lines can have before a message, in the order in which help lists
// them.
var fieldNames = []string{"topic", "partition", "offset", "key", "headers"}

// Fields are what lines have before a message, each followed by a tab. It is the value of --show.
type Fields struct{ names []string }

// Declare declares --show.
func (f *Fields) Declare(flags *cli.FlagSet) {
	flags.Var(f, "show", "with --format lines: print these `FIELDS` before each message, with a "+
		"tab behind each: topic, partition, offset, key, headers")
	cli.Offer(flags, "show", cli.Words(fieldNames...).List())
}

// Check returns an error where a format has no place for fields.
func (f *Fields) Check(format string) error {
	switch {
	case len(f.names) == 0 || format == "lines":
		return nil
	case format == "json":
		return cli.Usagef("--show %v is for --format lines: json has all there is to show", f)
	}
	return cli.Usagef("--show %v is for --format lines: %s has payloads alone", f, format)
}

// String returns the fields as --show has them.
func (f *Fields) String() string { return strings.Join(f.names, ",") }

// Set and Type make Fields a Value.
func (f *Fields) Set(text string) error {
	f.names = nil
	for name := range strings.SplitSeq(text, ",") {
		switch {
		case !slices.Contains(fieldNames, name):
			return fmt.Errorf("%q is not a field: use %s", name, strings.Join(fieldNames, ", "))
		case slices.Contains(f.names, name):
			return fmt.Errorf("has %s twice: once is enough", name)
		}
		f.names = append(f.names, name)
	}
	return nil
}

func (f *Fields) Type() string { return "FIELDS" }

// append appends the fields of a message.
func (f *Fields) append(b []byte, ev *subscriber.Event) []byte {
	for _, name := range f.names {
		switch name {
		case "topic":
			if ev.Title != nil {
				b = append(b, ev.Title.Topic...) // which has no control characters
			}
		case "partition":
			b = strconv.AppendUint(b, uint64(ev.Partition), 10)
		case "offset":
			b = strconv.AppendUint(b, ev.Offset, 10)
		case "key":
			b = appendWord(b, ev.Key(), "")
		case "headers":
			b = appendHeaders(b, ev)
		}
		b = append(b, '\t')
	}
	return b
}

// appendHeaders appends headers as in "name=value name=value".
func appendHeaders(b []byte, ev *subscriber.Event) []byte {
	first := true
	for name, value := range ev.Headers() {
		if !first {
			b = append(b, ' ')
		}
		first = false
		b = appendWord(b, name, " =")
		b = append(b, '=')
		b = appendWord(b, value, " ")
	}
	return b
}

// appendWord appends bytes as they are, or as a string of Go where that would not be told apart
// from what is around it.
func appendWord(b, word []byte, around string) []byte {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(around, r) }
	text := string(word)
	if !utf8.ValidString(text) || strings.HasPrefix(text, `"`) || strings.ContainsFunc(text, odd) {
		return strconv.AppendQuote(b, text)
	}
	return append(b, word...)
}

// properties fills in the key and the headers of a message.
func (l *Line) properties(ev *subscriber.Event) {
	if len(ev.Properties) == 0 {
		return
	}
	if key := ev.Key(); len(key) > 0 {
		l.Key, l.KeyBase64 = textOrBase64(key)
	}
	for name, value := range ev.Headers() {
		text, coded := textOrBase64(value)
		if text != nil {
			put(&l.Headers, name, *text)
		} else {
			put(&l.HeadersBase64, name, *coded)
		}
	}
}

// put adds to a map, and makes it.
func put(m *map[string]string, name []byte, value string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	(*m)[string(name)] = value
}

// textOrBase64 returns bytes as text where they are UTF-8, and else in base64.
func textOrBase64(b []byte) (text, coded *string) {
	if utf8.Valid(b) {
		s := string(b)
		return &s, nil
	}
	s := base64.StdEncoding.EncodeToString(b)
	return nil, &s
}
