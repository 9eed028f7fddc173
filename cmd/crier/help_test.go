package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/commands"
)

// long is for .ci/run, which has the time.
var long = flag.Bool("documents.long", false,
	"read all documents, with the commands that they mark as long, else the first two; "+
		"and run the examples of benchmarks and simulations in the help")

// examples are the command lines under a page's "Examples:", without comments behind them.
func examples(page string) []string {
	_, rest, _ := strings.Cut(page, "\nExamples:\n")
	var list []string
	for line := range strings.Lines(strings.ReplaceAll(rest, " \\\n   ", "")) {
		line, _, _ := strings.Cut(line, "  # ")
		switch text := strings.TrimSpace(line); {
		case text == "" || strings.HasPrefix(text, "#"):
		case !strings.HasPrefix(line, "  "):
			return list
		default:
			list = append(list, text)
		}
	}
	return list
}

// Each example of the help does what it says. Only its group is changed, so that
// nothing else hears it, and eth0, which a machine may not have.
func TestHelpExamples(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many examples beside each other, of which some end after a second, in -short")
	}
	dir := t.TempDir()
	content := pcapOf(packet{0, "239.1.1.1:5000", iextp(1, "one", "two")},
		packet{time.Second, "239.1.1.1:5000", iextp(3, "three")})
	if err := os.WriteFile(filepath.Join(dir, "feed.pcap"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	frames := clitest.ScenarioFile(t, clitest.SmallScenario)
	start(t, nil, "sim", "run", frames, "--pcap", filepath.Join(dir, "frames.pcap")).
		wait(cli.ExitOK)
	pages := map[string]string{"crier": commands.Tool().Overview(80)}
	for _, c := range allCommands() {
		pages[c.Name] = c.Page(80)
	}
	for name, page := range pages {
		list := examples(page)
		if len(list) < 2 {
			t.Errorf("the page of %s has %d examples", name, len(list))
		}
		for _, line := range list {
			t.Run(line, func(t *testing.T) {
				if !*long && needsTime(line) {
					t.Skip("only with -documents.long, as .ci/run has it: what it runs has tests")
				}
				if needsHost(line) {
					t.Skip("TestHelpExamplesOfTwoHosts runs it, with -documents.long")
				}
				t.Parallel()
				runExample(t, dir, line)
			})
		}
	}
}

// needsTime reports whether an example computes for long.
func needsTime(line string) bool {
	return strings.HasPrefix(line, "crier bench") || strings.HasPrefix(line, "crier sim run") ||
		strings.HasPrefix(line, "crier sim sweep")
}

// needsHost reports whether an example needs another host at its other end.
func needsHost(line string) bool {
	return strings.Contains(line, " --to ") || strings.HasPrefix(line, "crier doctor echo")
}

// sequence holds the numbers from 1 to n, a line each, as seq prints them.
func sequence(n int) io.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i+1)
	}
	return strings.NewReader(b.String())
}

