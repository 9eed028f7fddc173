package sub

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// The history is as large as the flag says, and the library's default without it; 0 is none.
func TestHistoryFlag(t *testing.T) {
	for words, want := range map[string]int{
		"": subscriber.DefaultHistory, "--history 1MiB": 1 << 20, "--history 0": -1,
	} {
		o := parsed(t, strings.Fields(words)...)
		if err := o.validate(); err != nil {
			t.Fatal(err)
		}
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		if o.cfg.History != want {
			t.Errorf("%q: a history of %d bytes, want %d", words, o.cfg.History, want)
		}
	}
}

// Whoever has no part in inquests is told so at the start.
func TestNoHistoryIsTold(t *testing.T) {
	for words, want := range map[string]string{
		"": "", "--history 1MiB": "",
		"--history 0":        "--history 0: when a publisher crashes",
		"--source 192.0.2.1": "--source: other subscribers aren't heard",
	} {
		o := parsed(t, strings.Fields(words)...)
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		_, said, _ := strings.Cut(o.listening(netip.AddrPort{}), "\ncrier sub: ")
		if want == "" && strings.TrimSpace(said) != "" || !strings.Contains(said, want) {
			t.Errorf("%q: %q", words, said)
		}
	}
}

// The manual has the default.
func TestHistoryInTheManual(t *testing.T) {
	text, err := os.ReadFile("../../../docs/SURVIVORS.md")
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("`--history %v` is the default", cli.Size(subscriber.DefaultHistory))
	if !strings.Contains(string(text), want) {
		t.Errorf("docs/SURVIVORS.md doesn't say %q", want)
	}
}
