// Package cli holds what the tool's commands have in common: how they are found, helped
// with and ended, the values of their flags, the standard streams, and words for numbers.
// It knows nothing of the protocol.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// Tool is a program of subcommands.
type Tool struct {
	// About and Notes stand before and after the list of commands in the help.
	About, Notes string
	// Commands lists the subcommands in the order in which help shows them.
	Commands []*Command
}

// Run runs the subcommand that args name, and returns the exit code.
func (t *Tool) Run(ctx context.Context, args []string, std Streams) int {
	if len(args) == 0 {
		fmt.Fprint(std.Err, t.Overview())
		return ExitUsage
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "--help":
		return t.help(std, rest)
	case "version", "--version":
		return show(std, Version()+"\n")
	}
	c := find(t.Commands, name)
	if c == nil {
		fmt.Fprintf(std.Err,
			"crier: there is no command %q; the commands are %s, help and version\n",
			name, names(t.Commands))
		return ExitUsage
	}
	if c.Subs != nil {
		switch {
		case len(rest) == 0:
			fmt.Fprint(std.Err, c.Page())
			return ExitUsage
		case rest[0] == "-h" || rest[0] == "--help":
			return t.help(std, []string{name})
		}
		sub := find(c.Subs, rest[0])
		if sub == nil {
			fmt.Fprintf(std.Err, "crier %s: there is no command %q; there are %s\n",
				name, rest[0], names(c.Subs))
			return ExitUsage
		}
		c, name, rest = sub, sub.Name, rest[1:]
	}
	flags := c.Flags(std.Err)
	do := c.Setup(flags)
	if err := flags.Parse(rest); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return t.help(std, strings.Fields(name))
		}
		fmt.Fprintf(std.Err, "crier %s: %s; see \"crier help %s\"\n", name, flagText(err), name)
		return ExitUsage
	}
	if c.Args == "" && flags.NArg() > 0 {
		fmt.Fprintf(std.Err, "crier %s: it takes no argument %q; see \"crier help %s\"\n",
			name, flags.Arg(0), name)
		return ExitUsage
	}
	std.Out = standardOutput{std.Out}
	code, err := do(ctx, std)
	if err == nil {
		return code
	}
	text := strings.ReplaceAll(oneLine(err), context.Canceled.Error(), "interrupted")
	fmt.Fprintf(std.Err, "crier %s: %s\n", name, text)
	var usage usageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return ExitError
}

// Overview returns the help on the whole tool, printed where there are no arguments.
func (t *Tool) Overview() string {
	var b strings.Builder
	b.WriteString(t.About)
	for _, c := range t.Commands {
		if !c.Hidden {
			fmt.Fprintf(&b, "  crier %-6s %s\n", c.Name, c.Brief)
		}
	}
	b.WriteString("  crier help [COMMAND]\n")
	b.WriteString(t.Notes)
	return b.String()
}

// help prints the overview, or one command's page.
func (t *Tool) help(std Streams, args []string) int {
	if len(args) == 0 {
		return show(std, t.Overview())
	}
	list := t.Commands
	for i, word := range args {
		c := find(list, word)
		if c == nil && list == nil {
			fmt.Fprintf(std.Err, "crier help: it takes one command, not %d\n", len(args))
			return ExitUsage
		}
		if c == nil {
			fmt.Fprintf(std.Err, "crier help: there is no command %q; the commands are %s\n",
				word, names(list))
			return ExitUsage
		}
		if i == len(args)-1 {
			return show(std, c.Page())
		}
		list = c.Subs
	}
	return ExitOK
}

// show prints what was asked for.
func show(std Streams, text string) int {
	if _, err := io.WriteString(std.Out, text); err != nil {
		fmt.Fprintf(std.Err, "crier: %v\n", OutputError(err))
		return ExitError
	}
	return ExitOK
}
