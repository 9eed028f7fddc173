package page

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is a point of a line.
type Point struct{ X, Y float64 }

// Line is a line of a picture.
type Line struct {
	// Name stands in the legend; a line without one isn't there.
	Name   string
	Points []Point
	// Series is the colour, from 0.
	Series int
	// Dashed lines stand back behind the others.
	Dashed bool
}

// xys returns the points as gonum takes them.
func (l *Line) xys() plotter.XYs {
	var list plotter.XYs
	for _, p := range l.Points {
		list = append(list, plotter.XY(p))
	}
	return list
}

// add draws a line into a plot.
func (l *Line) add(p *plot.Plot) error {
	line, err := plotter.NewLine(l.xys())
	if err != nil {
		return err
	}
	line.Color, line.Width = series(l.Series), 2
	if l.Dashed {
		line.Dashes = []vg.Length{4, 3}
	}
	p.Add(line)
	if l.Name != "" {
		p.Legend.Add(l.Name, line)
	}
	return nil
}

// Distributions draws the share of values up to a time, in nanoseconds, on a logarithmic
// scale. The points' X are Nines.
func Distributions(lines []Line, of, caption string) (Picture, error) {
	if len(lines) == 0 {
		return Picture{}, nil
	}
	p := newPlot()
	p.Y.Scale, p.Y.Tick.Marker, p.X.Tick.Marker = plot.LogScale{}, timeTicks{}, nineTicks{}
	p.X.Label.Text = of + ", per cent"
	p.Legend.Top, p.Legend.Left = true, true
	for i := range lines {
		if err := lines[i].add(p); err != nil {
			return Picture{}, err
		}
	}
	if p.Y.Max < 2*p.Y.Min { // a scale needs something between its ends
		p.Y.Min, p.Y.Max = p.Y.Min/1.5, p.Y.Max*1.5
	}
	p.Y.Min = below(p.Y.Min)
	return drawn(p, clearLegend(p, height), caption)
}

// Growth draws a line with a dot at each point, from 0 on.
func Growth(lines []Line, x, caption string) (Picture, error) {
	p := newPlot()
	p.X.Label.Text = x
	p.Legend.Top, p.Legend.Left = true, true
	p.X.Tick.Marker, p.Y.Tick.Marker = wholeTicks{}, evenTicks{}
	for i := range lines {
		line, points, err := plotter.NewLinePoints(lines[i].xys())
		if err != nil {
			return Picture{}, err
		}
		line.Color, line.Width = series(lines[i].Series), 2
		points.Color, points.Shape = line.Color, draw.CircleGlyph{}
		p.Add(line, points)
		p.Legend.Add(lines[i].Name, line)
	}
	p.X.Min, p.Y.Min = 0, 0
	return drawn(p, clearLegend(p, height), caption)
}

// Timeline is a picture of what happened over time, in seconds.
type Timeline struct {
	Y string // the label of that axis
	// Bytes tells that its values are numbers of bytes.
	Bytes bool
	Lines []Line
	Marks Marks
	// Low pictures have three quarters of the usual height.
	Low bool
}

// ticks returns the marks of the upright axis.
func (t *Timeline) ticks() plot.Ticker {
	if t.Bytes {
		return byteTicks{}
	}
	return evenTicks{}
}

// Draw draws the timeline.
func (t *Timeline) Draw(caption string) (Picture, error) {
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = "seconds", t.Y
	p.X.Tick.Marker, p.X.Min = evenTicks{}, 0
	p.Y.Tick.Marker, p.Y.Min = t.ticks(), 0
	p.Legend.Top, p.Legend.Left = true, true
	below := vg.Length(0)
	for i := range t.Lines {
		if err := t.Lines[i].add(p); err != nil {
			return Picture{}, err
		}
		if t.Lines[i].Name != "" {
			below = 42
		}
	}
	if below > 0 {
		p.Y.Max *= 1.35 // room for the legend
	}
	if len(t.Marks.List) > 0 {
		p.Y.Max *= 1.15
	}
	t.Marks.add(p, below)
	p.X.Max *= 1.03 // room for the last tick's words
	size := height
	if t.Low {
		size = height * 3 / 4
	}
	return drawn(p, size, caption)
}
