// Package report makes tables, pages and JSON of the results of benchmarks, and holds a run
// against an earlier one.
package report

import (
	"fmt"
	"strings"

	"crier/cmd/crier/cli"
)

// Report is the output of a benchmark.
type Report struct {
	Kind    string // of benchmark
	Command string // that made it

	Environment *Environment
	Cells       []*Cell
	// Interrupted tells how far the run was, if not to its end.
	Interrupted string

	before   string    // the file of the run that it is held against
	verdicts []verdict // nil where it isn't
}

// Compare compares some of the cells with those of an earlier run, which left them in a file.
func (r *Report) Compare(file string, before, now []*Cell) {
	r.before, r.verdicts = file, compare(before, now)
}

// partial tells that the report isn't of the whole run.
func (r *Report) partial() string { return "PARTIAL: interrupted " + r.Interrupted }

// Text returns the report for people to read.
func (r *Report) Text(sheet cli.Sheet) string {
	var s strings.Builder
	if r.Interrupted != "" {
		s.WriteString(sheet.Paint(cli.Noted, r.partial()) + "\n\n")
	}
	s.WriteString(sheet.Wrap(r.Environment.text(), 2))
	for _, part := range byBenchmark(r.Cells) {
		fmt.Fprintf(&s, "\n%s\n%s\n%s", sheet.Wrap(title(part[0].Benchmark)+"\n", 2),
			tableOf(part).Text(sheet), sheet.Wrap(notes(part), 2))
	}
	if r.verdicts != nil {
		s.WriteString("\n" + verdictText(r.before, r.verdicts, sheet))
	}
	return s.String()
}
