package cli

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

const (
	// plainWidth is the width of a page, in columns, where there is no terminal.
	plainWidth = 80
	// maxWidth is the width up to which lines are read with ease.
	maxWidth = 100
	// minWidth is the width below which a terminal breaks lines itself.
	minWidth = 40
)

// pageWidth returns the width of pages that are printed to a stream.
func pageWidth(stream any) int { return SheetOf(stream).prose() }

// Overview returns the help on the whole tool, printed where there are no arguments.
func (t *Tool) Overview(width int) string {
	var b strings.Builder
	b.WriteString(fill(t.About, width))
	b.WriteString(index(t.Commands, width))
	b.WriteString("  crier help [COMMAND]\n")
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
	b.WriteString("Examples:\n" + examples)
	if flags := c.Flags(); flags.HasAvailableFlags() {
		if !strings.HasSuffix(examples, "\n\n") {
			b.WriteString("\n")
		}
		b.WriteString("Flags:\n" + usages(flags, width))
	}
	return b.String()
}

// Texts returns what the help says of the command, and its examples.
func (c *Command) Texts() (about, examples string) {
	about, examples, _ = strings.Cut(c.Help, "Examples:\n")
	return about, examples
}

// usages lists flags. Each value is wrapped, since pflag adds [=true|false] to a flag whose
// value is plainly a bool.
func usages(flags *FlagSet, width int) string {
	flags.VisitAll(func(f *pflag.Flag) { f.Value = offered{Value: f.Value} })
	return flags.FlagUsagesWrapped(width)
}

// help is the command that prints pages.
func (t *Tool) help() *Command {
	return &Command{
		Name:      "help",
		Args:      " [COMMAND]...",
		ArgValues: Values{words: t.below},
		Brief:     "explain a command",
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

// fill wraps the paragraphs of a text. Indented lines stay as they are, unless they are too
// long for the width: then what follows the first gap goes on below it.
func fill(text string, width int) string {
	var b strings.Builder
	var paragraph []string
	flush := func() {
		if paragraph != nil {
			b.WriteString(wrap(strings.Join(paragraph, " "), 0, width))
			paragraph = nil
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line != "" && line[0] != ' ' {
			paragraph = append(paragraph, line)
			continue
		}
		flush()
		b.WriteString(wrap(line, hang(line), width))
	}
	flush()
	return b.String()
}

// hang returns the column of an indented line below which its text goes on: after the first
// gap within the line, as in a table of two columns, or else that of its first word.
func hang(line string) int {
	indent := len(line) - len(strings.TrimLeft(line, " "))
	gap := strings.Index(line[indent:], "  ")
	if gap < 0 {
		return indent
	}
	rest := line[indent+gap:]
	return len(line) - len(strings.TrimLeft(rest, " "))
}

// wrap breaks a line after words, so that it and the lines that follow it, indented to the
// column hang, are no longer than width, and ends the last with a newline.
func wrap(line string, hang, width int) string {
	if columns(line) <= width {
		return line + "\n"
	}
	return flow(line[:hang], line[hang:], hang, width)
}

// flow puts words behind the start of a line, and goes on in lines that are indented to the
// column hang. It ends the last with a newline.
func flow(start, words string, hang, width int) string {
	var b strings.Builder
	column := columns(start)
	b.WriteString(start)
	for i, word := range strings.Fields(words) {
		n := columns(word)
		switch {
		case i == 0:
		case column+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", hang))
			column = hang
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteByte('\n')
	return b.String()
}