// runExample runs a command line, or a pipe of seq into one, together with what
// it needs at the other end.
func runExample(t *testing.T, dir, line string) {
	var stdin io.Reader
	if from, into, ok := strings.Cut(line, " | "); ok {
		n := 0
		if _, err := fmt.Sscanf(from, "seq %d", &n); err != nil {
			t.Fatalf("%q is not known to this test", from)
		}
		stdin, line = sequence(n), into
	}
	line, _, _ = strings.Cut(line, " > ")
	args := strings.Fields(line)
	if args[0] != "crier" {
		t.Fatalf("%q is not known to this test", args[0])
	}
	args = args[1:]
	for i, a := range args {
		switch a {
		case "eth0":
			args[i] = "lo"
		case "feed.pcap", "frames.pcap", "feed.state":
			args[i] = filepath.Join(dir, a)
		case "--record":
			if args[0] == "pub" {
				args[i+1] = t.TempDir()
			}
		}
	}
	switch args[0] {
	case "bench":
		runBenchExample(t, args)
	case "pub":
		group := testGroup(t)
		sub := start(t, nil, on(group, "sub", "--until-end", "--format", "json")...).listening()
		pub := start(t, stdin, append(args, "--group", group[1], "--summary", "-")...).wait(
			cli.ExitOK)
		sub.wait(cli.ExitOK)
		accepted := decodeSummary[pubSummary](t, pub.out.bytes()).Counters.N("accepted")
		if got := sub.out.count(`"message"`); accepted == 0 || uint64(got) != accepted {
			t.Errorf("%d messages accepted, %d came", accepted, got)
		}
	case "sub":
		var groups [][]string
		for i, a := range args {
			if a == "--group" {
				group := testGroup(t)
				groups, args[i+1] = append(groups, group), group[1]
			}
		}
		if len(groups) == 0 {
			groups = append(groups, testGroup(t))
			args = append(args, groups[0][:2]...)
		}
		if slices.Contains(args, "--team") {
			args = append(args, "--until-end") // a member works for as long as it is left to
		}
		sub := start(t, nil, args...).listening()
		pub := []string{"--count", "2000", "--rate", "10000"}
		if at := slices.Index(args, "--topic"); at >= 0 {
			// Without keys, what comes at once may be of one partition.
			pub = []string{"--from", "-", "--rate", "10000",
				"--topic", args[at+1], "--partitions", "8", "--key", `^(\d+)`}
		}
		if slices.Contains(args, "--team") { // whose first grants take half a second
			pub = append(pub, "--rate", "1000", "--pace", "teams")
		}
		var pubs []*tool
		for _, group := range groups {
			pubs = append(pubs, start(t, sequence(2000), on(group, "pub", pub...)...))
		}
		for _, p := range pubs {
			if p.wait(cli.ExitOK); t.Failed() {
				return // its subscriber would wait for ever
			}
		}
		// On a busy machine its time may be over before the end has come.
		if <-sub.ended; sub.exit != cli.ExitOK &&
			!(sub.exit == cli.ExitLost && slices.Contains(args, "--timeout")) {
			t.Errorf("crier %s: exit code %d\n%s", args, sub.exit, tail(sub.err))
		}
		if sub.out.count("\n") < 10 {
			t.Errorf("it printed %q and %q", tail(sub.out), tail(sub.err))
			for _, p := range pubs {
				t.Errorf("crier %s printed %s", p.args, tail(p.err))
			}
		}
	case "record":
		runRecordExample(t, args)
	case "replay", "log":
		runLogExample(t, args)
	case "ls":
		pub := start(t, nil, "pub", "--topic", "quotes.example", "--rate", "100", "--name", t.Name())
		pub.await(pub.err, "publishing session", 1) // and answering, from then on
		for i, a := range args {
			args[i] = strings.Trim(a, "'")
		}
		r := start(t, nil, args...)
		if slices.Contains(args, "--watch") {
			r.await(r.out, "quotes.example", 1)
			r.stop()
		}
		r.wait(cli.ExitOK)
	case "team":
		runTeamExample(t, args)
	default:
		r := start(t, nil, args...).wait(cli.ExitOK)
		if r.out.String() == "" {
			t.Error("it printed nothing")
		}
	}
}

// runTeamExample asks a publisher about a team of one.
func runTeamExample(t *testing.T, args []string) {
	args[1] = t.Name() // the topic, which no other example has
	pub := start(t, nil, "pub", "--topic", args[1], "--rate", "100", "--pace", "teams")
	pub.await(pub.err, "publishing session", 1)
	sub := start(t, nil, "sub", "--topic", args[1], "--team", args[2])
	sub.await(sub.err, "assigned", 1)
	if i := slices.Index(args, "--at"); i >= 0 {
		_, after, _ := strings.Cut(pub.err.String(), "from 127.0.0.1:")
		port, _, _ := strings.Cut(after, ",")
		args[i+1] = "127.0.0.1:" + port
	}
	r := start(t, nil, args...)
	if slices.Contains(args, "--watch") {
		r.await(r.out, "risk", 1)
		r.stop()
	}
	r.wait(cli.ExitOK)
	if r.out.count("risk") == 0 {
		t.Errorf("crier %s printed %s", args, r.out)
	}
	sub.stop()
	pub.stop()
}

// allCommands are all commands, those below others too.
func allCommands() []*cli.Command {
	var list []*cli.Command
	for _, c := range commands.Tool().Commands {
		if !c.Hidden {
			list = append(append(list, c), c.Subs...)
		}
	}
	return list
}

