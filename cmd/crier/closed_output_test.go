package main

import (
	"os"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// Whoever reads standard output may leave: the command says so, and ends.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	sub := newTool(t, on(group, "sub", "--summary", "-"))
	sub.runIn(nil, w)
	sub.listening()
	r.Close()
	start(t, strings.NewReader("1\n2\n"), on(group, "pub", "--from", "-")...)
	if sub.wait(cli.ExitError); !strings.Contains(sub.err.String(),
		"crier sub: standard output was closed by its reader (broken pipe): to leave after "+
			"so many messages, use --count") {
		t.Error(sub.err)
	}
	w.Close()
}

// The same in a process, which a signal would end without a word.
func TestClosedOutputProcess(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	sub := newTool(t, on(group, "sub"))
	sub.process(nil, w)
	w.Close()
	sub.listening()
	r.Close()
	start(t, strings.NewReader("1\n2\n"), on(group, "pub", "--from", "-")...)
	if sub.wait(cli.ExitError); !strings.Contains(sub.err.String(),
		"standard output was closed by its reader (broken pipe)") {
		t.Error(sub.err)
	}
}
