package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"crier/cmd/crier/feed/feedtest"
)

// message is a record that was kept.
type message struct {
	at      time.Duration
	payload string
}

func (m message) String() string { return fmt.Sprintf("%d:%.40q", m.at, m.payload) }

// drainFeed reads a feed to its end and returns what came, and the error that
// ended it, nil for io.EOF.
func drainFeed(f Feed) (got []message, err error) {
	for {
		r, err := f.Next()
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got = append(got, message{r.At, string(r.Payload)})
	}
}

// payloadsOf are the messages without their times.
func payloadsOf(ms []message) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.payload)
	}
	return out
}

// readFeed opens a feed of content in a format, through a file, and drains it.
func readFeed(t testing.TB, format, content string) ([]message, error) {
	t.Helper()
	f, err := Open(Options{From: feedtest.File(t, "feed", content), Format: format}, nil)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return drainFeed(f)
}

func TestOptionsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string
	}{
		{Options{From: "-", Format: "csv"},
			`--format "csv" is not known: use lines, timed, len or pcap`},
		{Options{From: "-", Format: "pcap", Split: "itch"},
			`--split "itch" is not known: use iextp or moldudp64`},
		{Options{From: "-", Split: "iextp"},
			"--split iextp takes datagrams apart: use it with --format pcap or len"},
		{Options{From: "-", Format: "timed", Split: "moldudp64"},
			"use it with --format pcap or len"},
		{Options{}, "--from has no file"},
	} {
		_, err := Open(c.opts, strings.NewReader(""))
		feedtest.WantSentence(t, err, c.want)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.txt")
	_, err := Open(Options{From: missing}, nil)
	feedtest.WantSentence(t, err, missing,
		"there is no such file: name one that exists, or - for standard input")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is not fs.ErrNotExist", err)
	}

	_, err = Open(Options{From: dir}, nil)
	feedtest.WantSentence(t, err, dir, "this is a directory: name a file in it")

	_, err = Open(Options{From: filepath.Join(feedtest.File(t, "file", "x"), "below")}, nil)
	feedtest.WantSentence(t, err, "below: it can't be opened", "name a file that can be read")
}

func TestFileWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read any file")
	}
	path := feedtest.File(t, "secret", "x")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Options{From: path}, nil)
	feedtest.WantSentence(t, err, path, "may not be read: change its permissions")
}

func TestEmptyFileIsAnError(t *testing.T) {
	for _, format := range []string{"", "lines", "timed", "len", "pcap"} {
		_, err := readFeed(t, format, "")
		feedtest.WantSentence(t, err, "feed: this file is empty: name one that holds messages")
		_, err = readFeed(t, format, feedtest.Zipped(""))
		feedtest.WantSentence(t, err, "feed: this gzip file holds nothing")
	}
}

