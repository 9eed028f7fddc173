package cli

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

// What each of several sockets says is written once, and again when it happens
// again.
func TestLoggerSaysItOnce(t *testing.T) {
	var b strings.Builder
	h := NewLogger("pub", &b, false).Handler()
	at := time.Unix(1000, 0)
	for _, step := range []struct {
		after time.Duration
		text  string
	}{{0, "down"}, {time.Millisecond, "down"}, {0, "up"}, {0, "down"}, {time.Second, "down"}} {
		at = at.Add(step.after)
		if err := h.Handle(t.Context(),
			slog.NewRecord(at, slog.LevelWarn, step.text, 0)); err != nil {
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
		l := NewLogger("sub", &b, c.verbose)
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
