package page

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Strip is a row of bins, of time or of something else, of which some are coloured. One without
// Bins is a gap between others.
type Strip struct {
	Name string
	// Bins are the colours by bin, as in Line.Series.
	Bins map[int]int
}

// Strips are the strips of a picture, the first row at the top.
type Strips struct {
	Rows []Strip
	// X is the label of that axis, in place of seconds, and From where it begins.
	X    string
	From float64
	// Bin is how long a bin lasts, and Used how many there are.
	Bin   float64
	Used  int
	Marks Marks
}

// namedStrips is how many rows may have their names beside them.
const namedStrips = 24

// Draw draws the strips.
func (s *Strips) Draw(caption string) (Picture, error) {
	p := newPlot()
	p.X.Label.Text, p.X.Tick.Marker = "seconds", evenTicks{}
	if s.X != "" {
		p.X.Label.Text = s.X
	}
	if s.From != 0 {
		p.X.Tick.Marker = spanTicks{}
	}
	p.Add(stripPlotter{s})
	s.Marks.add(p, 0)
	var names []string
	n := len(s.Rows)
	for i := range s.Rows {
		name := ""
		if n <= namedStrips {
			name = s.Rows[n-1-i].Name
		}
		names = append(names, name)
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(n)-0.4+0.08*float64(n+8) // with room for the marks
	room := 1.03                                              // for the last tick's words
	if s.From != 0 {
		room = 1.06
	}
	p.X.Min, p.X.Max = s.From, s.From+s.Bin*float64(s.Used)*room
	return drawn(p, 50+vg.Length(min(18*n, 300)), caption)
}

// stripPlotter draws the rows.
type stripPlotter struct{ s *Strips }

// Plot implements plot.Plotter.
func (sp stripPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	s := sp.s
	x, y := p.Transforms(&c)
	for i, strip := range s.Rows {
		if strip.Bins == nil {
			continue
		}
		row := float64(len(s.Rows) - 1 - i)
		low, high := y(row-0.38), y(row+0.38)
		rect := func(from, to int, fill color.Color) {
			a, b := x(s.From+s.Bin*float64(from)), x(s.From+s.Bin*float64(to))
			c.FillPolygon(fill, []vg.Point{
				{X: a, Y: low}, {X: b, Y: low}, {X: b, Y: high}, {X: a, Y: high},
			})
		}
		rect(0, s.Used, faint)
		for bin := 0; bin < s.Used; {
			n, ok := strip.Bins[bin]
			to := bin + 1
			for ; ok && to < s.Used; to++ { // one piece of what is alike, without seams
				if next, more := strip.Bins[to]; !more || next != n {
					break
				}
			}
			if ok {
				rect(bin, to, series(n))
			}
			bin = to
		}
	}
}
