package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
)

// quick makes a benchmark one that takes no time.
var quick = []string{"--duration", "50ms"}

// runBenchExample runs an example of the help, but not for as long as it would.
func runBenchExample(t *testing.T, args []string) {
	if testing.Short() && !slices.Contains([]string{"throughput", "recovery"}, args[1]) {
		t.Skip("many processes, in -short")
	}
	if runtime.GOOS != "linux" && (args[1] == "limits" || slices.Contains(args, "--limits")) {
		t.Skip("bare sockets are measured on Linux only")
	}
	testGroup(t)          // or skip
	if args[1] == "all" { // what it runs is tried by the examples of the others
		lines := strings.Count(start(t, nil,
			append(args, "--list")...).wait(cli.ExitOK).out.String(), "\n")
		if lines < 12 {
			t.Errorf("it would run %d commands", lines)
		}
		return
	}
	if args[1] == "serve" {
		args = append(args, "--port", "0") // what another test run holds is no matter
		c := start(t, nil, args...)
		c.await(c.err, "answering at", 1)
		c.stop()
		c.wait(cli.ExitOK)
		return
	}
	switch args[1] {
	case "overload", "keys", "feeds":
		args = append(args, "--runs", "1") // they are nine otherwise
	case "teams":
		args = append(args, "--runs", "1", "--broker", "off")
	case "partitions":
		args = append(args, "--runs", "1", "--idle", "0s")
	}
	if args[1] == "spill" && !slices.Contains(args, "--backlog") {
		args = append(args, "--backlog", "16MiB", "--resend-buffer", "8MiB")
	}
	dir := t.TempDir()
	var into string
	for i := 0; i < len(args); i++ {
		word := args[i]
		switch {
		case word == ">":
			into = filepath.Join(dir, args[i+1])
			args = slices.Delete(args, i, i+2)
			i--
		case word == "/var/tmp":
			args[i] = dir
		case word == "--runs":
			args[i+1] = "1"
		case word == "before.json", word == "recovery.html":
			args[i] = filepath.Join(dir, word)
		case word == "--limits=limits.json":
			args[i] = "--limits=" + filepath.Join(dir, "limits.json")
		}
	}
	if slices.Contains(args, "--compare") {
		earlier := start(t, nil, append([]string{"bench", "throughput", "--json"},
			quick...)...).wait(cli.ExitOK)
		if err := os.WriteFile(filepath.Join(dir, "before.json"), earlier.out.bytes(),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	if slices.ContainsFunc(args, func(s string) bool { return strings.HasPrefix(s, "--limits=") }) {
		earlier := start(t, nil,
			append([]string{"bench", "limits", "--json", "--subscribers", "3", "--wait", "block"},
				quick...)...).wait(cli.ExitOK)
		if err := os.WriteFile(filepath.Join(dir, "limits.json"), earlier.out.bytes(),
			0o600); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Contains(args, "netns") && os.Geteuid() != 0 {
		c := start(t, nil, append(args, quick...)...).wait(cli.ExitError)
		if !strings.Contains(c.err.String(), "needs root") {
			t.Error(c.err)
		}
		return
	}
	c := start(t, nil, append(args, quick...)...).wait(cli.ExitOK)
	switch {
	case into != "" || slices.Contains(args, "--json"):
		for line := range strings.Lines(c.out.String()) {
			var cell report.Cell
			if err := json.Unmarshal([]byte(line), &cell); err != nil ||
				cell.Benchmark != args[1] || cell.Missing != 0 {
				t.Errorf("%v: %s", err, line)
			}
		}
	case !strings.Contains(c.out.String(), "missing"):
		t.Errorf("it printed no table: %s", tail(c.out))
	}
	if i := slices.Index(args, "--html"); i > 0 {
		if page, err := os.ReadFile(args[i+1]); err != nil ||
			!strings.Contains(string(page), "<svg") {
			t.Errorf("the page has no picture: %v", err)
		}
	}
}

// A short run of real processes gives all that a reader of its JSON needs.
func TestBenchThroughput(t *testing.T) {
	t.Parallel()
	testGroup(t)
	args := append([]string{"bench", "throughput", "--subscribers", "2", "--runs", "2", "--drop",
		"0.02"}, quick...)
	file := filepath.Join(t.TempDir(), "cells.json")
	if table := start(t, nil, append(args, "--json="+file)...).wait(
		cli.ExitOK).out.String(); !strings.Contains(table, "2 runs each") {
		t.Error(table)
	}
	if data, err := os.ReadFile(file); err != nil || !json.Valid(data) {
		t.Errorf("%s, %v", data, err)
	}
	c := start(t, nil, append(args, "--json")...).wait(cli.ExitOK)
	var cell map[string]any
	if err := json.Unmarshal(c.out.bytes(), &cell); err != nil {
		t.Fatal(err, tail(c.out))
	}
	for _, name := range []string{"messages_per_second", "cpu_ns_per_message", "messages"} {
		if n, ok := cell[name].(float64); !ok || n <= 0 {
			t.Errorf("%s is %v", name, cell[name])
		}
	}
	if cell["missing"] != 0.0 || cell["disorder"] != 0.0 {
		t.Errorf("%v missing, %v out of order", cell["missing"], cell["disorder"])
	}
	latency, _ := cell["latency_ns"].(map[string]any)
	for _, name := range []string{"p50", "p90", "p99", "p999", "max"} {
		if n, ok := latency[name].(float64); !ok || n <= 0 {
			t.Errorf("latency_ns.%s is %v", name, latency[name])
		}
	}
	if runs, _ := cell["runs"].([]any); len(runs) != 2 {
		t.Errorf("%d runs", len(runs))
	}
	if env, _ := cell["environment"].(map[string]any); env["go"] != runtime.Version() ||
		env["read_buffer_bytes"] == 0.0 {
		t.Errorf("environment: %v", cell["environment"])
	}
}

// Namespaces are made, used and gone.
func TestBenchNamespaces(t *testing.T) {
	if os.Geteuid() != 0 || runtime.GOOS != "linux" {
		t.Skip("making network namespaces needs root, on Linux")
	}
	t.Parallel()
	c := start(t, nil,
		append([]string{"bench", "throughput", "--net", "netns", "--real-frames", "--gro",
			"--json"}, quick...)...)
	<-c.ended
	if c.exit != cli.ExitOK && strings.Contains(c.err.String(), "operation not permitted") {
		t.Skip("this root may not make network namespaces:", c.err)
	}
	c.wait(cli.ExitOK)
	var cell report.Cell
	if err := json.Unmarshal(c.out.bytes(), &cell); err != nil {
		t.Fatal(err)
	}
	if cell.Missing != 0 || cell.Messages == 0 || cell.Environment.MTU != 1500 ||
		!cell.RealFrames || !cell.GRO {
		t.Errorf("%+v, %+v", cell, cell.Environment)
	}
}

// An interrupt ends the processes, and the command says that it was interrupted.
func TestBenchInterrupted(t *testing.T) {
	t.Parallel()
	testGroup(t)
	c := start(t, nil, "bench", "throughput", "--duration", "1h")
	c.stop()
	c.wait(cli.ExitError)
	if !strings.Contains(c.err.String(), "interrupted") ||
		strings.Count(c.err.String(), "\n") != 1 {
		t.Error(c.err)
	}
}

// Round trips to another machine, which is this one here.
func TestBenchRemote(t *testing.T) {
	t.Parallel()
	testGroup(t)
	serve := start(t, nil, "bench", "serve", "--iface", "lo", "--port", "0")
	serve.await(serve.err, "answering at", 1)
	_, at, _ := strings.Cut(serve.err.String(), "answering at ")
	at, _, _ = strings.Cut(at, ",")
	for range 2 { // one after the other
		c := start(t, nil,
			append([]string{"bench", "latency", "--json", "--iface", "lo", "--remote", at},
				quick...)...).wait(cli.ExitOK)
		cells := 0
		for line := range strings.Lines(c.out.String()) {
			var cell report.Cell
			if err := json.Unmarshal([]byte(line), &cell); err != nil || cell.Trip == nil ||
				cell.Trip.P50 <= 0 || cell.Way != "round trip" {
				t.Errorf("%v: %s", err, line)
			}
			cells++
		}
		if cells == 0 {
			t.Error("no cell was measured")
		}
	}
	// It answers, and does nothing else.
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, `{"Step":"task","Task":{"Role":"subscriber","Progress":"/etc/passwd"}}`)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "only answers round trips") {
		t.Errorf("%q, %v", answer, err)
	}
	serve.stop()
	serve.wait(cli.ExitOK)
}

// Wrong words get one clear sentence each, before anything is started.
func TestBenchUsage(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.json")
	other := filepath.Join(t.TempDir(), "other.json")
	if err := os.WriteFile(other, []byte(`{"a": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		want string
	}{
		{"speed", `there is no command "speed"; there are throughput, latency`},
		{"throughput --size 17MiB", "--size 17825792 is too large: give 16777216 at most"},
		{"throughput --size many", `--size "many" is not a size`},
		{"throughput --subscribers 0", "--subscribers 0 is outside 1 to 64"},
		{"throughput --publishers 65", "--publishers 65 is outside 1 to 64"},
		{"throughput --duration 1ms", "--duration 1ms is outside"},
		{"throughput --runs 0", "--runs 0 is outside"},
		{"throughput --drop 1", "--drop 1 is not a share"},
		{"throughput --offload maybe", `--offload "maybe" is not known: use on or off`},
		{"throughput --net moon", `--net "moon" is not known: use lo or netns`},
		{"throughput --net netns --gro", "--gro merges frames that --real-frames cut: add that"},
		{"throughput --real-frames", "--real-frames changes the interfaces that --net netns makes"},
		{"throughput --mtu 9000", "--mtu is for the interfaces that --net netns makes"},
		{"throughput --iface none0", "--iface none0 does not exist"},
		{"throughput --net netns --iface lo", "leave out --iface"},
		{"throughput --in-flight 1kB", "--in-flight 1000 is outside"},
		{"throughput --compare " + missing,
			"can't be read (no such file or directory): " +
				"name what an earlier run wrote with --json"},
		{"throughput --compare " + other, "is not what crier bench --json wrote"},
		{"throughput --html /nowhere/page.html", "--html /nowhere/page.html can't be written"},
		{"throughput --json=/nowhere/cells.json", "--json /nowhere/cells.json can't be written"},
		{"latency --size 8", "--size 8 is too small for latency"},
		{"latency --rate 0", "--rate 0 is not a rate"},
		{"latency --rate fast", "fast"},
		{"latency --wait patiently",
			`--wait "patiently" is not known: use block, adaptive, spin or spin-both`},
		{"latency --remote host --drop 0.1", "--remote measures round trips"},
		{"latency --iface lo --remote 127.0.0.1:x", "--remote 127.0.0.1:x"},
		{"serve", "--iface is missing"},
		{"serve --iface lo --port 70000", "--port 70000 is outside"},
		{"overload --overload ignore", `--overload "ignore"`},
		{"overload --overload=", "--overload is empty"},
		{"overload --work 0", "--work 0s is outside"},
		{"overload --buffer 1KiB", "--buffer 1024 is outside"},
		{"overload --resend-buffer 1MiB", "--resend-buffer 1048576 is outside"},
		{"spill", "--disk-dir is missing: name a directory"},
		{"spill --disk-dir /nowhere",
			"--disk-dir /nowhere can't be used (no such file or directory)"},
		{"spill --disk-dir / --backlog 1TiB", "and this takes up to 2"},
		{"spill --disk-dir / --size 64", "--size 64 is too small for a spill"},
		{"spill --disk-dir / --backlog 1KiB", "--backlog 1024 is outside"},
		{"spill --disk-dir / --patience 0", "--patience 0s is outside"},
		{"recovery --drop 0", "--drop 0 leaves nothing to recover"},
		{"limits --size 1473", "--size 1473 doesn't fit a datagram on an MTU of 1500"},
		{"throughput --limits=" + other, "is not what crier bench --json wrote"},
	} {
		got := start(t, nil, append([]string{"bench"}, strings.Fields(c.args)...)...).wait(
			cli.ExitUsage)
		if text := got.err.String(); !strings.Contains(text, c.want) ||
			strings.Count(text, "\n") != 1 || got.out.String() != "" {
			t.Errorf("crier bench %s: %q, want %q", c.args, text, c.want)
		}
	}
}
