package main

import (
	"testing"

	"crier/cmd/crier/cli"
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
	pub.wait(cli.ExitOK)
	one.wait(cli.ExitOK)
	two.wait(cli.ExitOK)
}
