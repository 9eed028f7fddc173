//go:build unix

package main

import (
	"strings"
	"testing"
)

// A limit of open files that is too small is the system's affair, not a wrong
// word: exit code 1, and what to do.
func TestTooFewFiles(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	for _, limit := range []string{"8", "9", "10"} {
		c := newTool(t, on(group, "sub", "--timeout", "50ms"))
		c.processBehind("ulimit -n " + limit)
		<-c.ended
		words := c.err.String()
		if strings.Contains(words, "runtime:") || strings.Contains(words, "no session was heard") {
			t.Logf("%s files are too few for Go itself, or enough", limit)
			continue
		}
		if c.exit != exitError || !strings.Contains(words, "raise the limit (ulimit -n)") {
			t.Errorf("with %s files: exit code %d: %s", limit, c.exit, words)
		}
	}
}
