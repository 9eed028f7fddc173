package main

import (
	"strings"
	"testing"
)

// Examples that need two hosts do what they say between two that the test makes: the document
// of them is read as the manual's are. Changed are an address, to one that those hosts have,
// and how long a soak takes.
func TestHelpExamplesOfTwoHosts(t *testing.T) {
	if !*long {
		t.Skip("only with -documents.long, as .ci/run has it: START.md has such commands too")
	}
	if err := canHold(); err != nil {
		t.Skip(err)
	}
	changed := strings.NewReplacer("10.77.0.2", "10.0.0.2", "--soak 6m", "--soak 2s")
	var answer string // the command on the host that answers
	var asks []string
	for _, c := range allCommands() {
		for _, line := range examples(c.Page(80)) {
			switch {
			case strings.HasPrefix(line, "crier doctor echo"):
				answer = line
			case needsHost(line):
				asks = append(asks, changed.Replace(line))
			}
		}
	}
	if answer == "" || len(asks) < 2 {
		t.Fatalf("the examples are %q on one host, %q on the other", answer, asks)
	}
	d := &document{path: "crier help", lines: []string{"```sh", "b$ " + answer, "... answers on ...",
		"..."}}
	for _, ask := range asks {
		d.lines = append(d.lines, "a$ "+ask, "...", "No problem, ...", "...")
	}
	d.lines = append(d.lines, "b$ ^C", "```")
	if err := d.read(); err != nil {
		t.Fatal(err)
	}
	if r := newReader(t, d); !r.read() {
		t.Error(strings.Join(r.wrong, "\n"))
	}
}
