package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"strings"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is a file that a page with pictures goes to. It needs nothing but itself:
// the pictures are SVG, and there is no script. A nil page is none.
type page struct{ f *os.File }

// openPage makes the file before anything is measured.
func openPage(path string) (*page, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, usagef("--html %s can't be written (%v): name a file that can", path, plainError(err))
	}
	return &page{f}, nil
}

func (p *page) close() {
	if p != nil {
		p.f.Close()
	}
}

// section is one benchmark's part of the page.
type section struct {
	Title    string
	Pictures []picture
	Heads    []string
	Rows     [][]string
	Notes    string
}

// write fills the page.
func (p *page) write(b *bench, cells []*Cell, verdicts []verdict) error {
	if p == nil {
		return nil
	}
	data := struct {
		Kind, Command, Time, Environment, Compare string
		Sections                                  []section
		Verdicts                                  [][]string
	}{Kind: b.o.Kind, Command: strings.Join(append([]string{"crier"}, os.Args[1:]...), " "), Time: b.env.Time, Environment: b.env.text(), Compare: b.o.Compare}
	for _, part := range byBenchmark(cells) {
		s := section{Title: title(part[0].Benchmark), Notes: notes(part)}
		var err error
		if s.Pictures, err = pictures(part); err != nil {
			return err
		}
		columns := columnsOf(part)
		for _, col := range columns {
			s.Heads = append(s.Heads, col.head)
		}
		for _, c := range part {
			var row []string
			for _, col := range columns {
				row = append(row, col.text(c))
			}
			s.Rows = append(s.Rows, row)
		}
		data.Sections = append(data.Sections, s)
	}
	for i := range verdicts {
		v := &verdicts[i]
		data.Verdicts = append(data.Verdicts, []string{
			v.cell.name(), v.metric.name, v.metric.text(v.old.Median), v.metric.text(v.new.Median), v.change(), v.words(),
		})
	}
	if err := pageTemplate.Execute(p.f, data); err != nil {
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
