package feed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/feed/feedtest"
)

// lens are messages behind their lengths.
func lens(messages ...string) string {
	var b []byte
	for _, m := range messages {
		b = binary.BigEndian.AppendUint32(b, uint32(len(m)))
		b = append(b, m...)
	}
	return string(b)
}

func TestLen(t *testing.T) {
	long := strings.Repeat("long", sourceBuffer)
	for _, want := range [][]string{
		{"one", "", "two\n", "\x00"},
		{strings.Repeat("a", sourceBuffer-4), "b"},
		{strings.Repeat("a", sourceBuffer), "b"},
		{"b", strings.Repeat("a", sourceBuffer+1), "", long, "c", long},
		{strings.Repeat("x", MaxMessage), "end"},
	} {
		got, err := readFeed(t, "len", lens(want...))
		if err != nil || !slices.Equal(payloadsOf(got), want) {
			t.Errorf("got %.40q, %v; want %.40q", payloadsOf(got), err, want)
		}
	}
}

// Wherever a file is cut, the error says where, and all whole messages came before it.
func TestTruncatedLen(t *testing.T) {
	content := lens("one", "", "three")
	begins := []int{0, 7, 11, 20}
	for n := 1; n < len(content); n++ {
		got, err := readFeed(t, "len", content[:n])
		whole := 0
		for begins[whole+1] <= n {
			whole++
		}
		if len(got) != whole {
			t.Errorf("cut at %d: got %v", n, got)
		}
		if begins[whole] == n {
			if err != nil {
				t.Errorf("cut at %d, between messages: %v", n, err)
			}
			continue
		}
		feedtest.WantSentence(t, err,
			fmt.Sprintf("feed: it ends at byte %d, within message %d, which begins at byte %d ", n,
				whole+1, begins[whole]), "whole")
	}

	long := lens(strings.Repeat("x", 5*sourceBuffer))
	_, err := readFeed(t, "len", long[:3*sourceBuffer])
	feedtest.WantSentence(t, err, fmt.Sprintf("it ends at byte %d, within message 1",
		3*sourceBuffer))
	_, err = readFeed(t, "len", feedtest.Zipped(long[:3*sourceBuffer]))
	feedtest.WantSentence(t, err, fmt.Sprintf("it ends at byte %d (decompressed), within message 1",
		3*sourceBuffer))
}

func TestLenOverTheLimit(t *testing.T) {
	got, err := readFeed(t, "len", lens("one")+"\x01\x00\x00\x01 and so on")
	feedtest.WantSentence(t, err,
		"feed: the length at byte 7 says 16777217 bytes, over the limit of 16 MiB: choose another "+
			"--format")
	if len(got) != 1 {
		t.Errorf("got %v before the error", got)
	}
	_, err = readFeed(t, "len", "this is text\n")
	feedtest.WantSentence(t, err, "the length at byte 0 says 1952999795 bytes")
}

func TestLenMakesNoGarbage(t *testing.T) {
	f, err := Open(Options{From: feedtest.File(t, "feed",
		strings.Repeat(lens("a message", ""), 1000)), Format: "len"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	wantNoAllocs(t, f)
}

// Whatever is read, written again gives the bytes that were consumed; a file
// that ends within a message is an error.
func FuzzLen(f *testing.F) {
	f.Add([]byte(lens("one", "", "three")))
	f.Add([]byte(lens("one")[:5]))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Add([]byte("\x00\x00\xff\xffx"))
	f.Add([]byte(feedtest.Zipped(lens("one"))))
	f.Fuzz(func(t *testing.T, content []byte) {
		fd, err := Open(Options{From: "-", Format: "len"}, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		got, err := drainFeed(fd)
		if bytes.HasPrefix(content, []byte{0x1f, 0x8b}) {
			return
		}
		again := lens(payloadsOf(got)...)
		if !bytes.HasPrefix(content, []byte(again)) {
			t.Fatalf("%q gave %v", content, got)
		}
		if (err == nil) != (len(again) == len(content)) {
			t.Fatalf("%q gave %v and %v", content, got, err)
		}
		var fe *fault
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("%v doesn't name the feed", err)
		}
	})
}
