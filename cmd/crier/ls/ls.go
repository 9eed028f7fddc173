// Package ls is "crier ls": it lists the topics that publishers announce, and their publishers.
package ls

import (
	"context"
	"encoding/json"
	"fmt"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/netflags"
	"crier/reliable/topic"
	"crier/subscriber/directory"
)

// Command is "crier ls".
func Command() *cli.Command {
	return &cli.Command{
		Name: "ls", Args: " [PATTERN]",
		Brief: "list the topics that are published on the network",
		Help: `Asks all publishers of topics on an interface, and prints a row for each: its topic,
partitions and groups, its name and address, the messages that it publishes a second, and the
subscribers that it knows. A pattern selects topics by name: * stands for any run of
characters. It takes 1.4 seconds.

Below the table stand conflicts: topics that share a group, and publishers of one topic that
have the same name, or other partitions. What is listed was announced, and isn't proven.
Publishers with --no-announce aren't listed, nor are those without a --topic.

The exit code is 1 if there is no such topic.

Examples:

  # all topics on this machine
  crier ls

  # those on a network whose names begin with quotes.
  crier ls 'quotes.*' --iface eth0

  # go on, with a line for each publisher that begins or ends
  crier ls --watch

  # with the teams that share the messages of each topic
  crier ls --teams

  # for a program
  crier ls --json

`,
		Setup: func(flags *cli.FlagSet) func(context.Context, cli.Streams) (int, error) {
			o := &options{flags: flags}
			netflags.DeclareInterface(flags, &o.iface, "lo",
				"network interface to ask on, by `NAME` or address; lo: only this machine")
			flags.BoolVar(&o.json, "json", false,
				"print one JSON object; with --watch, one for each change")
			flags.BoolVarP(&o.watch, "watch", "w", false,
				"then print what begins and ends, until it is interrupted")
			flags.BoolVar(&o.teams, "teams", false,
				"list the teams that share the messages of each topic, up to 8 of a publisher")
			return o.run
		},
	}
}

// options are the flags.
type options struct {
	flags       *cli.FlagSet
	iface       string
	json, watch bool
	teams       bool
}

// pattern returns the pattern in the arguments: * if there is none.
func (o *options) pattern() (string, error) {
	switch n := o.flags.NArg(); {
	case n > 1:
		return "", cli.Usagef("it takes one pattern, not %d: write it in quotes, such as 'quotes.*', "+
			"so that the shell leaves it alone", n)
	case n == 1 && o.flags.Arg(0) == "":
		return "", cli.Usagef("the pattern is empty: give one such as 'quotes.*', or none for all " +
			"topics")
	case n == 1:
		if _, err := topic.ParsePattern(o.flags.Arg(0)); err != nil {
			return "", cli.Usage(err)
		}
		return o.flags.Arg(0), nil
	}
	return "*", nil
}

func (o *options) run(ctx context.Context, std cli.Streams) (int, error) {
	pattern, err := o.pattern()
	if err != nil {
		return 0, err
	}
	client, err := directory.New(directory.Config{Pattern: pattern,
		Interface: netflags.LoopbackHere(o.iface)})
	if err != nil {
		return 0, netflags.ConfigError(o.flags, err)
	}
	defer client.Close()
	if o.watch && o.json {
		return o.watchJSON(ctx, std, client)
	}
	if err := client.Wait(ctx); err != nil {
		return cli.ExitError, nil // interrupted
	}
	l := listingOf(client, pattern, o.iface)
	l.teams = o.teams
	if o.json {
		err = l.writeJSON(std)
	} else if len(l.Publishers) > 0 {
		err = cli.Print(std.Out, l.text)
	}
	if err != nil {
		return 0, err
	}
	if len(l.Publishers) == 0 && !o.json {
		fmt.Fprint(std.Err, cli.SheetOf(std.Err).Wrap(l.none()+"\n", 2))
	}
	if o.watch {
		return cli.ExitOK, watchText(ctx, std, client)
	}
	if len(l.Publishers) == 0 {
		return cli.ExitError, nil
	}
	return cli.ExitOK, nil
}

// writeJSON writes a value as one line of JSON.
func writeJSON(std cli.Streams, v any) error {
	enc := json.NewEncoder(std.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (l *Listing) writeJSON(std cli.Streams) error { return writeJSON(std, l) }

// none says that no topic was found.
func (l *Listing) none() string {
	what := "no topic is"
	if l.Pattern != "*" {
		what = fmt.Sprintf("no topic that matches %s is", cli.Printable(l.Pattern))
	}
	text := fmt.Sprintf("crier ls: %s announced on interface %s", what, l.Interface)
	if netflags.OnlyHere(l.Interface) {
		return text + ", which is this machine alone: name another by --iface"
	}
	return text + ": publishers need --topic, and a switch may hold datagrams to groups back " +
		"(see crier doctor)"
}
