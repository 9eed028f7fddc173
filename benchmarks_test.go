package crier_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"crier/cmd/crier/page"
)

const (
	benchResults  = "docs/bench/results.json"
	benchDocument = "docs/BENCHMARKS.md"
)

// A benchRecord holds the figures of docs/BENCHMARKS.md.
type benchRecord struct {
	Machine  string
	Tables   []benchTable
	Pictures []benchPicture
}

// A benchTable is a table of the document. Its cells are in base units.
type benchTable struct {
	Name, Taken, Command string
	Runs                 int
	// Spread tells what stands in brackets, if not the least and the most of the runs.
	Spread  string
	Columns []benchColumn
	Rows    []benchRow
}

type benchColumn struct{ Head, Unit string }

type benchRow struct {
	Name  string
	Cells []*benchCell
}

// A benchCell is a median, with the least and the most of the runs where there were several.
type benchCell struct {
	Median, Least, Most float64
	// LimitShare is the part of what the kernel gives to bare datagrams, in bytes.
	LimitShare float64 `json:"limit_share"`
	// Missed reports that the figure misses its bar.
	Missed bool
}

// A benchPicture names the cells that it draws as bars.
type benchPicture struct {
	File, Unit, Caption string
	Bars                []struct{ Name, Table, Row, Column string }
}

// TestBenchmarksDocument holds the tables and pictures of docs/BENCHMARKS.md to the figures in
// docs/bench. With -update it writes them anew.
func TestBenchmarksDocument(t *testing.T) {
	text, err := os.ReadFile(benchResults)
	if err != nil {
		t.Fatal(err)
	}
	var r benchRecord
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(benchDocument)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for i := range r.Tables {
		doc = withPart(t, benchDocument, doc, r.Tables[i].Name, r.Tables[i].text())
	}
	held(t, benchDocument, doc)
	for i := range r.Pictures {
		p := &r.Pictures[i]
		if !strings.Contains(doc, "(bench/"+p.File+")") {
			t.Errorf("%s has no picture bench/%s", benchDocument, p.File)
		}
		if runtime.GOARCH == "amd64" { // others round the last digit otherwise
			held(t, filepath.Join("docs", "bench", p.File), r.draw(t, p))
		}
	}
}

// withPart returns a document whose part of a name is text. A part lies between two comments.
func withPart(t *testing.T, file, doc, name, text string) string {
	t.Helper()
	head, rest, ok := strings.Cut(doc, "<!-- "+name+" -->\n")
	_, rest, ok2 := strings.Cut(rest, "<!-- /"+name+" -->\n")
	if !ok || !ok2 {
		t.Fatalf("%s has no part between <!-- %s --> and <!-- /%[2]s -->", file, name)
	}
	return head + "<!-- " + name + " -->\n" + text + "<!-- /" + name + " -->\n" + rest
}

// held holds a file to what it is to be, or writes it with -update.
func held(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Errorf("%v: write it with -update", err)
		return
	}
	got, lines := strings.Split(string(have), "\n"), strings.Split(want, "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			t.Errorf("%s:%d differs from its source: if that is meant, write it anew with -update",
				file, i+1)
			return
		}
	}
}

// text returns the table in Markdown.
func (b *benchTable) text() string {
	var out strings.Builder
	out.WriteString("|")
	for _, c := range b.Columns {
		out.WriteString(" | " + c.Head)
	}
	out.WriteString(" |\n|" + strings.Repeat(" --- |", len(b.Columns)+1) + "\n")
	for _, row := range b.Rows {
		out.WriteString("| " + row.Name)
		for i, c := range row.Cells {
			out.WriteString(" | ")
			if c != nil {
				out.WriteString(c.text(b.Columns[i].Unit))
			}
		}
		out.WriteString(" |\n")
	}
	taken := fmt.Sprintf("medians of %d runs", b.Runs)
	if b.Runs == 1 {
		taken = "one run a row"
	}
	switch {
	case b.Spread != "":
		taken += " [" + b.Spread + "]"
	case b.spreads():
		taken += " [the least and the most]"
	}
	return fmt.Sprintf("%s\n%s, %s: `%s`\n", out.String(), b.Taken, taken, b.Command)
}

