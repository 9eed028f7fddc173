// Package decodetest is what the tests of crier's decoders have in common: frames, and
// captures of them.
package decodetest

import (
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/feed"
)

// Example is a frame of docs/PROTOCOL.md.
type Example struct {
	Line   int // of the document
	Packet []byte
	Text   string // as the document prints it
}

// Examples reads the frames of docs/PROTOCOL.md, which lies in a folder above.
func Examples(t testing.TB) (list []Example) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for filepath.Dir(dir) != dir {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	source, err := os.ReadFile(filepath.Join(dir, "docs", "PROTOCOL.md"))
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for i, line := range strings.Split(string(source), "\n") {
		switch {
		case line == "```frame":
			inside, list = true, append(list, Example{Line: i + 1})
		case line == "```":
			inside = false
		case inside && strings.HasPrefix(line, "= "):
			list[len(list)-1].Text = line[2:]
		case inside:
			text, _, _ := strings.Cut(line, "#")
			b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				t.Fatalf("PROTOCOL.md:%d: %v", i+1, err)
			}
			e := &list[len(list)-1]
			e.Packet = append(e.Packet, b...)
		}
	}
	if len(list) < 12 {
		t.Fatalf("docs/PROTOCOL.md has %d examples", len(list))
	}
	return list
}

// Of returns the first example of a kind.
func Of(t testing.TB, kind string) []byte {
	t.Helper()
	for _, e := range Examples(t) {
		if strings.HasPrefix(e.Text, kind+" ") {
			return e.Packet
		}
	}
	t.Fatalf("docs/PROTOCOL.md has no example of %s", kind)
	return nil
}

// Group is where the datagrams of Capture go to, Source where they come from.
var (
	Group  = netip.MustParseAddrPort("239.77.0.1:7700")
	Source = netip.MustParseAddrPort("10.77.0.1:7701")
)

// Capture writes a capture of datagrams, a millisecond apart, and returns its path.
func Capture(t testing.TB, datagrams ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "frames.pcapng")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := feed.NewCaptureWriter(file, "a test", "eth0", "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, d := range datagrams {
		if err := w.Write(at.Add(time.Duration(i)*time.Millisecond), Source, Group, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
