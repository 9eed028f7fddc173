package bench

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"crier/cmd/crier/bench/coordinator"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
)

// allText is the list of docs/BENCHMARKS.md; its head says how it is written.
//
//go:embed all.txt
var allText string

// all are the flags of "crier bench all", and the list that it runs.
type all struct {
	text  string
	out   string
	net   string
	quick bool
	list  bool
}

// item is a benchmark of the list.
type item struct {
	name string
	opts coordinator.Options
}

// allCommand runs all benchmarks.
func allCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench all",
		Brief: "run the whole list of docs/BENCHMARKS.md, and keep the results",
		Help: `Runs the list that docs/BENCHMARKS.md is made of, one after the other. Of each, --out
gets NAME.json with the cells, NAME.html with pictures, and NAME.txt with the table.
What has its NAME.json already is left out: after an interrupt, or where one has
failed, the same command goes on with what is missing. What one that was interrupted had
measured is in NAME.partial.json and so on, until it has been measured in full.
Run it on a machine that does nothing else. It takes about an hour and 25 minutes, and
with --quick about 27 minutes.

Examples:

  # all of it, between network namespaces (root)
  crier bench all --out results

  # in shorter runs, and fewer
  crier bench all --out quick --quick

  # what that would run
  crier bench all --out quick --quick --list

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &all{text: allText}
			flags.StringVar(&o.out, "out", "",
				"the `DIRECTORY` of the results, which is made; the spill's disk as well")
			flags.StringVar(&o.net, "net", coordinator.NetNamespaces, "netns: network namespaces "+
				"that are made for this (root), or lo, without what needs the other")
			cli.Offer(flags, "net",
				cli.Words(coordinator.NetNamespaces, coordinator.NetLoopback))
			cli.Offer(flags, "out", cli.Directories())
			flags.BoolVar(&o.quick, "quick", false, "shorter runs, and fewer")
			flags.BoolVar(&o.list, "list", false, "print the commands, and run none")
			return o.run
		},
	}
}

func (o *all) run(ctx context.Context, std cli.Streams) (int, error) {
	root := runtime.GOOS == "linux" && os.Geteuid() == 0
	switch {
	case o.out == "":
		return 0, cli.Usagef("--out is missing: name a directory for the results")
	case o.net != coordinator.NetNamespaces && o.net != coordinator.NetLoopback:
		return 0, cli.Usagef("--net %q is not known: use netns or lo", o.net)
	case o.net == coordinator.NetNamespaces && !o.list && !root:
		return 0, cli.Usagef("--net netns makes network namespaces, which needs root on Linux: " +
			"run it with sudo, or with --net lo")
	}
	list, err := o.items()
	if err != nil {
		return 0, err
	}
	if o.list {
		for _, it := range list {
			fmt.Fprintf(std.Out, "%s --json=%s --html %s > %s\n",
				it.opts.Command, it.opts.JSON, it.opts.HTML, o.file(it.name, "txt"))
		}
		return cli.ExitOK, nil
	}
	if err := os.MkdirAll(o.out, 0o777); err != nil {
		return 0, cli.Usagef("--out %s can't be made (%w): name a directory that can", o.out, err)
	}
	console := cli.NewConsole(std.Err)
	var failed []string
	for i, it := range list {
		if info, err := os.Stat(it.opts.JSON); err == nil && info.Size() > 0 {
			fmt.Fprintf(std.Err, "%s: it is there already; remove %s to measure it again\n",
				it.name, it.opts.JSON)
			continue
		}
		fmt.Fprintf(std.Err, "%s (%d of %d): %s\n", it.name, i+1, len(list), it.opts.Command)
		err := o.one(ctx, it, std.Out, func(line string) {
			if line != "" {
				line = fmt.Sprintf("%s, %d of %d: %s", it.name, i+1, len(list), line)
			}
			console.Show(line)
		})
		if ctx.Err() != nil {
			kept := ""
			if errors.As(err, new(*coordinator.InterruptedError)) {
				kept = "; what it had measured is in " + o.file(it.name, "partial.*")
			}
			return 0, fmt.Errorf("interrupted in %s: run the same again to go on with it%s",
				it.name, kept)
		}
		if err != nil {
			failed = append(failed, it.name)
			fmt.Fprintf(std.Err, "%s failed: %v\n", it.name, err)
		}
	}
	if len(failed) > 0 {
		return 0, fmt.Errorf("%d of %d failed (%s): run the same again to try them once more",
			len(failed), len(list), strings.Join(failed, ", "))
	}
	return cli.ExitOK, nil
}

// items reads the list, and checks all of it before any of it is run.
func (o *all) items() ([]item, error) {
	var list []item
	for line := range strings.Lines(o.text) {
		name, rest, ok := strings.Cut(line, ":")
		if !ok || line[0] == '#' {
			continue
		}
		command, quick, _ := strings.Cut(rest, "|")
		if o.quick {
			command += quick
		}
		if o.net != coordinator.NetNamespaces && strings.Contains(command, "--real-frames") {
			continue // there are none
		}
		words := strings.Fields(strings.ReplaceAll(command, "DIR", o.out) + " --net " + o.net)
		opts, err := parse(words)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		opts.JSON, opts.HTML = o.file(name, "json"), o.file(name, "html")
		list = append(list, item{name, opts})
	}
	return list, nil
}

// parse returns the options of a benchmark's command line.
func parse(words []string) (coordinator.Options, error) {
	c := cli.Command{Name: "bench " + words[0]}
	flags := c.Flags()
	o := declare(words[0], flags)
	if err := flags.Parse(words[1:]); err != nil {
		return coordinator.Options{}, err
	}
	opts, err := o.options()
	if err != nil {
		return opts, err
	}
	opts.Command = "crier bench " + strings.Join(words, " ")
	return opts, netflags.ConfigError(flags, opts.Validate())
}

func (o *all) file(name, kind string) string { return filepath.Join(o.out, name+"."+kind) }

// kinds are the files of an item.
var kinds = []string{"json", "html", "txt"}

// one runs an item. The JSON file stays empty until the benchmark has ended; where that is
// interrupted, its files have the word partial in their names.
func (o *all) one(ctx context.Context, it item, out io.Writer, show func(string)) error {
	var table bytes.Buffer
	ended := coordinator.Run(ctx, it.opts, &table, show)
	partial := errors.As(ended, new(*coordinator.InterruptedError))
	if ended != nil && !partial {
		return errors.Join(ended, os.RemoveAll(it.opts.JSON), os.RemoveAll(it.opts.HTML))
	}
	text := slices.Concat([]byte(it.opts.Command+"\n\n"), table.Bytes(), []byte("\n"))
	if err := os.WriteFile(o.file(it.name, "txt"), text, 0o666); err != nil {
		return err
	}
	for _, kind := range kinds {
		part := o.file(it.name, "partial."+kind)
		err := os.RemoveAll(part)
		if partial {
			err = os.Rename(o.file(it.name, kind), part)
		}
		if err != nil {
			return err
		}
	}
	if _, err := out.Write(text); err != nil {
		return err
	}
	return ended
}
