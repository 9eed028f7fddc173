package ls

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crier/cmd/crier/cli"
)

// A long name is cut in the table, which stays within 80 columns, and stands whole below.
func TestLongNames(t *testing.T) {
	long := func(s string, n int) string { return strings.Repeat(s, n) }
	one := func(topic, name string) Publisher {
		return Publisher{Topic: topic, Name: name, Partitions: 16, Groups: 16,
			Address: "192.168.100.200:65535"}
	}
	for _, c := range []struct{ topic, name string }{
		{"orders", "risk"}, {long("t", 255), "risk"}, {"orders", long("ü", 255)},
		{long("t", 255), long("n", 255)}, {long("t", 31), long("n", 29)},
	} {
		l := &Listing{Publishers: []Publisher{one("quotes", "x"), one(c.topic, c.name)}}
		text := l.text(cli.PlainSheet)
		lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
		n := 0
		for ; n < len(lines) && (lines[n] == "\n" || lines[n][0] == ' '); n++ {
			if wide := utf8.RuneCountInString(strings.TrimSuffix(lines[n], "\n")); wide > 80 {
				t.Errorf("a line of %d columns:\n%s", wide, text)
			}
		}
		if n > 12 || !strings.HasPrefix(text, "  topic ") {
			t.Errorf("a table of %d lines:\n%s", n, text)
		}
		if cut := strings.Contains(text, "…"); cut != (n < len(lines)) ||
			cut != (max(len(c.topic), len(c.name)) > leastName) ||
			!strings.Contains(text, c.topic) || !strings.Contains(text, c.name) {
			t.Errorf("%q and %q don't stand whole:\n%s", c.topic, c.name, text)
		}
	}
}
