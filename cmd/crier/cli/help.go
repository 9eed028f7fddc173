package cli

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// Overview returns the help on the whole tool, printed where there are no arguments.
func (t *Tool) Overview(width int) string {
	var b strings.Builder
	b.WriteString(fill(t.About, width))
	b.WriteString(index(append(t.Commands[:len(t.Commands):len(t.Commands)], t.help()), width))
	b.WriteString(fill(t.Notes, width))
	return b.String()
}

// index lists commands, each with what it is for.
func index(list []*Command, width int) string {
	var b strings.Builder
	list, longest := visible(list), 0
	for _, c := range list {
		longest = max(longest, len(c.Name))
	}
	for _, c := range list {
		start := fmt.Sprintf("  crier %-*s  ", longest, c.Name)
		b.WriteString(wrap(start+c.Brief, len(start), width))
	}
	return b.String()
}

// Page returns the command's help: how to call it, what it does, the commands below it,
// examples, and flags.
func (c *Command) Page(width int) string {
	about, examples := c.Texts()
	first, size := utf8.DecodeRuneInString(c.Brief)
	var b strings.Builder
	start := "Usage: "
	if c.Setup != nil {
		fmt.Fprintf(&b, "%scrier %s [flags]%s\n", start, c.Name, c.Args)
		start = "       "
	}
	if c.Subs != nil {
		fmt.Fprintf(&b, "%scrier %s COMMAND\n", start, c.Name)
	}
	b.WriteString(fill(fmt.Sprintf("\n%c%s.\n\n", unicode.ToUpper(first), c.Brief[size:])+about,
		width))
	if c.Subs != nil {
		fmt.Fprintf(&b, "Commands, each with a page of its own (crier help %s COMMAND):\n\n%s\n",
			c.Name, index(c.Subs, width))
	}
	b.WriteString("Examples:\n\n" + WrapExamples(strings.Trim(examples, "\n"), width))
	if flags := c.Flags(); flags.HasAvailableFlags() {
		b.WriteString("\nFlags:\n" + usages(flags, width))
	}
	return b.String()
}

// Texts returns what the help says of the command, and its examples.
func (c *Command) Texts() (about, examples string) {
	about, examples, _ = strings.Cut(c.Help, "Examples:\n")
	return about, examples
}

// usages lists flags.
func usages(flags *FlagSet, width int) string {
	flags.VisitAll(func(f *pflag.Flag) {
		o := optionOf(f)
		f.Value, f.DefValue = shown{f.Value, o.Word}, o.Default
	})
	return flags.FlagUsagesWrapped(width)
}

// help is the command that prints pages.
func (t *Tool) help() *Command {
	return &Command{
		Name:      "help",
		Args:      " [COMMAND]...",
		ArgValues: Values{words: t.below},
		Brief:     "explain a command, also completion or version",
		Help: `Prints the page of a command, or the list of commands.

Examples:

  crier help

  crier help sim run

`,
		Setup: func(flags *FlagSet) func(context.Context, Streams) (int, error) {
			return func(_ context.Context, std Streams) (int, error) {
				return (&run{tool: t, std: std}).explain(flags.Args())
			}
		},
	}
}

// explain prints the page of the command that the words name.
func (r *run) explain(words []string) (int, error) {
	found, rest, err := r.root(nil).Find(words)
	switch {
	case err != nil:
		return 0, err
	case found.Hidden:
		return 0, noCommand(found.Parent(), found.Name())
	case len(rest) > 0 && found.HasSubCommands():
		return 0, noCommand(found, rest[0])
	case len(rest) > 0:
		return 0, Usagef("it takes one command, not %d: %q has none below it; see "+
			"\"crier help help\"", len(words), strings.TrimPrefix(found.CommandPath(), "crier "))
	}
	found.HelpFunc()(found, nil)
	return r.code, nil
}

// below returns the names of the commands below the one that words name.
func (t *Tool) below(words []string) []string {
	found, rest, err := (&run{tool: t}).root(nil).Find(words)
	if err != nil || len(rest) > 0 {
		return nil
	}
	return names(found)
}
