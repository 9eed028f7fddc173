package cli

import (
	"slices"
	"strings"
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
	for i, word := range phrases(words) {
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

// units are the units of one or a few letters that stay on the line of their number.
var units = strings.Fields("ns µs ms s min h d % B KiB MiB GiB TiB kB MB GB k M G k/s M/s " +
	"bit kbit Mbit Gbit bit/s kbit/s Mbit/s Gbit/s")

// phrases splits a text into words, and leaves numbers and their units together.
func phrases(text string) []string {
	var list []string
	for _, word := range strings.Fields(text) {
		if n := len(list); n > 0 && endsInDigit(list[n-1]) &&
			slices.Contains(units, strings.TrimRight(word, ".,;:)")) {
			list[n-1] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}

func endsInDigit(word string) bool {
	last := word[len(word)-1]
	return '0' <= last && last <= '9'
}

// WrapExamples wraps examples: comments after words, and commands before a flag, with a
// backslash as in a shell.
func WrapExamples(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if strings.HasPrefix(line[len(indent):], "# ") {
			for comment := range strings.Lines(wrap(line[len(indent)+2:], 0, width-len(indent)-2)) {
				b.WriteString(indent + "# " + comment)
			}
			continue
		}
		for columns(line) > width {
			at := strings.LastIndex(line[:width+1], " --") // where a backslash fits, too
			if at <= len(indent)+4 {
				break // it has no place to be broken at
			}
			b.WriteString(line[:at] + " \\\n")
			line = indent + "    " + line[at+1:]
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}
