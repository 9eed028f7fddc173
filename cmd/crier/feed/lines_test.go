package feed

import (
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/feed/feedtest"
)

func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []string
	}{
		{"with a newline at the end", "one\ntwo\n", []string{"one", "two"}},
		{"without one", "one\ntwo", []string{"one", "two"}},
		{"empty lines are empty messages", "\n\none\n\n", []string{"", "", "one", ""}},
		{"a carriage return stays", "one\r\ntwo\r\n", []string{"one\r", "two\r"}},
		{"any bytes but the newline", "\x00\xff\x1f\nüber", []string{"\x00\xff\x1f", "über"}},
		{"a line as long as the buffer", strings.Repeat("a", sourceBuffer) + "\nb",
			[]string{strings.Repeat("a", sourceBuffer), "b"}},
		{"and one byte less", strings.Repeat("a", sourceBuffer-1) + "\nb",
			[]string{strings.Repeat("a", sourceBuffer-1), "b"}},
		{"longer lines", strings.Repeat("a", 300000) + "\n" + strings.Repeat("b", 200000),
			[]string{strings.Repeat("a", 300000), strings.Repeat("b", 200000)}},
	} {
		got, err := readFeed(t, "lines", c.content)
		if err != nil || !slices.Equal(payloadsOf(got), c.want) {
			t.Errorf("%s: got %.40q, %v", c.name, payloadsOf(got), err)
		}
		for _, m := range got {
			if m.at != -1 {
				t.Errorf("%s: a time of %v, where there are none", c.name, m.at)
			}
		}
	}
}

func TestLongestLine(t *testing.T) {
	longest := strings.Repeat("x", MaxMessage)
	got, err := readFeed(t, "lines", "first\n"+longest+"\n"+longest)
	if err != nil || len(got) != 3 || got[1].payload != longest || got[2].payload != longest {
		t.Fatalf("lines of exactly 16 MiB: %d of them, %v", len(got), err)
	}
	for _, tail := range []string{"x", "x\nnext\n"} {
		got, err = readFeed(t, "lines", "first\n"+longest+tail)
		feedtest.WantSentence(t, err, "feed: line 2 is longer than 16 MiB",
			"choose another --format")
		if len(got) != 1 {
			t.Errorf("got %d messages before the error", len(got))
		}
	}
}

func TestLinesMakeNoGarbage(t *testing.T) {
	f, err := Open(Options{From: feedtest.File(t, "feed",
		strings.Repeat("a line of the feed\n", 2000))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantNoAllocs(t, f)
}
