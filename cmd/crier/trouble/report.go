package trouble

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A Report is what is told of a trouble.
type Report struct {
	// Verdict names what is wrong, without numbers: as long as it and the findings are the
	// same, there is nothing new.
	Verdict string
	// Head is the sentence that says it.
	Head     string
	Findings []Finding
}

// A Finding is a possible cause, with what is known of it.
type Finding struct {
	Mark Mark
	// Name names what was looked at, or is empty.
	Name string
	Text string
	// Fix is the command or the advice that mends it, or empty.
	Fix string
}

// A Mark says what a Finding means.
type Mark string

// The marks.
const (
	// RuledOut: this is not the cause.
	RuledOut Mark = "ruled out"
	// Cause: this is, or may well be, the cause.
	Cause Mark = "problem"
	// Note: this may matter.
	Note Mark = "note"
	// Unknown: it could not be looked at.
	Unknown Mark = "unknown"
	// Remains: what can't be seen from here.
	Remains Mark = "remains"
	// Next: what to do.
	Next Mark = "next"
)

// sign returns what makes a report differ from another.
func (r *Report) sign() string {
	sign := r.Verdict
	for _, f := range r.Findings {
		sign += "\n" + string(f.Mark) + " " + f.Name
	}
	return sign
}

const (
	// width is the width of the text, so that it fits a terminal of 80 columns.
	width = 79
	// labels is the width of the column of marks, with the margin.
	labels = 13
)

// Text returns the report in lines: the sentence, after the command's name, and a line or more
// for each finding.
func (r *Report) Text(command string) string {
	var b strings.Builder
	wrap(&b, command+": ", r.Head, 2)
	for _, f := range r.Findings {
		text := f.Text
		if f.Name != "" {
			text = f.Name + ": " + text
		}
		wrap(&b, fmt.Sprintf("  %-*s", labels-2, f.Mark), text, labels)
		if f.Fix != "" {
			// A command is one line, to be copied.
			fmt.Fprintf(&b, "%*s%s\n", labels, "", f.Fix)
		}
	}
	return b.String()
}

// wrap writes a text in lines behind a prefix, those after the first one indented.
func wrap(b *strings.Builder, prefix, text string, indent int) {
	b.WriteString(prefix)
	at, first := utf8.RuneCountInString(prefix), true
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case first:
		case at+1+n > width:
			fmt.Fprintf(b, "\n%*s", indent, "")
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at, first = at+n, false
	}
	b.WriteByte('\n')
}
