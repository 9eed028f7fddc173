//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"testing"
)

// announced is the name of a topic that is published while the test runs.
func announced(t *testing.T) string {
	t.Helper()
	testGroup(t) // which skips the test where there is no loopback interface
	name := fmt.Sprintf("ends-%d", os.Getpid())
	in, feed := osPipe(t)
	pub := spawn(t, in, "pub", "--from", "-", "--topic", name)
	io.WriteString(feed, "0\n")
	pub.await(pub.err, "publishing session", 1) // and answering, from then on
	return name
}

// lsWays are the ways in which crier ls ends.
var lsWays = map[string]func(*testing.T) *tool{
	"a topic was listed": func(t *testing.T) *tool {
		return start(t, nil, "ls", announced(t))
	},
	"there is no such topic": func(t *testing.T) *tool {
		testGroup(t)
		return start(t, nil, "ls", "no.such.*")
	},
	"`--watch`: a signal": func(t *testing.T) *tool {
		name := announced(t)
		c := spawn(t, nil, "ls", "--watch", name)
		c.await(c.out, name, 1)
		c.signal(os.Interrupt)
		return c
	},
	"standard output is a full disk": func(t *testing.T) *tool {
		return startInto(t, openFull(t), nil, "ls", announced(t))
	},
	"wrong words or values": func(t *testing.T) *tool { return start(t, nil, "ls", "a", "b") },
}
