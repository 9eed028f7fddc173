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
		start := fmt.Sprintf("  crier %-*s ", longest, c.Name)
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

// usages lists flags. A bool is wrapped, since pflag would add [=true|false] to it.
func usages(flags *FlagSet, width int) string {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Value.Type() == "bool" {
			f.Value = offered{Value: f.Value}
		}
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
		Help: `Prints the page of a command, or what there is.

Examples:

  crier help

  crier help sim run

`,
		Setup: func(flags *FlagSet) func(context.Context, Streams) (int, error) {
			return func(_ context.Context, std Streams) (int, error) {
				return t.explain(flags.Args(), std)
			}
		},
	}
}

// explain prints the page of the command that the words name.
func (t *Tool) explain(words []string, std Streams) (int, error) {
	width := pageWidth(std.Out)
	if len(words) == 0 {
		return show(std, t.Overview(width))
	}
	var c *Command
	list, above := t.all(), (&run{tool: t, std: std}).root(nil)
	for _, word := range words {
		if c != nil && c.Subs == nil {
			return 0, Usagef("it takes one command, not %d: %q has none below it; see "+
				"\"crier help help\"", len(words), c.Name)
		}
		if c = find(list, word); c == nil {
			return 0, noCommand(above, list, word)
		}
		list = c.Subs
		above, _, _ = above.Find([]string{word})
	}
	return show(std, c.Page(width))
}

// below returns the names of the commands below the one that words name.
func (t *Tool) below(words []string) []string {
	list := t.all()
	for _, word := range words {
		c := find(list, word)
		if c == nil {
			return nil
		}
		list = c.Subs
	}
	var below []string
	for _, c := range visible(list) {
		below = append(below, c.word())
	}
	return below
}

// find returns the command whose name ends with a word.
func find(list []*Command, word string) *Command {
	for _, c := range list {
		if c.word() == word {
			return c
		}
	}
	return nil
}
