// Package page makes the tool's reports: one HTML file that needs nothing but itself,
// reads well on a telephone and on a wide screen, by day and by night. Pictures are SVG
// that gonum's plot draws; there is no script.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// Page is the content of a report.
type Page struct {
	Title    string // of the window
	Heading  string
	Command  string // that made it
	Warning  string // such as that something is missing
	Intro    string // paragraphs, with empty lines between them
	Facts    string // as they are, in a fixed pitch
	Sections []Section
}

// Section is a part of a page. Empty fields are left out.
type Section struct {
	Title    string
	Intro    string
	Pictures []Picture
	Table    *table.Table
	Notes    string // as they are, in a fixed pitch
}

// wideTable is how many columns a table has at least that leaves out those with one value: it
// might be wider than the page.
const wideTable = 14

// Common returns what all rows of a wide table have in common, or "".
func (s Section) Common() string {
	text, _ := s.slim()
	return text
}

// slim returns what all rows of a wide table have in common, and the table without it.
func (s Section) slim() (string, *table.Table) {
	t := s.Table.Kept()
	if len(t.Columns) < wideTable || len(t.Rows) < 2 {
		return "", t
	}
	return t.Common()
}

// head is a table's head as the page writes it.
type head struct {
	Text    string
	Left    bool
	Columns int // that it stands over
	Lines   int
}

// cell is a table's cell as the page writes it.
type cell struct {
	Text  string
	Class string
	Style template.CSS
}

// Heads returns the lines of the table's heads: groups, if there are some, and columns.
func (s Section) Heads() [][]head {
	var over, heads []head
	_, t := s.slim()
	grouped := slices.ContainsFunc(t.Columns, func(c table.Column) bool { return c.Group != "" })
	for i, c := range t.Columns {
		left := c.Key || c.Left
		switch {
		case c.Group == "" && grouped:
			over = append(over, head{Text: c.Head, Left: left, Columns: 1, Lines: 2})
			continue
		case c.Group != "" && i > 0 && t.Columns[i-1].Group == c.Group:
			over[len(over)-1].Columns++
		case c.Group != "":
			over = append(over, head{Text: c.Group, Columns: 1, Lines: 1})
		}
		heads = append(heads, head{Text: c.Head, Left: left, Columns: 1, Lines: 1})
	}
	if grouped {
		return [][]head{over, heads}
	}
	return [][]head{heads}
}

// tones are the classes of cells with a tone.
var tones = [...]string{cli.Plain: "", cli.Good: " good", cli.Bad: " bad", cli.Noted: " noted"}

// Cells returns the table's rows.
func (s Section) Cells() [][]cell {
	var rows [][]cell
	_, t := s.slim()
	for _, row := range t.Rows {
		var cells []cell
		for i, from := range row {
			c := cell{Text: from.Text, Class: tones[from.Tone]}
			if t.Columns[i].Key || t.Columns[i].Left {
				c.Class += " left"
			}
			if t.Columns[i].Shaded && from.Shade > 0 {
				c.Style = template.CSS(fmt.Sprintf("background: color-mix(in srgb, var(--s5) "+
					"%.0f%%, transparent)", 75*min(from.Shade, 1)))
			}
			c.Class = strings.TrimSpace(c.Class)
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

// WriteFile writes the page to the file that --html names.
func (p *Page) WriteFile(path string) error {
	var b bytes.Buffer
	err := p.Write(&b)
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		return fmt.Errorf("--html %s can't be written (%w): name a file that can", path,
			cli.BareError(err))
	}
	return nil
}
