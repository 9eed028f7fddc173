package sim

import (
	"fmt"
	"slices"
	"strings"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/page"
	"crier/cmd/crier/table"
)

// about tells what was varied, and how often.
func (s *sweep) about() string {
	var keys []string
	for _, a := range s.Axes {
		keys = append(keys, a.Key)
	}
	of := ""
	if len(keys) > 0 {
		of = " of " + strings.Join(keys, " and ")
	}
	return fmt.Sprintf("%s%s, %s each from %d; medians over the seeds",
		cli.Counted(uint64(s.combinations()), "combination", "combinations"), of,
		cli.Counted(uint64(s.Seeds), "seed", "seeds"), s.First)
}

// text returns a line for each combination, and a map of two values.
func (s *sweep) text(metric string, sheet cli.Sheet) string {
	text := ""
	if s.Interrupted != "" {
		text = sheet.Paint(cli.Noted, s.partial()) + "\n\n"
	}
	text += sheet.Wrap(s.Scenario+", "+s.about()+"\n", 2) + "\n" + s.table().Text(sheet)
	if len(s.Axes) == 2 {
		i := 0
		for metrics[i].name != metric {
			i++
		}
		text += fmt.Sprintf("\n%s\n%s", sheet.Wrap(metrics[i].title()+": "+s.across()+"\n", 2),
			s.chart(i).Text(sheet))
	}
	return text
}

// partial tells that the sweep isn't whole.
func (s *sweep) partial() string { return "PARTIAL: interrupted " + s.Interrupted }

// across names the axes of maps.
func (s *sweep) across() string { return s.Axes[0].Key + " down, " + s.Axes[1].Key + " across" }

// table lists all combinations.
func (s *sweep) table() *table.Table {
	t := &table.Table{}
	for _, a := range s.Axes {
		t.Columns = append(t.Columns, table.Column{Head: s.short(a.Key), Key: true})
	}
	for _, m := range metrics {
		t.Columns = append(t.Columns, table.Column{Group: m.group, Head: m.head})
	}
	t.Columns = append(t.Columns, table.Column{Head: "promise", Left: true})
	for _, c := range s.Cells {
		var row []any
		for _, v := range c.Values {
			row = append(row, v)
		}
		for i, m := range metrics {
			cell := table.Cell{Text: c.figure(i, m)}
			if m.name == "lost" && c.Median[i] != nil && *c.Median[i] > 0 {
				cell.Tone = cli.Bad
			}
			row = append(row, cell)
		}
		t.Add(append(row, c.promise())...)
	}
	return t
}

// short returns the end of a key that no other axis has.
func (s *sweep) short(key string) string {
	for at := strings.LastIndexByte(key, '.'); at >= 0; at = strings.LastIndexByte(key[:at], '.') {
		end := key[at+1:]
		same := func(a axis) bool { return a.Key != key && strings.HasSuffix("."+a.Key, "."+end) }
		if !slices.ContainsFunc(s.Axes, same) {
			return end
		}
	}
	return key
}

// figure returns a metric's median in words.
func (c *cell) figure(i int, m metric) string {
	if c.Median[i] == nil {
		return "-"
	}
	return m.text(*c.Median[i])
}

func (c *cell) promise() table.Cell {
	if len(c.Broken) > 0 {
		return table.Cell{Tone: cli.Bad,
			Text: "broken " + cli.Counted(uint64(len(c.Broken)), "time", "times")}
	}
	return table.Cell{Text: "kept"}
}

// at returns the cell of a row and a column of the map, or nil if none of its runs was played.
func (s *sweep) at(row, column int) *cell {
	values := []string{s.Axes[0].Values[row], s.Axes[1].Values[column]}
	for _, c := range s.Cells {
		if slices.Equal(c.Values, values) {
			return c
		}
	}
	return nil
}

// ends returns the least and the greatest value of a metric.
func (s *sweep) ends(metric int) (least, most float64) {
	first := true
	for _, c := range s.Cells {
		if v := c.Median[metric]; v != nil {
			if first {
				least, most, first = *v, *v, false
			}
			least, most = min(least, *v), max(most, *v)
		}
	}
	return least, most
}

// chart returns a metric over two values: the first down, the second across. A value stands
// out by how far it is above the least, as a part of the greatest: equal values don't at all.
func (s *sweep) chart(metric int) *table.Table {
	m := metrics[metric]
	least, most := s.ends(metric)
	t := &table.Table{Columns: []table.Column{{Key: true}}}
	for _, v := range s.Axes[1].Values {
		t.Columns = append(t.Columns, table.Column{Head: v, Shaded: true})
	}
	for row, v := range s.Axes[0].Values {
		line := []any{v}
		for column := range s.Axes[1].Values {
			cell := table.Cell{Text: "-", Shade: -1}
			if c := s.at(row, column); c != nil && c.Median[metric] != nil {
				cell.Text = c.figure(metric, m)
				if cell.Shade = 0; most > 0 {
					cell.Shade = (*c.Median[metric] - least) / most
				}
			}
			line = append(line, cell)
		}
		t.Add(line...)
	}
	return t
}

// sweepPage returns a sweep as a page: a table, and a map a metric where two values were
// varied.
func sweepPage(s *sweep, command string) (*page.Page, error) {
	p := &page.Page{
		Title: "crier sim sweep " + s.Scenario, Heading: "Sweep of " + s.Scenario, Command: command,
		Facts: s.about(),
	}
	if s.Interrupted != "" {
		p.Warning = s.partial()
	}
	if len(s.Axes) == 2 {
		p.Intro = "Each map has " + s.across() + ". The deeper the colour, the further is a " +
			"value above the least."
		for i, m := range metrics {
			if _, most := s.ends(i); most == 0 {
				continue
			}
			p.Sections = append(p.Sections,
				page.Section{Title: m.title(), Table: s.chart(i)})
		}
	}
	p.Sections = append(p.Sections, page.Section{Title: "All combinations", Table: s.table()})
	return p, nil
}
