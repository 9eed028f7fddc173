package bench

import (
	"fmt"
	"os"
	"strings"

	"crier/cmd/crier/page"
)

// report is a file that a page with pictures goes to. A nil report is none.
type report struct{ f *os.File }

// openPage makes the file before anything is measured.
func openPage(path string) (*report, error) {
	if path == "" {
		return nil, nil
	}
	f, err := create("--html", path)
	if err != nil {
		return nil, err
	}
	return &report{f}, nil
}

// create makes a file that a flag names.
func create(flag, path string) (*os.File, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, usagef("%s %s can't be written (%v): name a file that can", flag, path, plainError(err))
	}
	return f, nil
}

func (p *report) close() {
	if p != nil {
		p.f.Close()
	}
}

// write fills the page.
func (p *report) write(b *bench, cells []*Cell, verdicts []verdict) error {
	if p == nil {
		return nil
	}
	command := b.o.Command
	if command == "" {
		command = strings.Join(append([]string{"crier"}, os.Args[1:]...), " ")
	}
	data := page.Page{
		Title: "crier bench " + b.o.Kind, Heading: "crier bench " + b.o.Kind, Command: command,
		Facts: b.env.Time + "\n" + b.env.text(),
	}
	for _, part := range byBenchmark(cells) {
		s := page.Section{Title: title(part[0].Benchmark), Notes: notes(part)}
		var err error
		if s.Pictures, err = pictures(part); err != nil {
			return err
		}
		columns := columnsOf(part)
		for _, col := range columns {
			s.Table.Heads = append(s.Table.Heads, col.head)
		}
		for _, c := range part {
			var row []string
			for _, col := range columns {
				row = append(row, col.text(c))
			}
			s.Table.Rows = append(s.Table.Rows, row)
		}
		data.Sections = append(data.Sections, s)
	}
	if len(verdicts) > 0 {
		t := page.Table{Left: 6, Heads: []string{"what", "figure", "it was", "it is", "change", "verdict"}}
		for i := range verdicts {
			v := &verdicts[i]
			t.Rows = append(t.Rows, []string{
				v.cell.name(), v.metric.name, v.metric.text(v.old.Median), v.metric.text(v.new.Median), v.change(), v.words(),
			})
		}
		data.Sections = append(data.Sections, page.Section{
			Title: "Against " + b.o.Compare, Table: t,
			Notes: "By the Mann-Whitney U test over the runs, at the 5 % level.",
		})
	}
	if err := data.Write(p.f); err != nil {
		return fmt.Errorf("--html: %w", err)
	}
	return nil
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
