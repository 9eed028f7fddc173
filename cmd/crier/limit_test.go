//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// A limit of open files that is too small is the system's affair, not a wrong
// word: exit code 1, and what to do. With just enough of them nobody is deaf.
func TestTooFewFiles(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	sub := withFewFiles(t, "listening to", on(group, "sub", "--count", "1", "--timeout", "20s")...)
	start(t, nil, on(group, "pub", "--count", "1", "--linger", "10ms")...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)

	group = testGroup(t)
	withFewFiles(t, "publishing session", on(group, "pub", "--count", "3", "--linger", "20s")...)
	start(t, nil, on(group, "sub", "--start", "oldest", "--count", "3", "--timeout",
		"20s")...).wait(cli.ExitOK)
}

// withFewFiles starts crier with ever more files, until it begins.
func withFewFiles(t *testing.T, begun string, args ...string) *tool {
	t.Helper()
	for files := 8; ; files++ {
		c := newTool(t, args)
		c.processBehind(fmt.Sprintf("ulimit -n %d", files))
		for over := false; !over; {
			select {
			case <-c.err.more:
			case <-c.ended:
				over = true
			}
			if c.err.count(begun) > 0 {
				return c
			}
		}
		words := c.err.String()
		if strings.Contains(words, "runtime:") {
			t.Logf("%d files are too few for Go itself", files)
		} else if c.exit != cli.ExitError ||
			!strings.Contains(words, "raise the limit (ulimit -n)") {
			t.Fatalf("with %d files: exit code %d: %s", files, c.exit, words)
		}
	}
}