func TestEmptyStandardInputIsAFeedOfNothing(t *testing.T) {
	for _, format := range []string{"lines", "timed", "len"} {
		for _, content := range []string{"", feedtest.Zipped("")} {
			f, err := Open(Options{From: "-", Format: format}, strings.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := drainFeed(f); len(got) != 0 || err != nil {
				t.Errorf("%s: got %v, %v", format, got, err)
			}
		}
	}
	f, err := Open(Options{From: "-", Format: "pcap"}, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	_, err = drainFeed(f)
	feedtest.WantSentence(t, err, "standard input: there is no capture in it")
}

// A terminal or a pipe delivers little by little: each line is there as soon as
// it has been written, and opening waits for nothing.
func TestStandardInputIsNotWaitedFor(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	f, err := Open(Options{From: "-"}, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"", "a", "", "one more"} {
		go io.WriteString(w, line+"\n")
		got, err := f.Next()
		if err != nil || string(got.Payload) != line {
			t.Fatalf("got %q, %v; want %q", got.Payload, err, line)
		}
	}
}

func TestGzipIsRecognisedByContent(t *testing.T) {
	want := []string{"one", "two", "three"}
	// gzip files may follow one another
	content := feedtest.Zipped("one\ntwo\n") + feedtest.Zipped("three\n")
	got, err := readFeed(t, "lines", content)
	if err != nil || strings.Join(payloadsOf(got), ",") != strings.Join(want, ",") {
		t.Errorf("file: got %q, %v", payloadsOf(got), err)
	}
	f, err := Open(Options{From: "-"}, iotest.OneByteReader(strings.NewReader(content)))
	if err != nil {
		t.Fatal(err)
	}
	got, err = drainFeed(f)
	if err != nil || strings.Join(payloadsOf(got), ",") != strings.Join(want, ",") {
		t.Errorf("standard input: got %q, %v", payloadsOf(got), err)
	}
}

// Wherever a gzip file is cut, it is an error, and no message is half a one.
func TestTruncatedGzip(t *testing.T) {
	content := feedtest.Zipped(strings.Repeat("a message\n", 1000))
	for n := 3; n < len(content); n += 5 {
		got, err := readFeed(t, "lines", content[:n])
		feedtest.WantSentence(t, err, "feed: the gzip data is cut off",
			"fetch or write the file again, whole")
		for _, m := range got {
			if m.payload != "a message" {
				t.Fatalf("cut at %d: got %q", n, m.payload)
			}
		}
	}
}

func TestDamagedGzip(t *testing.T) {
	content := []byte(feedtest.Zipped(strings.Repeat("a message\n", 1000)))
	sum := bytes.Clone(content)
	sum[len(sum)-6] ^= 1 // in the checksum
	_, err := readFeed(t, "lines", string(sum))
	feedtest.WantSentence(t, err, "feed: the gzip data is damaged in line", "checksum")
	data := bytes.Clone(content)
	data[len(data)/2] ^= 0x80 // in the compressed data
	_, err = readFeed(t, "lines", string(data))
	feedtest.WantSentence(t, err, "feed: the gzip data is ")
	_, err = readFeed(t, "lines", string(content)+"trailing bytes")
	feedtest.WantSentence(t, err, "feed: the gzip data is damaged in line 1001")
}

func TestReadErrorIsNotTheEnd(t *testing.T) {
	broken := errors.New("the disk is on fire")
	for _, c := range []struct{ format, content, where string }{
		{"lines", "one\ntw", "line 2"},
		{"timed", "1 one\n2 tw", "line 2"},
		{"len", "\x00\x00\x00\x01a\x00\x00\x00\x02b", "message 2"},
	} {
		in := io.MultiReader(strings.NewReader(c.content), iotest.ErrReader(broken))
		f, err := Open(Options{From: "-", Format: c.format}, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := drainFeed(f)
		feedtest.WantSentence(t, err, "standard input: reading failed in "+c.where,
			"the disk is on fire")
		if !errors.Is(err, broken) {
			t.Errorf("%v hides its cause", err)
		}
		if len(got) != 1 {
			t.Errorf("%s: got %v before the error", c.format, got)
		}
	}
}

func TestCaptureIsNotSentAsText(t *testing.T) {
	for _, c := range []struct{ kind, content string }{
		{"pcap", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00 and so on"},
		{"pcap", "\xa1\xb2\x3c\x4d\x00\x02\x00\x04 and so on"},
		{"pcapng", "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a and so on"},
	} {
		for _, format := range []string{"", "lines", "timed", "len"} {
			want := "this is a " + c.kind + " capture, not messages: use --format pcap"
			_, err := readFeed(t, format, c.content)
			feedtest.WantSentence(t, err, "feed: "+want)
			_, err = readFeed(t, format, feedtest.Zipped(c.content))
			feedtest.WantSentence(t, err, "feed: "+want)
			f, err := Open(Options{From: "-", Format: format}, strings.NewReader(c.content))
			if err != nil {
				t.Fatal(err)
			}
			_, err = drainFeed(f)
			feedtest.WantSentence(t, err, "standard input: "+want)
		}
	}
	// Lines that begin with an empty one are no pcapng.
	if got, err := readFeed(t, "lines", "\n\r\r\nand so on"); err != nil || len(got) != 3 {
		t.Errorf("got %v, %v", got, err)
	}
}

// wantNoAllocs checks that a feed of at least 1,100 records makes no garbage.
func wantNoAllocs(t *testing.T, f Feed) {
	t.Helper()
	for range 50 {
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("next allocates %v times a message", n)
	}
}
