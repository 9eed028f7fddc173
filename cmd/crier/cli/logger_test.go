package cli

import (
	"errors"
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

// Warnings are one line each; what is said elsewhere only stands there when it is asked for.
func TestLogger(t *testing.T) {
	for _, c := range []struct {
		verbose bool
		want    string
	}{
		{false, "crier sub: down (link eth0)\n" +
			"crier sub: a socket failed (a 1, g.b 2)\n"},
		{true, "crier sub: small (granted 5 B)\n" +
			"crier sub: down (link eth0)\n" +
			"crier sub: up\n" +
			"crier sub: lost (session 1)\n" +
			"crier sub: a socket failed (a 1, g.b 2)\n"},
	} {
		var b strings.Builder
		l := NewLogger("sub", &b, c.verbose)
		l.Warn("multicast: small", "granted_bytes", 5)
		l.Warn("multicast: down", "link", "eth0")
		l.Info("multicast: up")
		l.Debug("never")
		l.Warn("crier: lost", slog.String("session", "1"))
		l.With("a", 1).WithGroup("g").Error("crier: a socket\nfailed", "b", 2)
		if b.String() != c.want {
			t.Errorf("verbose %v:\n%s", c.verbose, b.String())
		}
	}
}

// Records of the library read as sentences.
func TestSentences(t *testing.T) {
	for _, c := range []struct {
		message string
		attrs   []any
		want    string
	}{
		{"multicast: an interface went down; nothing passes until it is back",
			[]any{"interface", "eth0"},
			"interface eth0 went down; nothing passes until it is back"},
		{"multicast: the kernel refused datagrams, which are lost on this interface",
			[]any{"error", errors.New("operation not permitted"), "datagrams", uint64(1200),
				"destination", "239.77.0.1:7700", "interface", "eth0",
				"hint", "a firewall or a policy forbids it: allow UDP to this address"},
			"the kernel refused datagrams, which are lost on this interface (1,200 datagrams, " +
				"destination 239.77.0.1:7700, interface eth0): operation not permitted; a firewall or a " +
				"policy forbids it: allow UDP to this address"},
		{"multicast: a timer failed; nothing is sent by time any more",
			[]any{"error", errors.New("bad file descriptor")},
			"a timer failed: bad file descriptor; nothing is sent by time any more"},
		{"crier: the MTU of the interface fell: datagrams are smaller from now on",
			[]any{"interface", "eth0", "MTU", 1400, "datagram_size", 1372, "frames", 1},
			"the MTU of interface eth0 fell: datagrams are smaller from now on (MTU 1400, " +
				"datagram size 1372, 1 frame)"},
		{"crier: a subscriber held the others back for the stall timeout; it is evicted",
			[]any{"subscriber", "slow", "lag", uint64(5), "stall_timeout", 2 * time.Second},
			"subscriber slow held the others back for the stall timeout (lag 5, stall timeout " +
				"2 s); it is evicted"},
		{"crier: a subscriber that counted is gone",
			[]any{"subscriber", "", "address", "10.0.0.1:5"},
			"a subscriber that counted is gone (address 10.0.0.1:5)"},
		{"crier: another address speaks for a session, and is not believed",
			[]any{"session", "12ab", "source", "10.0.0.1:5"},
			"another address speaks for session 12ab, and is not believed (source 10.0.0.1:5)"},
		{"crier: a session's publisher has changed its address", []any{"session", "12ab"},
			"session 12ab's publisher has changed its address"},
		{"crier: the application is behind", []any{"time", 1234567891 * time.Nanosecond, "n", -1},
			"the application is behind (time 1.23 s, n -1)"},
	} {
		var b strings.Builder
		NewLogger("pub", &b, true).Warn(c.message, c.attrs...)
		if want := "crier pub: " + c.want + "\n"; b.String() != want {
			t.Errorf("%swant\n%s", b.String(), want)
		}
	}
}
