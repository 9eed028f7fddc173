// Package page makes the tool's reports: one HTML file that needs nothing but itself,
// reads well on a telephone and on a wide screen, by day and by night. Pictures are SVG
// that gonum's plot draws; there is no script.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

// Page is the content of a report.
type Page struct {
	Title    string // of the window
	Heading  string
	Command  string // that made it
	Intro    string // paragraphs, with empty lines between them
	Facts    string // as they are, in a fixed pitch
	Sections []Section
}

// Section is a part of a page. Empty fields are left out.
type Section struct {
	Title    string
	Intro    string
	Pictures []Picture
	Table    Table
	Notes    string // as they are, in a fixed pitch
}

// Table is a table. Its first Left columns are flush left.
type Table struct {
	Heads []string
	Rows  [][]string
	Left  int
	// Shade, if set, colours cells: how much of 1 the value in a row and column is,
	// or less than 0 for no colour.
	Shade func(row, column int) float64
}

// cell is a table's cell as the page writes it.
type cell struct {
	Text  string
	Left  bool
	Style template.CSS
}

// Cells returns the table's rows.
func (t Table) Cells() [][]cell {
	var rows [][]cell
	for i, row := range t.Rows {
		var cells []cell
		for k, text := range row {
			c := cell{Text: text, Left: k < t.Left}
			if t.Shade != nil {
				if part := t.Shade(i, k); part >= 0 {
					c.Style = template.CSS(fmt.Sprintf("background: color-mix(in srgb, var(--s5) "+
						"%.0f%%, transparent)", 75*min(part, 1)))
				}
			}
			cells = append(cells, c)
		}
		rows = append(rows, cells)
	}
	return rows
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes the page.
func (p *Page) Write(w io.Writer) error { return pageTemplate.Execute(w, p) }
