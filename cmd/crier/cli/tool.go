// Package cli holds what the tool's commands have in common: how they are found, helped
// with and ended, the values of their flags, the standard streams, and words for numbers.
// It knows nothing of the protocol.
//
// Numbers have one style. What was counted is exact, with a comma between the thousands
// (Grouped, Counted); what was measured has three digits and a unit behind a space, without
// zeros at its end: 60.2 µs, 12.3 k/s, 5.27 MiB, 0.25 % (Duration, Rounded, PerSecond, Bytes,
// Percent). Amounts of bytes count in 1,024, bit rates in 1,000. Only the values of flags are
// spelled as flags take them: 50ms, 64MiB, 10k, 1%.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Tool is a program of commands.
type Tool struct {
	// About and Notes stand before and after the list of commands in the help.
	About, Notes string
	// Commands lists the commands in the order in which help shows them.
	Commands []*Command
}

// Run runs the command that args name, and returns the exit code.
func (t *Tool) Run(ctx context.Context, args []string, std Streams) int {
	r := &run{tool: t, std: std}
	root := r.root(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return r.code
	}
	text := strings.ReplaceAll(oneLine(err), context.Canceled.Error(), "interrupted")
	fmt.Fprintf(std.Err, "%s: %s\n", command.CommandPath(), text)
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitError
}

// Walk calls f for each command that the help shows, those below a command right after it,
// with the command's flags.
func (t *Tool) Walk(f func(*Command, *FlagSet)) {
	var walk func([]*Command)
	walk = func(list []*Command) {
		for _, c := range visible(list) {
			f(c, c.Flags())
			walk(c.Subs)
		}
	}
	walk(t.all())
}

// all returns the tool's commands and those that every tool has.
func (t *Tool) all() []*Command {
	return append(t.Commands[:len(t.Commands):len(t.Commands)], t.completion(), t.version(),
		t.help())
}

func (t *Tool) version() *Command {
	return &Command{
		Name:  "version",
		Brief: "print the version",
		Help: `Prints the version of crier, of the Go that built it, and the system that it is for.

Examples:

  crier version

  crier --version

`,
		Setup: func(*FlagSet) func(context.Context, Streams) (int, error) {
			return func(_ context.Context, std Streams) (int, error) {
				return show(std, Version()+"\n")
			}
		},
	}
}

// show prints what was asked for.
func show(std Streams, text string) (int, error) {
	if _, err := io.WriteString(std.Out, text); err != nil {
		return 0, OutputError(err)
	}
	return ExitOK, nil
}
