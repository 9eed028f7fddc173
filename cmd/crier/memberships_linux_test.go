package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/testnet/rig/netns"
)

const membershipLimit = "/proc/sys/net/ipv4/igmp_max_memberships"

// Where the system lets a subscriber join no further group it says so in a sentence, with what to
// do, and joins once that is done: by the kernel's limit for a socket, and by that of open files.
func TestMoreGroupsThanTheSystemTakes(t *testing.T) {
	t.Parallel()
	if !netns.Again(t, beTool+"=") {
		return
	}
	limit := func(n string) {
		t.Helper()
		if err := os.WriteFile(membershipLimit, []byte(n), 0); err != nil {
			t.Skip("the limit of memberships can't be set:", err)
		}
	}
	words := []string{"sub", "--topic", "orders", "--until-end"}
	publish := func(count, rate string) *tool {
		return start(t, nil, "pub", "--topic", "orders", "--partitions", "32", "--groups", "32",
			"--count", count, "--rate", rate)
	}

	limit("1") // a socket each then
	c := start(t, nil, words...).listening()
	publish("320", "10k").wait(cli.ExitOK)
	c.wait(cli.ExitOK)
	if n := c.out.count("\n"); n != 320 {
		t.Errorf("%d messages, want 320", n)
	}

	limit("20")
	c = start(t, nil, words...).listening()
	limit("0")
	pub := publish("640", "500")
	c.await(c.err, "crier sub: groups cannot be joined, and nothing comes by them (32 groups, "+
		"interface lo): multicast: receive ", 1)
	c.await(c.err, "(raise net.ipv4.igmp_max_memberships)", 1)
	limit("20")
	pub.wait(cli.ExitOK)
	c.wait(cli.ExitOK)
	if n := c.out.count("\n"); n != 640 {
		t.Errorf("%d messages after the limit was raised, want 640", n)
	}

	limit("0")
	c = start(t, nil, words...)
	c.wait(cli.ExitError)
	if last := lastLine(c.err); !strings.Contains(last, "(raise net.ipv4.igmp_max_memberships)") {
		t.Errorf("no group can be joined: %q", last)
	}

	limit("20")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c = newTool(t, words)
	cmd := exec.Command("sh", append([]string{"-c", `ulimit -n 16; exec "$0" "$@"`, self},
		c.args...)...)
	if err := c.begin(cmd, nil, c.out); err != nil {
		t.Fatal(err)
	}
	publish("640", "500")
	c.await(c.err, "too many files are open; raise the limit (ulimit -n)", 1)
}
