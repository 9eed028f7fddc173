package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"crier/cmd/crier/bench/coordinator"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
)

// item is one of the benchmarks that "crier bench all" runs. DIR in its words is
// the directory of the results.
type item struct {
	name  string
	about string
	full  string
	quick string // in place of full with --quick
}

// list is what docs/BENCHMARKS.md is made of, in the order in which it is run:
// limits before those that are printed as a share of them, and the longest last.
var list = []item{
	{"limits", "what the kernel does alone",
		"limits --subscribers 1,3,8 --runs 3",
		"limits --subscribers 1,3,8 --runs 3 --duration 1s"},
	{"limits-real", "the same, cut into frames in software",
		"limits --subscribers 1,3,8 --runs 3 --real-frames",
		"limits --subscribers 1,3,8 --runs 3 --real-frames --wait block --duration 1s"},
	{"limits-gro", "the same, merged again where it is received",
		"limits --subscribers 1,3,8 --runs 3 --real-frames --gro",
		"limits --subscribers 1,3,8 --runs 3 --real-frames --gro --wait block --duration 1s"},
	{"throughput", "throughput as it is",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 5 --limits=DIR/limits.json",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 3 --limits=DIR/limits.json --duration 1s"},
	{"throughput-real", "with real frames",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 5 --limits=DIR/limits-real.json --real-frames",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 3 --limits=DIR/limits-real.json --real-frames --duration 1s"},
	{"throughput-gro", "with real frames that are merged again where they are received",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 5 --limits=DIR/limits-gro.json --real-frames --gro",
		"throughput --size 64,256,1KiB --subscribers 1,3,8 --runs 3 --limits=DIR/limits-gro.json --real-frames --gro --duration 1s"},
	{"throughput-plain", "without offload",
		"throughput --size 64,256,1KiB --subscribers 1,3 --runs 3 --limits=DIR/limits.json --offload off",
		"throughput --size 64,256,1KiB --subscribers 1,3 --runs 3 --limits=DIR/limits.json --offload off --duration 1s"},
	{"latency", "latency beside the bare exchange, blocking: five pairs",
		"latency --rate 10000,50000 --subscribers 1,3 --runs 5",
		"latency --rate 10000,50000 --subscribers 1,3 --runs 5 --duration 2s"},
	{"latency-spin", "the same, spinning, and at rates for which bare sockets are too slow",
		"latency --rate 10000,50000,200000,1000000 --wait spin --runs 5",
		"latency --rate 10000,50000,200000,1000000 --wait spin --runs 5 --duration 1s"},
	{"latency-both", "the same, and publishers spin as well",
		"latency --rate 10000,200000 --wait spin-both --runs 3",
		"latency --rate 10000,200000 --wait spin-both --runs 3 --duration 1s"},
	{"latency-real", "latency with real frames, which that with loss is held against",
		"latency --rate 10000 --subscribers 1,3 --runs 5 --real-frames",
		"latency --rate 10000 --subscribers 1,3 --runs 5 --real-frames --duration 1s"},
	{"loss-throughput", "one per cent of the datagrams lost: throughput",
		"throughput --size 64,1KiB --subscribers 1,3 --runs 5 --real-frames --drop 0.01",
		"throughput --size 64,1KiB --subscribers 1,3 --runs 3 --real-frames --drop 0.01 --duration 1s"},
	{"loss-latency", "one per cent lost: latency",
		"latency --rate 10000 --subscribers 1,3 --runs 5 --real-frames --drop 0.01",
		"latency --rate 10000 --subscribers 1,3 --runs 5 --real-frames --drop 0.01 --duration 2s"},
	{"recovery", "one per cent lost: from the loss to the delivery",
		"recovery --rate 1000,10000 --subscribers 1,3 --runs 5 --real-frames",
		"recovery --rate 1000,10000 --subscribers 1,3 --runs 3 --real-frames --duration 1s"},
	{"overload", "healthy subscribers beside one that crawls: nine runs in turn",
		"overload",
		"overload"},
	{"spill", "a backlog of 1 GiB by way of the disk",
		"spill --buffer-dir DIR --runs 5",
		"spill --buffer-dir DIR --runs 3 --duration 3s"},
	{"sizes", "as messages grow",
		"throughput --size 16,64,1KiB,16KiB,256KiB,1MiB,16MiB --runs 3",
		"throughput --size 16,64,1KiB,16KiB,256KiB,1MiB,16MiB --runs 3 --duration 1s"},
	{"subscribers", "as subscribers grow",
		"throughput --subscribers 1,2,4,8,16,32 --runs 3",
		"throughput --subscribers 1,2,4,8,16,32 --runs 3 --duration 1s"},
	{"publishers", "as publishers grow",
		"throughput --publishers 1,2,4,8 --runs 3",
		"throughput --publishers 1,2,4,8 --runs 3 --duration 1s"},
	{"fanout", "beside TCP to each subscriber",
		"fanout --subscribers 1,2,4,8,16 --runs 3",
		"fanout --subscribers 1,2,4,8,16 --runs 3 --duration 1s"},
	{"fanout-one", "the same, message by message",
		"fanout --subscribers 1,2,4,8,16 --rate 5000 --runs 3",
		"fanout --subscribers 1,2,4,8,16 --rate 5000 --runs 3 --duration 1s"},
	{"steady", "allocations a message, and how much memory grows",
		"throughput --duration 10m",
		"throughput --duration 5m"},
}

