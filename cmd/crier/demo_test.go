package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

var update = flag.Bool("update", false, "write what the demo prints into the README")

// The README shows what a newcomer will see.
func TestReadmeShowsTheDemo(t *testing.T) {
	const path, open, end = "../../README.md", "<!-- demo -->\n```\n", "```\n<!-- /demo -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), open)
	shown, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("the README has no place for the demo's output")
	}
	got := start(t, nil, "demo").wait(cli.ExitOK).out.String()
	if *update {
		if err := os.WriteFile(path, []byte(before+open+got+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if shown != got {
		t.Errorf("the README shows another output than the demo's; go test ./cmd/crier -run "+
			"Readme -update mends it. The demo printed:\n%s", got)
	}
}
