package crier_test

import (
	"flag"
	"fmt"
	"iter"
	"strings"
	"testing"

	"crier/publisher"
	"crier/reliable"
	"crier/reliable/rig"
	"crier/subscriber"
)

var update = flag.Bool("update", false, "write anew the documents that are made from the source")

// TestCountersDocument holds docs/COUNTERS.md to the tables of counters: a row that counts
// another field than before shows there.
func TestCountersDocument(t *testing.T) {
	const name = "docs/COUNTERS.md"
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(`# Counters

The counters of publishers and subscribers. 'Counters()' of 'publisher.Stats', 'subscriber.Stats' and
'subscriber.Session' walks them with names, units, help and values; an example shows them as
metrics. The names are also the keys in the summaries of 'crier pub' and 'crier sub', and in the
results of 'crier sim'. A gauge tells how much there is now, a flag is yes or no, and all others
only grow.

This file is written by 'go test . -run CountersDocument -update'.
`, "'", "`"))
	document(t, &b, "A publisher", func(s *publisher.Stats) iter.Seq2[reliable.Counter, uint64] {
		return s.Counters()
	}, "Stats.Socket.Sent", "Stats.Socket.SentBytes") // the same as Datagrams and Bytes
	document(t, &b, "A subscriber, apart from its sessions",
		func(s *subscriber.Stats) iter.Seq2[reliable.Counter, uint64] { return s.Counters() })
	document(t, &b, "A session of a subscriber",
		func(s *subscriber.Session) iter.Seq2[reliable.Counter, uint64] { return s.Counters() },
		"SessionStats.Partition", reliable.SessionID(0), reliable.End(0))
	held(t, name, b.String())
}

// document adds the counters of an S.
func document[S any](t *testing.T, b *strings.Builder, title string,
	all func(*S) iter.Seq2[reliable.Counter, uint64], except ...any) {
	t.Helper()
	fmt.Fprintf(b, "\n## %s\n\n| name | counts | field |\n| --- | --- | --- |\n", title)
	for _, f := range rig.CounterFields(t, all, except...) {
		kind := map[reliable.CounterKind]string{
			reliable.Gauge: " (gauge)", reliable.Flag: " (flag)"}[f.Kind]
		help := f.Help
		if f.Note == reliable.Dropped {
			help = "dropped " + help
		}
		_, field, _ := strings.Cut(f.Field, ".")
		fmt.Fprintf(b, "| `%s` | %s%s | `%s` |\n", f.Name, help, kind, field)
	}
}
