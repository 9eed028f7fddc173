package sim

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"crier/cmd/crier/page"
)

// text returns a line for each combination, and a map of two values.
func (s *sweep) text(metric string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d combinations, %d seeds each from %d; medians over the seeds\n\n",
		s.Scenario, len(s.Cells), s.Seeds, s.First)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, a := range s.Axes {
		fmt.Fprintf(w, "%s\t", a.Key)
	}
	for _, m := range metrics {
		fmt.Fprintf(w, "%s\t", m.head)
	}
	fmt.Fprintln(w, "promise\t")
	for _, c := range s.Cells {
		for _, v := range c.Values {
			fmt.Fprintf(w, "%s\t", v)
		}
		for i, m := range metrics {
			fmt.Fprintf(w, "%s\t", c.figure(i, m))
		}
		fmt.Fprintf(w, "%s\t\n", c.promise())
	}
	w.Flush()
	if len(s.Axes) == 2 {
		b.WriteString("\n" + s.mapText(metric))
	}
	return b.String()
}

// figure returns a metric's median in words.
func (c *cell) figure(i int, m metric) string {
	if c.Median[i] == nil {
		return "-"
	}
	return m.text(*c.Median[i])
}

func (c *cell) promise() string {
	if len(c.Broken) > 0 {
		return fmt.Sprintf("broken %d times", len(c.Broken))
	}
	return "kept"
}

// at returns the cell of a row and a column of the map.
func (s *sweep) at(row, column int) *cell {
	return s.Cells[row*len(s.Axes[1].Values)+column]
}

// greatest returns the greatest value of a metric.
func (s *sweep) greatest(metric int) float64 {
	most := 0.0
	for _, c := range s.Cells {
		if v := c.Median[metric]; v != nil {
			most = max(most, *v)
		}
	}
	return most
}

// mapText draws a metric over two values: the first down, the second across, and
// behind each figure how much of the greatest it is.
func (s *sweep) mapText(metric string) string {
	i := 0
	for metrics[i].name != metric {
		i++
	}
	m, most := metrics[i], s.greatest(i)
	shades := []rune(" ░▒▓█")
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s down, %s across\n\n", m.head, s.Axes[0].Key, s.Axes[1].Key)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t")
	for _, v := range s.Axes[1].Values {
		fmt.Fprintf(w, "%s  \t", v)
	}
	fmt.Fprintln(w)
	for row, v := range s.Axes[0].Values {
		fmt.Fprintf(w, "%s\t", v)
		for column := range s.Axes[1].Values {
			c := s.at(row, column)
			shade := ' '
			if v := c.Median[i]; v != nil && most > 0 {
				shade = shades[min(int(*v/most*float64(len(shades))), len(shades)-1)]
			}
			fmt.Fprintf(w, "%s %c\t", c.figure(i, m), shade)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	return b.String()
}

// sweepPage returns a sweep as a page: a table, and a map a metric where two values were
// varied.
func sweepPage(s *sweep, command string) (*page.Page, error) {
	p := &page.Page{
		Title: "crier sim sweep " + s.Scenario, Heading: "Sweep of " + s.Scenario, Command: command,
		Facts: fmt.Sprintf("%d combinations, %d seeds each from %d; medians over the seeds",
			len(s.Cells), s.Seeds, s.First),
	}
	if len(s.Axes) == 2 {
		for i, m := range metrics {
			most := s.greatest(i)
			if most == 0 {
				continue
			}
			t := page.Table{Left: 1, Heads: append([]string{s.Axes[0].Key}, s.Axes[1].Values...)}
			for row, v := range s.Axes[0].Values {
				line := []string{v}
				for column := range s.Axes[1].Values {
					line = append(line, s.at(row, column).figure(i, m))
				}
				t.Rows = append(t.Rows, line)
			}
			t.Shade = func(row, column int) float64 {
				if column == 0 || s.at(row, column-1).Median[i] == nil {
					return -1
				}
				return *s.at(row, column-1).Median[i] / most
			}
			p.Sections = append(p.Sections,
				page.Section{Title: m.head, Intro: s.Axes[0].Key + " down, " + s.Axes[1].Key +
					" across", Table: t})
		}
	}
	t := page.Table{Left: len(s.Axes)}
	for _, a := range s.Axes {
		t.Heads = append(t.Heads, a.Key)
	}
	for _, m := range metrics {
		t.Heads = append(t.Heads, m.head)
	}
	t.Heads = append(t.Heads, "promise")
	for _, c := range s.Cells {
		row := append([]string{}, c.Values...)
		for i, m := range metrics {
			row = append(row, c.figure(i, m))
		}
		t.Rows = append(t.Rows, append(row, c.promise()))
	}
	p.Sections = append(p.Sections, page.Section{Title: "All combinations", Table: t})
	return p, nil
}
