package feed

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"crier/cmd/crier/feed/feedtest"
)

func TestTimed(t *testing.T) {
	got, err := readFeed(t, "timed",
		"1723161255030314667 one\n1723161255030314668 two words \n1723161256030314667 "+
			"\n1723161255030314000 late\n")
	want := []message{{0, "one"}, {1, "two words "}, {1e9, ""}, {1e9, "late"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	got, err = readFeed(t, "timed", "0 a\n9223372036854775807 b")
	want = []message{{0, "a"}, {1<<63 - 1, "b"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the extremes: got %v, %v", got, err)
	}
}

func TestTimedLinesThatAreNone(t *testing.T) {
	for line, want := range map[string]string{
		"":                           "does not begin with a time",
		"hello":                      "does not begin with a time",
		" 12 hello":                  "does not begin with a time",
		"-12 hello":                  "does not begin with a time",
		"12":                         "has no space behind its time",
		"12\thello":                  "has something other than digits",
		"12.5 hello":                 "has something other than digits",
		"9223372036854775808 x":      "has a time over 9223372036854775807 ns",
		"17231612550303146670 hello": "has a time of over 19 digits",
	} {
		got, err := readFeed(t, "timed", "1 fine\n"+line+"\n3 not reached\n")
		feedtest.WantSentence(t, err, "feed: line 2 "+want, "<ns> <payload>")
		if len(got) != 1 {
			t.Errorf("%q: got %v before the error", line, got)
		}
	}
}

func TestLongestTimedMessage(t *testing.T) {
	longest := strings.Repeat("x", MaxMessage)
	got, err := readFeed(t, "timed", "1723161255030314667 "+longest+"\n2 "+longest)
	if err != nil || len(got) != 2 || got[0].payload != longest || got[1].payload != longest {
		t.Fatalf("messages of exactly 16 MiB: %d of them, %v", len(got), err)
	}
	_, err = readFeed(t, "timed", "1 "+longest+"x")
	feedtest.WantSentence(t, err, "feed: the message in line 1 is longer than 16 MiB")
	_, err = readFeed(t, "timed", "1723161255030314667 "+longest+"x")
	feedtest.WantSentence(t, err, "feed: line 1 is longer than 16 MiB")
}

func TestTimedMakesNoGarbage(t *testing.T) {
	f, err := Open(Options{From: feedtest.File(t, "feed",
		strings.Repeat("1723161255030314667 hello\n", 2000)), Format: "timed"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantNoAllocs(t, f)
}

// What parses is what strconv and a cut at the first space would make of it.
func FuzzTimed(f *testing.F) {
	for _, s := range []string{"", "1 a", "9223372036854775807 b", "9223372036854775808 b",
		"00000000000000000001 c", "1", "1  d", "x 1", "99999999999999999999 e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		ns, payload, fault := parseTimed(line)
		before, after, found := strings.Cut(string(line), " ")
		want, err := strconv.ParseInt(before, 10, 64)
		valid := found && err == nil && len(before) <= timedDigits &&
			!strings.HasPrefix(before, "+") && !strings.HasPrefix(before, "-")
		if (fault == "") != valid {
			t.Fatalf("%q: fault %q, valid %v", line, fault, valid)
		}
		if valid && (ns != want || string(payload) != after) {
			t.Fatalf("%q: %d %q", line, ns, payload)
		}
	})
}
