package bench

import (
	"bytes"
	"context"
	"errors"
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
			list, err := (&all{text: allText, out: "results", net: net, quick: quick}).items()
			if err != nil {
				t.Fatalf("--net %s, quick %v: %v", net, quick, err)
			}
			names := map[string]bool{}
			for _, it := range list {
				if names[it.name] || strings.Contains(it.opts.Command, "DIR") {
					t.Errorf("%s: %s", it.name, it.opts.Command)
				}
				names[it.name] = true
			}
			if len(list) < 12 || net == coordinator.NetNamespaces && len(list) != 25 {
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
	const missing, first = " --limits=DIR/limits.json",
		"first: throughput --duration 20ms --subscribers 2\n"
	o := &all{out: filepath.Join(dir, "new", "results"), net: coordinator.NetLoopback}
	// what it names isn't there yet
	o.text = "second: throughput --duration 20ms" + missing + "\n" + first
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
	if err == nil || !strings.Contains(err.Error(), "1 of 2 failed (second)") ||
		!strings.Contains(errs, "second failed: --limits") {
		t.Errorf("%v: %s", err, errs)
	}
	if strings.Count(out, "crier bench throughput") != 1 || !strings.Contains(out, "messages/s") {
		t.Error(out)
	}
	has("first.html", "first.json", "first.txt")

	o.text = strings.Replace(o.text, missing, "", 1)
	out, errs, err = run()
	if err != nil || !strings.Contains(errs, "first: it is there already") ||
		strings.Contains(out, "--subscribers 2") {
		t.Errorf("%v: %s\n%s", err, errs, out)
	}
	has("first.html", "first.json", "first.txt", "second.html", "second.json", "second.txt")
	page, err := os.ReadFile(filepath.Join(o.out, "second.html"))
	if err != nil ||
		!strings.Contains(string(page), "crier bench throughput --duration 20ms --net lo") {
		t.Errorf("the page doesn't say what made it: %v", err)
	}

	o.text += "third: throughput --duration 1h\n"
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := o.run(ctx, cli.Streams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}); err == nil ||
		!strings.Contains(err.Error(), "interrupted in third") {
		t.Error(err)
	}
	has("first.html", "first.json", "first.txt", "second.html", "second.json", "second.txt")
}

// A closed pipe loses what is printed, and not what was measured.
func TestBenchAllKeepsWhatCannotBePrinted(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	o := &all{out: t.TempDir(), net: coordinator.NetLoopback,
		text: "one: throughput --duration 20ms\n"}
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

// What an interrupted benchmark has measured is kept apart, until it is measured in full.
func TestBenchAllKeepsAPart(t *testing.T) {
	t.Parallel()
	clitest.Group(t)
	o := &all{out: t.TempDir(), net: coordinator.NetLoopback,
		text: "one: throughput --duration 20ms --size 64,128 --runs 2\n"}
	list, err := o.items()
	if err != nil {
		t.Fatal(err)
	}
	files := func() string {
		var names []string
		entries, err := os.ReadDir(o.out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	err = o.one(ctx, list[0], &out, func(line string) {
		if strings.HasPrefix(line, "run 4 of 4") {
			cancel()
		}
	})
	if !errors.As(err, new(*coordinator.InterruptedError)) ||
		!strings.Contains(out.String(), "PARTIAL: interrupted after 3 of 4 runs") {
		t.Errorf("%v\n%s", err, &out)
	}
	if got := files(); got != "one.partial.html one.partial.json one.partial.txt" {
		t.Error(got)
	}
	if err := o.one(t.Context(), list[0], &out, func(string) {}); err != nil {
		t.Error(err)
	}
	if got := files(); got != "one.html one.json one.txt" {
		t.Error(got)
	}
}