// spreads reports whether a cell tells how much its runs differ.
func (b *benchTable) spreads() bool {
	for _, row := range b.Rows {
		for _, c := range row.Cells {
			if c != nil && c.Most > 0 {
				return true
			}
		}
	}
	return false
}

// text returns a figure with its unit, in bold where it misses its bar.
func (c *benchCell) text(unit string) string {
	scale, form, name := scaleOf(c.Median, unit)
	word := func(v float64) string {
		s := fmt.Sprintf(form, v/scale)
		if strings.Contains(s, "e+") {
			s = strconv.FormatFloat(v/scale, 'f', 0, 64)
		}
		return s
	}
	text := word(c.Median) + name
	if c.Missed {
		text = "**" + text + "**"
	}
	if c.Most > 0 {
		text += " [" + word(c.Least) + "-" + word(c.Most) + "]"
	}
	if c.LimitShare > 0 {
		text += fmt.Sprintf(", %.0f %%", 100*c.LimitShare)
	}
	return text
}

// scaleOf returns the scale of a unit's figures, their form, and the unit's name.
func scaleOf(v float64, unit string) (scale float64, form, name string) {
	units := []struct {
		unit  string
		scale float64
		name  string
	}{
		{"messages/s", 1e6, " M"}, {"messages/s", 1e3, " k"}, {"messages/s", 1, ""},
		{"datagrams/s", 1e6, " M"}, {"datagrams/s", 1e3, " k"},
		{"ns", 1e9, " s"}, {"ns", 1e6, " ms"}, {"ns", 1e3, " µs"}, {"ns", 1, " ns"},
	}
	for _, u := range units {
		if u.unit == unit && v >= u.scale {
			return u.scale, "%.3g", u.name
		}
	}
	if unit == "ratio" {
		return 1, "%.2f", ""
	}
	return 1, "%.3g", ""
}

// draw draws a picture's bars.
func (r *benchRecord) draw(t *testing.T, p *benchPicture) string {
	t.Helper()
	scale := map[string]float64{"messages/s": 1, "us": 1e3}[p.Unit]
	var bars []page.Bar
	for _, b := range p.Bars {
		c := r.cell(b.Table, b.Row, b.Column)
		if c == nil || scale == 0 {
			t.Fatalf("%s: nothing is known of %v in %s", p.File, b, p.Unit)
		}
		bar := page.Bar{Name: b.Name, Median: c.Median / scale, Min: c.Median / scale,
			Max: c.Median / scale}
		if c.Most > 0 {
			bar.Min, bar.Max = c.Least/scale, c.Most/scale
		}
		bars = append(bars, bar)
	}
	picture, err := page.Bars(bars, p.Caption)
	if err != nil {
		t.Fatal(err)
	}
	return standalone(t, string(picture.SVG))
}

// cell returns a cell of a table, or nil.
func (r *benchRecord) cell(table, row, column string) *benchCell {
	for _, b := range r.Tables {
		for _, line := range b.Rows {
			for i, c := range b.Columns {
				if b.Name == table && line.Name == row && c.Head == column {
					return line.Cells[i]
				}
			}
		}
	}
	return nil
}

var pageColors = regexp.MustCompile(`(?s):root \{.*?\}\n@media .*?\} \}`)

// standalone returns a picture of a page as a file of its own, with the page's colours.
func standalone(t *testing.T, svg string) string {
	t.Helper()
	style, err := os.ReadFile(filepath.Join("cmd", "crier", "page", "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	colors := pageColors.FindString(string(style))
	if colors == "" {
		t.Fatal("the page's style has no colours")
	}
	head, rest, _ := strings.Cut(svg, ">")
	return head + ">\n<style>\n" + colors + "\n" + `text { fill: var(--ink); ` +
		`font-family: "Liberation Sans", Arial, sans-serif !important; ` +
		`font-size: 10px !important; }` + "\n</style>\n" +
		`<rect width="100%" height="100%" fill="var(--paper)"/>` + rest
}
