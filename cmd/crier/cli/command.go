package cli

import (
	"context"
	"strings"

	"github.com/spf13/pflag"
)

// FlagSet holds a command's flags. The alias keeps the library in this package.
type FlagSet = pflag.FlagSet

// Value is the value of a flag.
type Value = pflag.Value

// Command is one of crier's commands.
type Command struct {
	// Name has the names of the commands above first, as in "sim run".
	Name string
	// Brief is the command in one line, and Help the rest of its page: paragraphs, which are
	// wrapped to the terminal's width, and indented lines, which are not. The line "Examples:"
	// begins the last part.
	Brief, Help string
	// Args follows the flags in the usage line. Without it, arguments are refused.
	Args string
	// ArgValues are what a shell offers for the arguments.
	ArgValues Values
	// Setup declares the flags and returns the function that runs the command. Without it,
	// the command only leads to those below it.
	Setup func(*FlagSet) func(context.Context, Streams) (int, error)
	// Hidden commands are for the tool itself and not in its help.
	Hidden bool
	// Subs are the commands below this one.
	Subs []*Command
}

// word returns the last word of the command's name.
func (c *Command) word() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

// Flags returns the command's flags.
func (c *Command) Flags() *FlagSet { return build(c, nil).Flags() }

// visible returns the commands that the help shows.
func visible(list []*Command) []*Command {
	var shown []*Command
	for _, c := range list {
		if !c.Hidden {
			shown = append(shown, c)
		}
	}
	return shown
}
