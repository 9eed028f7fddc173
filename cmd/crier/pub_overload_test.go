package main

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"crier/publisher"
	"crier/reliable"
)

// A publisher that waits for subscribers says so, and who is there.
func TestWaitForSaysForWhom(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some 3 s")
	}
	t.Parallel()
	group := testGroup(t)
	one := spawn(t, nil, on(group, "sub", "--name", "one", "--until-end", "--quiet")...)
	pub := spawn(t, nil, on(group, "pub", "--count", "3", "--wait-for", "2")...)
	pub.await(pub.err, "crier pub: waiting for 2 subscribers\n", 1)
	pub.await(pub.err, "crier pub: still waiting for 2 subscribers, 1 of them here: one\n", 1)
	two := spawn(t, nil, on(group, "sub", "--until-end", "--quiet")...)
	pub.wait(exitOK)
	one.wait(exitOK)
	two.wait(exitOK)
}

// However many are there, a line names ten of them.
func TestStillWaitingText(t *testing.T) {
	var here []publisher.Subscriber
	if got := stillWaiting(1, here); got != "crier pub: still waiting for 1 subscriber, none is here\n" {
		t.Errorf("%q", got)
	}
	for i := range 12 {
		here = append(here, publisher.Subscriber{Member: reliable.Member{Name: fmt.Sprintf("s%d", i)}})
	}
	here[0].Name, here[0].Addr = "", netip.MustParseAddrPort("127.0.0.1:9")
	here[1].Name = "a\x1b[2Jb"
	got := stillWaiting(20, here)
	if want := "still waiting for 20 subscribers, 12 of them here: 127.0.0.1:9, a"; !strings.Contains(got, want) || !strings.HasSuffix(got, ", s9 and 2 more\n") || strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}
