// Package table lays out tables of text: as wide as a terminal at most, and never broken by it.
package table

import (
	"slices"
	"strings"

	"crier/cmd/crier/cli"
)

// Table is a table. Columns of which no row says anything are left out.
type Table struct {
	Columns []Column
	Rows    []Row
}

// Column is a column of a table. Those of one group stand beside each other.
type Column struct {
	Group string // what several heads have in common
	Head  string
	// Key columns name a row. They come first, and stand flush left.
	Key bool
	// Left columns hold words, and stand flush left.
	Left bool
	// Breaks tells that a block of a table that is too wide for one may well begin here.
	Breaks bool
	// Shaded columns are those of a map: their cells have a Shade.
	Shaded bool
}

// Row is a row of a table: a cell each column.
type Row []Cell

// Cell is a cell of a table.
type Cell struct {
	Text string
	Tone cli.Tone
	// Shade is how much of 1 a map's cell stands out; below 0: it has no value.
	Shade float64
}

// Add adds a row of texts and Cells.
func (t *Table) Add(cells ...any) {
	row := make(Row, len(cells))
	for i, c := range cells {
		switch c := c.(type) {
		case Cell:
			row[i] = c
		case string:
			row[i] = Cell{Text: c}
		}
	}
	t.Rows = append(t.Rows, row)
}

// Toned returns a cell of a tone, which says something only if n isn't 0.
func Toned(tone cli.Tone, n uint64, text string) Cell {
	if n == 0 {
		return Cell{Text: text}
	}
	return Cell{Text: text, Tone: tone}
}

// Kept returns the table without the columns that say nothing.
func (t *Table) Kept() *Table {
	var kept []int
	for i := range t.Columns {
		if slices.ContainsFunc(t.Rows, func(r Row) bool { return r[i].says() }) {
			kept = append(kept, i)
		}
	}
	if len(kept) == len(t.Columns) || len(t.Rows) == 0 {
		return t
	}
	out := &Table{Columns: pick(t.Columns, kept)}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, pick(r, kept))
	}
	return out
}

// pick returns some elements of a list.
func pick[T any](list []T, which []int) []T {
	var out []T
	for _, i := range which {
		out = append(out, list[i])
	}
	return out
}

// says reports whether a cell is more than a place.
func (c Cell) says() bool { return c.Text != "" && c.Text != "-" }

// shades are how much of 1 a cell stands out, in text.
var shades = []rune(" ░▒▓█")

// text returns the text of a cell in a column.
func (c Column) text(cell Cell) string {
	switch {
	case !c.Shaded:
		return cell.Text
	case cell.Shade < 0:
		return cell.Text + "  "
	}
	part := min(int(cell.Shade*float64(len(shades))), len(shades)-1)
	return cell.Text + " " + string(shades[part])
}

// keys returns how many columns name a row.
func (t *Table) keys() int {
	n := 0
	for n < len(t.Columns) && t.Columns[n].Key {
		n++
	}
	return n
}

// title returns a row's key in words.
func (t *Table) title(r Row) string {
	var words []string
	for i := range t.keys() {
		if !r[i].says() {
			continue
		}
		words = append(words, strings.TrimSpace(t.Columns[i].Head+" "+r[i].Text))
	}
	return strings.Join(words, ", ")
}