// all are the flags of "crier bench all", and what it runs.
type all struct {
	items []item
	out   string
	net   string
	quick bool
	list  bool
}

const allHelp = `Runs the list that docs/BENCHMARKS.md is made of, one after the other. Of each, --out
gets NAME.json with the cells, NAME.html with pictures, and NAME.txt with the table.
What has its NAME.json already is left out: after an interrupt, or where one has
failed, the same command goes on with what is missing. Run it on a machine that does
nothing else. It takes about an hour and 25 minutes, and with --quick about 27 minutes.

Examples:

  # all of it, between network namespaces (root)
  crier bench all --out results

  # in shorter runs, and fewer
  crier bench all --out quick --quick

  # what that would run
  crier bench all --out quick --quick --list

`

// allCommand runs all benchmarks.
func allCommand() *cli.Command {
	return &cli.Command{
		Name: "bench all", Brief: "run the whole list of docs/BENCHMARKS.md, and keep what comes of it", Help: allHelp,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &all{items: list}
			flags.StringVar(&o.out, "out", "", "the `DIRECTORY` of the results, which is made; the spill's disk as well")
			flags.StringVar(&o.net, "net", coordinator.NetNamespaces, "netns: network namespaces that are made for this (root), or lo, without what needs the other")
			flags.BoolVar(&o.quick, "quick", false, "shorter runs, and fewer")
			flags.BoolVar(&o.list, "list", false, "print the commands, and run none")
			return o.run
		},
	}
}

// prepared is an item that is to be run.
type prepared struct {
	name, command string
	opts          coordinator.Options
}

// prepare checks all items before the first of them is run.
func (o *all) prepare() ([]prepared, error) {
	var list []prepared
	for _, item := range o.items {
		text := item.full
		if o.quick {
			text = item.quick
		}
		if o.net != coordinator.NetNamespaces && strings.Contains(text, "--real-frames") {
			continue // there are none
		}
		words := strings.Fields(text + " --net " + o.net)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "DIR", o.out)
		}
		c := cli.Command{Name: "bench " + words[0]}
		flags := c.Flags(io.Discard)
		kind := declare(words[0], flags)
		if err := flags.Parse(words[1:]); err != nil {
			return nil, fmt.Errorf("%s: %w", item.name, err)
		}
		opts, err := kind.options()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", item.name, err)
		}
		opts.JSON, opts.HTML = o.file(item.name, "json.part"), o.file(item.name, "html")
		opts.Command = "crier bench " + strings.Join(words, " ")
		if err := opts.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", item.name, err)
		}
		list = append(list, prepared{item.name, opts.Command, opts})
	}
	return list, nil
}

