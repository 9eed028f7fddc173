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

// Value is a flag's value of a type of its own.
type Value = pflag.Value

// Page is a command's help.
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
	Name  string
	Brief string // one line
	Args  string // what follows the flags, for the usage line; "" if nothing may
	Help  string // more, with examples
	// Setup declares the command's flags, and returns what runs it.
	Setup func(*FlagSet) func(context.Context, Streams) (int, error)
	// Hidden keeps it out of help: it is for the tool itself.
	Hidden bool
	// Subs are the commands that follow this one's name, which then has no setup.
	Subs []*Command
}

// find returns the command of a name; that of one below another, such as "sim run",
// is found by its last word.
func find(list []*Command, name string) *Command {
	for _, c := range list {
		if c.word() == name {
			return c
		}
	}
	return nil
}

// word is the last word of the command's name.
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
