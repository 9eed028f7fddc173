package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/bench/coordinator"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// All that the list has is right: each item parses and is valid, long and quick, and
// has a name and results of its own.
func TestBenchListIsValid(t *testing.T) {
	t.Parallel()
	for _, net := range []string{coordinator.NetNamespaces, coordinator.NetLoopback} {
		for _, quick := range []bool{false, true} {
			o := &all{items: list, out: "results", net: net, quick: quick}
			list, err := o.prepare()
			if err != nil {
				t.Fatalf("--net %s, quick %v: %v", net, quick, err)
			}
			names := map[string]bool{}
			for _, item := range list {
				if names[item.name] || strings.Contains(item.command, "DIR") {
					t.Errorf("%s: %s", item.name, item.command)
				}
				names[item.name] = true
			}
			if len(list) < 12 || net == coordinator.NetNamespaces && len(list) != len(list) {
				t.Errorf("--net %s, quick %v: %d items", net, quick, len(list))
			}
		}
	}
}

// What was measured isn't measured again; what failed leaves no results and keeps
// nothing from the others, and is tried again by the next run.
func TestBenchAllGoesOn(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	dir := t.TempDir()
	o := &all{out: filepath.Join(dir, "new", "results"), net: coordinator.NetLoopback, items: []item{
		{name: "second", full: "throughput --duration 20ms --limits=DIR/limits.json"}, // which isn't there yet
		{name: "first", full: "throughput --duration 20ms --subscribers 2"},
	}}
	run := func() (string, string, error) {
		var out, errs bytes.Buffer
		_, err := o.run(context.Background(), cli.Streams{Out: &out, Err: &errs})
		return out.String(), errs.String(), err
	}
	has := func(want ...string) {
		t.Helper()
		var got []string
		files, err := os.ReadDir(o.out)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			got = append(got, f.Name())
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("the directory has %v, want %v", got, want)
		}
	}
	out, errs, err := run()
	if err == nil || !strings.Contains(err.Error(), "1 of 2 failed (second)") || !strings.Contains(errs, "second failed: --limits") {
		t.Errorf("%v: %s", err, errs)
	}
	if strings.Count(out, "crier bench throughput") != 1 || !strings.Contains(out, "messages/s") {
		t.Error(out)
	}
	has("first.html", "first.json", "first.txt")

	o.items[0].full = "throughput --duration 20ms"
	out, errs, err = run()
	if err != nil || !strings.Contains(errs, "first: it is there already") || strings.Contains(out, "--subscribers 2") {
		t.Errorf("%v: %s\n%s", err, errs, out)
	}
	has("first.html", "first.json", "first.txt", "second.html", "second.json", "second.txt")
	page, err := os.ReadFile(filepath.Join(o.out, "second.html"))
	if err != nil || !strings.Contains(string(page), "crier bench throughput --duration 20ms --net lo") {
		t.Errorf("the page doesn't say what made it: %v", err)
	}

	whole := o.items[1].full
	o.items[1].full += " --size 16"
	if _, _, err = run(); err == nil || !strings.Contains(err.Error(), "has first of another list") {
		t.Errorf("another list's result is taken for this one's: %v", err)
	}
	o.items[1].full = whole

	o.items = append(o.items, item{name: "third", full: "throughput --duration 1h"})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := o.run(ctx, cli.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}); err == nil || !strings.Contains(err.Error(), "interrupted in third") {
		t.Error(err)
	}
	has("first.html", "first.json", "first.txt", "second.html", "second.json", "second.txt")
}

// A closed pipe loses what is printed, and not what was measured.
func TestBenchAllKeepsWhatCannotBePrinted(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	o := &all{out: t.TempDir(), net: coordinator.NetLoopback, items: []item{{name: "one", full: "throughput --duration 20ms"}}}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer writer.Close()
	var errs bytes.Buffer
	if _, err := o.run(t.Context(), cli.Streams{Out: writer, Err: &errs}); err == nil {
		t.Error("nobody noticed that nothing can be printed")
	}
	if _, err := os.Stat(o.file("one", "json")); err != nil {
		t.Errorf("%v: %s", err, &errs)
	}
}
