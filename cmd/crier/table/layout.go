package table

import (
	"slices"
	"strings"
	"unicode/utf8"

	"crier/cmd/crier/cli"
)

const (
	// indent stands before each line, and gap between two columns.
	indent = 2
	gap    = 2
)

// Width returns how wide the table is in one block.
func (t *Table) Width() int {
	t = t.Kept()
	return t.wide(numbers(0, len(t.Columns)))
}

// Text returns the table for a sheet. Where it is wider than that, what all rows have in
// common goes before it, and then its columns into several blocks, one below the other, each
// with the names of the rows. Where those leave no room for figures beside them, they stand
// on lines of their own.
func (t *Table) Text(s cli.Sheet) string {
	t = t.Kept()
	all := numbers(0, len(t.Columns))
	if t.wide(all) <= s.Width {
		return t.block(s, all, nil)
	}
	common, t := t.Common()
	if common != "" {
		common = s.Wrap("  "+common+"\n", 2) + "\n"
	}
	var names []string
	if t.crowded(s.Width) {
		names, t = t.unnamed()
	}
	var parts []string
	for _, b := range t.blocks(s.Width) {
		parts = append(parts, t.block(s, b, names))
	}
	return common + strings.Join(parts, "\n")
}

// crowded reports whether the keys leave too little of a width to the other columns.
func (t *Table) crowded(width int) bool {
	keys := numbers(0, t.keys())
	if t.wide(keys) > width/2 {
		return true
	}
	for i := len(keys); i < len(t.Columns); i++ {
		if t.wide(slices.Concat(keys, []int{i})) > width {
			return true
		}
	}
	return false
}

// unnamed returns the rows' names, and the table with an empty key in their place.
func (t *Table) unnamed() ([]string, *Table) {
	var names []string
	n := t.keys()
	out := &Table{Columns: slices.Concat([]Column{{Key: true}}, t.Columns[n:])}
	for _, r := range t.Rows {
		names = append(names, t.title(r))
		out.Rows = append(out.Rows, slices.Concat(Row{{}}, r[n:]))
	}
	return names, out
}

// numbers returns the numbers from, and before to.
func numbers(from, to int) []int {
	var list []int
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

// Common returns the keys that are the same in all rows, in words, and the table without them.
func (t *Table) Common() (string, *Table) {
	if len(t.Rows) == 0 {
		return "", t
	}
	var words []string
	var kept []int
	for i, c := range t.Columns {
		first := t.Rows[0][i].Text
		if c.Key && !slices.ContainsFunc(t.Rows, func(r Row) bool { return r[i].Text != first }) {
			words = append(words, strings.TrimSpace(c.Head+" "+first))
			continue
		}
		kept = append(kept, i)
	}
	out := &Table{Columns: pick(t.Columns, kept)}
	if len(words) == 0 || out.keys() == 0 && len(t.Rows) > 1 {
		return "", t
	}
	for _, r := range t.Rows {
		out.Rows = append(out.Rows, pick(r, kept))
	}
	text := strings.Join(words, ", ")
	if len(t.Rows) > 1 {
		text = "in all rows: " + text
	}
	return text, out
}

// blocks shares the columns out among blocks of a width. A group stays together where it can.
func (t *Table) blocks(width int) [][]int {
	keys := numbers(0, t.keys())
	var list [][]int
	block := slices.Clone(keys)
	add := func(columns []int) {
		more := slices.Concat(block, columns)
		if (t.wide(more) > width || t.Columns[columns[0]].Breaks) && len(block) > len(keys) {
			list = append(list, block)
			more = slices.Concat(keys, columns)
		}
		block = more
	}
	for i := len(keys); i < len(t.Columns); {
		n := i + 1
		for n < len(t.Columns) && t.Columns[i].Group != "" &&
			t.Columns[n].Group == t.Columns[i].Group {
			n++
		}
		if t.wide(slices.Concat(keys, numbers(i, n))) <= width {
			add(numbers(i, n))
		} else { // of a group that is too wide, each column by itself
			for ; i < n; i++ {
				add([]int{i})
			}
		}
		i = n
	}
	return append(list, block)
}

// wide returns the width of a block of columns.
func (t *Table) wide(block []int) int {
	sum := indent - gap
	for _, w := range t.widths(block) {
		sum += gap + w
	}
	return sum
}

// widths returns the widths of a block's columns.
func (t *Table) widths(block []int) []int {
	list := make([]int, len(block))
	for k, i := range block {
		c := t.Columns[i]
		list[k] = utf8.RuneCountInString(c.text(Cell{Text: c.Head, Shade: -1}))
		for _, r := range t.Rows {
			list[k] = max(list[k], utf8.RuneCountInString(c.text(r[i])))
		}
	}
	for _, g := range t.groups(block) {
		have := -gap
		for k := g.from; k < g.to; k++ {
			have += gap + list[k]
		}
		list[g.to-1] += max(0, utf8.RuneCountInString(g.name)-have)
	}
	return list
}

// group is a run of columns in a block, with one name.
type group struct {
	name     string
	from, to int
}

// groups returns the groups of a block.
func (t *Table) groups(block []int) []group {
	var list []group
	for k, i := range block {
		name := t.Columns[i].Group
		if n := len(list); name != "" && n > 0 && list[n-1].name == name && list[n-1].to == k {
			list[n-1].to++
		} else if name != "" {
			list = append(list, group{name, k, k + 1})
		}
	}
	return list
}

// block returns the lines of some columns, below the names of rows that aren't among those:
// one name for rows that share it, and none for rows that say nothing there.
func (t *Table) block(s cli.Sheet, block []int, names []string) string {
	widths := t.widths(block)
	heads := make(Row, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = Cell{Text: c.Head, Shade: -1}
	}
	text := t.over(block, widths) + t.line(s, block, widths, heads)
	last := ""
	for i, r := range t.Rows {
		if names != nil {
			if !slices.ContainsFunc(block, func(k int) bool { return r[k].says() }) {
				continue
			}
			if names[i] != last {
				text += s.Wrap("  "+names[i]+"\n", 2)
			}
			last = names[i]
		}
		text += t.line(s, block, widths, r)
	}
	return text
}

// over returns the line of the groups' names, or "" if a block has none.
func (t *Table) over(block, widths []int) string {
	var line strings.Builder
	at, column := indent, 0 // where the column begins, and where the line ends
	groups := t.groups(block)
	for k := range block {
		if len(groups) > 0 && groups[0].from == k {
			g, span := groups[0], -gap
			for _, w := range widths[g.from:g.to] {
				span += gap + w
			}
			n := utf8.RuneCountInString(g.name)
			start := at + (span-n)/2
			line.WriteString(strings.Repeat(" ", start-column) + g.name)
			column, groups = start+n, groups[1:]
		}
		at += widths[k] + gap
	}
	if line.Len() == 0 {
		return ""
	}
	return line.String() + "\n"
}

// line returns a row's cells in the columns of a block.
func (t *Table) line(s cli.Sheet, block, widths []int, r Row) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", indent-gap))
	for k, i := range block {
		words := t.Columns[i].text(r[i])
		space := strings.Repeat(" ", widths[k]-utf8.RuneCountInString(words))
		b.WriteString(strings.Repeat(" ", gap))
		if c := t.Columns[i]; c.Key || c.Left {
			b.WriteString(s.Paint(r[i].Tone, words) + space)
		} else {
			b.WriteString(space + s.Paint(r[i].Tone, words))
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}