func (o *all) file(name, kind string) string { return filepath.Join(o.out, name+"."+kind) }

func (o *all) run(ctx context.Context, std cli.Streams) (int, error) {
	switch {
	case o.out == "":
		return 0, cli.Usagef("--out is missing: name a directory for the results")
	case o.net != coordinator.NetNamespaces && o.net != coordinator.NetLoopback:
		return 0, cli.Usagef("--net %q is not known: use netns or lo", o.net)
	case o.net == coordinator.NetNamespaces && !o.list && (runtime.GOOS != "linux" || os.Geteuid() != 0):
		return 0, cli.Usagef("--net netns makes network namespaces, which needs root on Linux: run it with sudo, or with --net lo")
	}
	list, err := o.prepare()
	if err != nil {
		return 0, netflags.ConfigError(err)
	}
	if o.list {
		for _, item := range list {
			fmt.Fprintf(std.Out, "%s --json=%s --html %s > %s\n", item.command, o.file(item.name, "json"), item.opts.HTML, o.file(item.name, "txt"))
		}
		return cli.ExitOK, nil
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return 0, cli.Usagef("--out %s can't be made (%w): name a directory that can", o.out, err)
	}
	for _, item := range list {
		if err := o.ofAnother(item); err != nil {
			return 0, err
		}
	}
	var failed []string
	for i, item := range list {
		if _, err := os.Stat(o.file(item.name, "json")); err == nil {
			fmt.Fprintf(std.Err, "%s: it is there already; remove %s to measure it again\n", item.name, o.file(item.name, "json"))
			continue
		}
		fmt.Fprintf(std.Err, "%s (%d of %d): %s\n", item.name, i+1, len(list), item.command)
		err := o.one(ctx, item, std)
		if ctx.Err() != nil {
			return 0, fmt.Errorf("interrupted in %s: run the same again to go on with it", item.name)
		}
		if err != nil {
			failed = append(failed, item.name)
			fmt.Fprintf(std.Err, "%s failed: %v\n", item.name, err)
		}
	}
	if len(failed) > 0 {
		return 0, fmt.Errorf("%d of %d failed (%s): run the same again to try them once more", len(failed), len(list), strings.Join(failed, ", "))
	}
	return cli.ExitOK, nil
}

// ofAnother is an error where the directory has an item that another command made, such as
// a quick one.
func (o *all) ofAnother(item prepared) error {
	if _, err := os.Stat(o.file(item.name, "json")); err != nil {
		return nil
	}
	table, err := os.ReadFile(o.file(item.name, "txt"))
	if command, _, _ := strings.Cut(string(table), "\n"); err == nil && command != item.command {
		return cli.Usagef("--out %s has %s of another list (%q): name another directory, or remove that", o.out, item.name, command)
	}
	return nil
}

// one runs one item. Its JSON gets its name when all else is written: whoever finds
// it finds a benchmark that was run to its end.
func (o *all) one(ctx context.Context, item prepared, std cli.Streams) error {
	console := cli.NewConsole(std.Err)
	show := func(line string) {
		if console.Live() {
			console.Show(line)
		}
	}
	var table bytes.Buffer
	err := coordinator.Run(ctx, item.opts, &table, show)
	if err == nil {
		err = os.WriteFile(o.file(item.name, "txt"), slices.Concat([]byte(item.command+"\n\n"), table.Bytes()), 0o666)
	}
	if err != nil {
		for _, part := range []string{item.opts.JSON, item.opts.HTML} {
			if gone := os.Remove(part); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, gone)
			}
		}
		return err
	}
	if err := os.Rename(item.opts.JSON, o.file(item.name, "json")); err != nil {
		return err
	}
	// Last: whoever doesn't read on, as head does, takes nothing from what was measured.
	_, err = fmt.Fprintf(std.Out, "%s\n\n%s\n", item.command, table.Bytes())
	return err
}
