// Package report makes tables, pages and JSON of what benchmarks measured, and holds a run
// against an earlier one.
package report

import "strings"

// Report is the output of a benchmark.
type Report struct {
	Kind    string // of benchmark
	Command string // that made it

	Environment *Environment
	Cells       []*Cell

	before   string    // the file of the run that it is held against
	verdicts []verdict // nil where it isn't
}

// Compare compares some of the cells with those of an earlier run, which left them in a file.
func (r *Report) Compare(file string, before, now []*Cell) {
	r.before, r.verdicts = file, compare(before, now)
}

// Text returns the report for people to read.
func (r *Report) Text() string {
	var s strings.Builder
	s.WriteString(r.Environment.text())
	for _, part := range byBenchmark(r.Cells) {
		s.WriteString("\n" + title(part[0].Benchmark) + "\n\n")
		s.WriteString(table(part))
		s.WriteString("\n" + notes(part))
	}
	if r.verdicts != nil {
		s.WriteString("\n" + verdictText(r.before, r.verdicts))
	}
	return s.String()
}
