package report

import (
	"io"

	"crier/cmd/crier/page"
)

// WritePage writes the report as a page with pictures.
func (r *Report) WritePage(out io.Writer) error {
	data := page.Page{
		Title: "crier bench " + r.Kind, Heading: "crier bench " + r.Kind, Command: r.Command,
		Facts: r.Environment.Time + "\n" + r.Environment.text(),
	}
	if r.Interrupted != "" {
		data.Warning = r.partial()
	}
	for _, part := range byBenchmark(r.Cells) {
		s := page.Section{Title: title(part[0].Benchmark), Notes: notes(part)}
		var err error
		if s.Pictures, err = pictures(part); err != nil {
			return err
		}
		s.Table = tableOf(part)
		data.Sections = append(data.Sections, s)
	}
	if len(r.verdicts) > 0 {
		data.Sections = append(data.Sections, page.Section{
			Title: "Against " + r.before, Table: verdictTable(r.verdicts),
			Notes: "By the Mann-Whitney U test over the runs, at the 5 % level.",
		})
	}
	return data.Write(out)
}

// byBenchmark groups cells that stand together.
func byBenchmark(cells []*Cell) [][]*Cell {
	var parts [][]*Cell
	for len(cells) > 0 {
		n := 1
		for n < len(cells) && cells[n].Benchmark == cells[0].Benchmark {
			n++
		}
		parts = append(parts, cells[:n])
		cells = cells[n:]
	}
	return parts
}
