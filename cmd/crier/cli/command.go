package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

// FlagSet holds a command's flags. The alias keeps the library in this package.
type FlagSet = pflag.FlagSet

// Value is the value of a flag.
type Value = pflag.Value

// Page returns the help of the command.
func (c *Command) Page() string {
	if c.Subs != nil {
		var b strings.Builder
		fmt.Fprintf(&b, "crier %s: %s\n\n", c.Name, c.Brief)
		for _, s := range c.Subs {
			fmt.Fprintf(&b, "  crier %-16s %s\n", s.Name, s.Brief)
		}
		fmt.Fprintf(&b, "  crier help %s COMMAND\n\n%s", c.Name, c.Help)
		return b.String()
	}
	flags := c.Flags(nil)
	c.Setup(flags)
	var b strings.Builder
	fmt.Fprintf(&b, "crier %s: %s\n\n  crier %s [flags]%s\n\n%s\nFlags:\n%s", c.Name, c.Brief,
		c.Name, c.Args, c.Help, flags.FlagUsages())
	return b.String()
}

// Command is one of crier's subcommands.
type Command struct {
	// Name has the names of the commands above first, as in "sim run".
	Name string
	// Brief is the command in one line, and Help the rest of its page.
	Brief, Help string
	// Args follows the flags in the usage line. Without it, arguments are refused.
	Args string
	// Setup declares the flags and returns the function that runs the command.
	Setup func(*FlagSet) func(context.Context, Streams) (int, error)
	// Hidden commands are for the tool itself and not in its help.
	Hidden bool
	// Subs are the commands below this one, which then has no Setup.
	Subs []*Command
}

// find returns the command whose name ends with a word.
func find(list []*Command, name string) *Command {
	for _, c := range list {
		if c.word() == name {
			return c
		}
	}
	return nil
}

// word returns the last word of the command's name.
func (c *Command) word() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

func names(list []*Command) string {
	var words []string
	for _, c := range list {
		if !c.Hidden {
			words = append(words, c.word())
		}
	}
	return strings.Join(words, ", ")
}

// Flags returns an empty set of flags in the tool's style.
func (c *Command) Flags(stderr io.Writer) *FlagSet {
	flags := pflag.NewFlagSet(c.Name, pflag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.SortFlags = false
	flags.Usage = func() {}
	return flags
}
