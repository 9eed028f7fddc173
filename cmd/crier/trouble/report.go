package trouble

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
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

// order is that of marks in a text: what is wrong comes first.
var order = []Mark{Cause, Note, Unknown, RuledOut, Remains, Next}

// labels is the width of the column of marks, with its margin.
const labels = 13

// tones are the colours of marks.
var tones = map[Mark]cli.Tone{RuledOut: cli.Good, Cause: cli.Bad, Note: cli.Noted,
	Unknown: cli.Noted}

// Text returns the report for a sheet: the sentence, after the command's name, and a line or
// more for each finding.
func (r *Report) Text(command string, sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString(sheet.Wrap(command+": "+r.Head+"\n", 2))
	findings := slices.Clone(r.Findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Compare(slices.Index(order, a.Mark), slices.Index(order, b.Mark))
	})
	for _, f := range findings {
		text := f.Text
		if f.Name != "" {
			text = f.Name + ": " + text
		}
		label := fmt.Sprintf("  %-*s", labels-2, f.Mark)
		lines := sheet.Beside(label, text)
		b.WriteString("  " + sheet.Paint(tones[f.Mark], string(f.Mark)) +
			lines[2+len(f.Mark):])
		if f.Fix != "" {
			// A command stays on one line, to be copied.
			fmt.Fprintf(&b, "%*s%s\n", labels, "", f.Fix)
		}
	}
	return b.String()
}