// The pages name each flag, and say what each command is for.
func TestHelp(t *testing.T) {
	all := start(t, nil, "help").wait(cli.ExitOK).out.String()
	for _, c := range commands.Tool().Commands {
		if c.Hidden {
			continue
		}
		unwrapped := strings.Join(strings.Fields(all), " ")
		if !strings.Contains(unwrapped, "crier "+c.Name+" "+c.Brief) {
			t.Errorf("crier help says nothing of %s", c.Name)
		}
	}
	for _, c := range allCommands() {
		words := strings.Fields(c.Name)
		for _, args := range [][]string{append([]string{"help"}, words...),
			append(slices.Clone(words), "--help"), append(slices.Clone(words), "-h")} {
			if got := start(t, nil, args...).wait(cli.ExitOK).out.String(); got != c.Page(80) {
				t.Errorf("crier %s: %s", args, got)
			}
		}
	}
	for _, flag := range []string{"--help", "-h"} {
		if got := start(t, nil, flag).wait(cli.ExitOK).out.String(); got != all {
			t.Errorf("crier %s: %s", flag, got)
		}
	}
	if v := start(t, nil, "version").wait(cli.ExitOK).out.String(); !strings.HasPrefix(v,
		"crier ") || strings.Count(v, "\n") != 1 {
		t.Errorf("version: %q", v)
	}
}

// Pages fit 80 columns, and have the same parts in the same order. What is printed first also
// fits a terminal of 24 lines, below the command.
func TestHelpFits(t *testing.T) {
	overview := commands.Tool().Overview(80)
	if n := strings.Count(overview, "\n"); n > 23 {
		t.Errorf("crier help has %d lines", n)
	}
	fits(t, "crier help", overview)
	commands.Tool().Walk(func(c *cli.Command, flags *cli.FlagSet) {
		page := c.Page(80)
		fits(t, "crier help "+c.Name, page)
		rest := page
		parts := []string{"Usage: crier " + c.Name + " ", "\n\n" + strings.ToUpper(c.Brief[:1])}
		if c.Subs != nil {
			parts = append(parts, "\nCommands, ", "\n  crier "+c.Name+" ")
		}
		parts = append(parts, "\n\nExamples:\n\n  ", "crier "+c.Name)
		if len(cli.Options(flags)) > 0 {
			parts = append(parts, "\n\nFlags:\n  ")
		}
		for _, part := range parts {
			before, after, ok := strings.Cut(rest, part)
			if !ok || strings.HasPrefix(part, "Usage") && before != "" {
				t.Errorf("crier help %s: %q is missing, or out of order:\n%s", c.Name, part, page)
				return
			}
			rest = after
		}
	})
}

// fits reports lines of a page that are too long, and tabs.
func fits(t *testing.T, name, page string) {
	for line := range strings.Lines(page) {
		if utf8.RuneCountInString(line) > 81 || strings.Contains(line, "\t") {
			t.Errorf("%s: %q", name, line)
		}
	}
}

// These flags are what the tool is documented to have.
func TestDocumentedFlags(t *testing.T) {
	for _, c := range allCommands() {
		if c.Subs != nil {
			continue
		}
		want := map[string][]string{
			"pub": {"group", "iface", "from", "format", "split", "speed", "rate", "count", "size",
				"resend-buffer", "batch-wait", "drop", "drop-seed", "summary"},
			"sub": {"group", "iface", "format", "start", "count", "until-end", "timeout", "order",
				"recovery", "drop", "drop-seed", "summary"},
			"demo": {"seed", "net", "json"},

			"wireshark": {"install"},

			"decode": {"format", "json", "hex", "session", "kind", "group", "count", "quiet"},

			"sim sweep": {"vary", "seeds", "csv", "json", "html"},
			"sim run":   {"seed", "json", "pcap", "trace", "explain", "feed", "trace-dir"},

			"bench throughput": {"size", "subscribers", "publishers", "duration", "drop", "offload",
				"runs", "net", "real-frames", "gro", "iface", "limits", "json", "html", "compare"},
			"bench latency": {"rate", "size", "subscribers", "wait", "drop", "remote", "runs",
				"net", "iface", "json", "html", "compare"},
			"bench recovery": {"rate", "size", "subscribers", "wait", "drop", "net", "json",
				"html", "compare"},
			"bench fanout": {"size", "subscribers", "rate", "net", "limits", "json",
				"html", "compare"},
			"bench serve": {"iface", "port"},
			"bench limits": {"rate", "size", "subscribers", "wait", "net", "real-frames",
				"json", "html", "compare"},
		}[c.Name]
		flags := c.Flags()
		if i := slices.IndexFunc(want,
			func(name string) bool { return flags.Lookup(name) == nil }); i >= 0 {
			t.Errorf("crier %s has no flag --%s", c.Name, want[i])
		}
	}
}
