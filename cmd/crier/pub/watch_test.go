package pub

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"crier/publisher"
	"crier/reliable"
)

// However many are there, a line names ten of them.
func TestStillWaitingText(t *testing.T) {
	var here []publisher.Subscriber
	if got := stillWaiting(1,
		here); got != "crier pub: still waiting for 1 subscriber, none is here\n" {
		t.Errorf("%q", got)
	}
	for i := range 12 {
		here = append(here,
			publisher.Subscriber{Member: reliable.Member{Name: fmt.Sprintf("s%d", i)}})
	}
	here[0].Name, here[0].Addr = "", netip.MustParseAddrPort("127.0.0.1:9")
	here[1].Name = "a\x1b[2Jb"
	got := stillWaiting(20, here)
	want := "still waiting for 20 subscribers, 12 of them here: 127.0.0.1:9, a"
	if !strings.Contains(got, want) || !strings.HasSuffix(got, ", s9 and 2 more\n") ||
		strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}
