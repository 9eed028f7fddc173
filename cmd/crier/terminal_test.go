package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"crier/publisher"
)

// A line at the bottom is rewritten, cut to the terminal's width, and text
// scrolls by above it.
func TestConsole(t *testing.T) {
	var b bytes.Buffer
	c := &console{out: &b, wide: func() int { return 11 }}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { c.Write([]byte("text\n")) }, "text\n"},
		{func() { c.show("") }, ""},
		{func() { c.show("12345") }, clearLine + "12345"},
		{func() { c.Write([]byte("text\n")) }, clearLine + "text\n12345"},
		{func() { c.show("1234567890ü") }, clearLine + "1234567890"},
		{func() { c.show("üüüüüüüüüüüü") }, clearLine + "üüüüüüüüüü"},
		{func() { c.show("") }, clearLine},
		{func() { c.Write([]byte("text\n")) }, "text\n"},
	} {
		b.Reset()
		if step.do(); b.String() != step.want {
			t.Errorf("%q, want %q", b.String(), step.want)
		}
	}
	// What is no terminal gets no line.
	b.Reset()
	c = newConsole(&b)
	if c.show("line"); c.live() || b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
}

func TestProgressText(t *testing.T) {
	var st publisher.Stats
	st.Accepted, st.Frames, st.Nacks, st.Repairs, st.Members = 12345, 678, 9, 10, 2
	for want, got := range map[string]string{
		"12,345 messages, 1,000/s, 678 frames, 9 NACKs, 10 repairs, 2 subscribers":                       progressText(st, 1000, 0, false),
		"12,345 of 20,000 messages, 1,000/s, 678 frames, 9 NACKs, 10 repairs, 2 subscribers":             progressText(st, 1000, 20000, false),
		"12,345 of 12,345 messages published, repairing, 678 frames, 9 NACKs, 10 repairs, 2 subscribers": progressText(st, 0, 12345, true),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What each of several sockets says is written once, and again when it happens
// again.
func TestLoggerSaysItOnce(t *testing.T) {
	var b strings.Builder
	h := newLogger("pub", &b, false).Handler()
	at := time.Unix(1000, 0)
	for _, step := range []struct {
		after time.Duration
		text  string
	}{{0, "down"}, {time.Millisecond, "down"}, {0, "up"}, {0, "down"}, {time.Second, "down"}} {
		at = at.Add(step.after)
		if err := h.Handle(t.Context(), slog.NewRecord(at, slog.LevelWarn, step.text, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if want := "crier pub: down\ncrier pub: up\ncrier pub: down\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// Warnings are one line each; what is said elsewhere only stands there when it
// is asked for.
func TestLogger(t *testing.T) {
	for _, c := range []struct {
		verbose bool
		want    string
	}{
		{false, "crier sub: multicast: down (interface eth0)\n" +
			"crier sub: a socket failed (a 1, g.b 2)\n"},
		{true, "crier sub: multicast: small (granted 5)\n" +
			"crier sub: multicast: down (interface eth0)\n" +
			"crier sub: multicast: up\n" +
			"crier sub: lost (session 1)\n" +
			"crier sub: a socket failed (a 1, g.b 2)\n"},
	} {
		var b strings.Builder
		l := newLogger("sub", &b, c.verbose)
		l.Warn("multicast: small", "granted", 5)
		l.Warn("multicast: down", "interface", "eth0")
		l.Info("multicast: up")
		l.Debug("never")
		l.Warn("crier: lost", slog.String("session", "1"))
		l.With("a", 1).WithGroup("g").Error("crier: a socket\nfailed", "b", 2)
		if b.String() != c.want {
			t.Errorf("verbose %v:\n%s", c.verbose, b.String())
		}
	}
}

// Names that strangers send can't clear the screen, or break a table.
func TestPrintable(t *testing.T) {
	if got := printable("evil\x1b[2J\nfake\tü 中"); got != "evil\ufffd[2J\ufffdfake\ufffdü 中" {
		t.Errorf("%q", got)
	}
}
