package report

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/page"
)

const (
	barHeight   = 30
	curveHeight = 300
)

// pictures draws what there is to see in some cells of one benchmark.
func pictures(cells []*Cell) ([]page.Picture, error) {
	var list []page.Picture
	draw := func(p page.Picture, err error) error {
		if err == nil && p.SVG != "" {
			list = append(list, p)
		}
		return err
	}
	var err error
	switch cells[0].Benchmark {
	case Throughput:
		err = draw(bars(cells, "messages a second, with the least and the most of the runs", func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(bars(cells, "processor time for a message, all processes, in ns", func(f *Figures) float64 { return f.CPU }))
		}
	case Fanout:
		err = draw(growth(cells, "processor time for a message, all processes, in ns", func(c *Cell) float64 { return c.CPU }))
		if err == nil {
			err = draw(growth(cells, "processor time for a message at the publisher, in ns", func(c *Cell) float64 { return c.PublisherCPU }))
		}
		if err == nil {
			err = draw(growth(cells, "bytes that the publisher sends for a message", func(c *Cell) float64 { return c.SentBytes }))
		}
	case Overload, Spilling:
		err = draw(bars(filter(cells, func(c *Cell) bool { return c.Rate == 0 }), "messages a second at the slowest healthy one, with the least and the most of the runs", func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(curves(filter(cells, func(c *Cell) bool { return c.Rate > 0 }), "one way at the healthy ones: the share of messages that came within a time"))
		}
	case Limits:
		err = draw(bars(filter(cells, func(c *Cell) bool { return c.Rate == 0 && c.Trip == nil }), "datagrams a second", func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(curves(filter(cells, func(c *Cell) bool { return c.Rate > 0 || c.Trip != nil }), "times of bare datagrams"))
		}
	default:
		for _, part := range []struct {
			caption string
			of      func(*Cell) bool
		}{
			{"one way: the share of messages that came within a time", func(c *Cell) bool { return c.Way == WayOne }},
			{"round trip: the share that took at most a time", func(c *Cell) bool { return c.Way == WayTrip }},
			{"recovery: the share of repaired messages that took at most a time", func(c *Cell) bool { return c.Way == wayLoss || c.Way == wayFound || c.Way == wayGap }},
		} {
			if err = draw(curves(filter(cells, part.of), part.caption)); err != nil {
				break
			}
		}
	}
	return list, err
}

func filter(cells []*Cell, keep func(*Cell) bool) []*Cell {
	var list []*Cell
	for _, c := range cells {
		if keep(c) {
			list = append(list, c)
		}
	}
	return list
}

// span is the least and the most of a bar's runs.
type span struct{ spreads []Spread }

func (s span) Len() int                    { return len(s.spreads) }
func (s span) XY(i int) (float64, float64) { return s.spreads[i].Median, float64(i) }
func (s span) XError(i int) (float64, float64) {
	return s.spreads[i].Median - s.spreads[i].Min, s.spreads[i].Max - s.spreads[i].Median
}

// bars draws one bar a cell.
func bars(cells []*Cell, caption string, get func(*Figures) float64) (page.Picture, error) {
	if len(cells) == 0 {
		return page.Picture{}, nil
	}
	p := page.NewPlot()
	var all span
	var names []string
	for i := len(cells) - 1; i >= 0; i-- { // the first at the top
		var v []float64
		for j := range cells[i].Each {
			v = append(v, get(&cells[i].Each[j]))
		}
		all.spreads = append(all.spreads, spread(v))
		names = append(names, cells[i].name())
	}
	for i, s := range all.spreads {
		bar, err := plotter.NewBarChart(plotter.Values{s.Median}, barHeight*0.6)
		if err != nil {
			return page.Picture{}, err
		}
		bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, float64(i), page.Series(0), 0
		p.Add(bar)
	}
	whiskers, err := plotter.NewXErrorBars(all)
	if err != nil {
		return page.Picture{}, err
	}
	p.Add(whiskers)
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(cells))-0.4
	p.X.Min = 0
	p.X.Max *= 1.04 // the end of the longest whisker
	p.X.Tick.Marker = page.CountTicks{}
	return page.Draw(p, vg.Length(40+barHeight*len(cells)), caption)
}

// growth draws a line a system and size over the number of subscribers.
func growth(cells []*Cell, caption string, get func(*Cell) float64) (page.Picture, error) {
	p := page.NewPlot()
	p.X.Label.Text = "subscribers"
	p.Legend.Top, p.Legend.Left = true, true
	p.X.Tick.Marker, p.Y.Tick.Marker = page.CountTicks{}, page.CountTicks{}
	lines, order := map[string]plotter.XYs{}, []string{}
	for _, c := range cells {
		name := fmt.Sprintf("%s %s", c.System, cli.Bytes(c.Size))
		if c.Rate > 0 {
			name += fmt.Sprintf(" at %s/s", CountText(c.Rate))
		}
		if lines[name] == nil {
			order = append(order, name)
		}
		lines[name] = append(lines[name], plotter.XY{X: float64(c.Subscribers), Y: get(c)})
	}
	for i, name := range order {
		line, points, err := plotter.NewLinePoints(lines[name])
		if err != nil {
			return page.Picture{}, err
		}
		line.Color, line.Width, points.Color = page.Series(i), 2, page.Series(i)
		points.Shape = draw.CircleGlyph{}
		p.Add(line, points)
		p.Legend.Add(name, line)
	}
	p.Y.Min = 0
	return page.Draw(p, curveHeight, caption)
}

// curves draws the whole distribution of each cell, of all its runs, with the
// upper end stretched: each further nine takes as much room.
func curves(cells []*Cell, caption string) (page.Picture, error) {
	p := page.NewPlot()
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, page.TimeTicks{}
	p.X.Tick.Marker = page.NineTicks{}
	p.X.Label.Text = "share of the messages, per cent"
	p.Legend.Top, p.Legend.Left = true, true
	drawn := 0
	for i, c := range cells {
		line := distribution(c.latency.Points())
		if len(line) < 2 {
			continue
		}
		l, err := plotter.NewLine(line)
		if err != nil {
			return page.Picture{}, err
		}
		l.Color, l.Width = page.Series(i), 2
		if c.System == SystemBare {
			l.Dashes = []vg.Length{4, 3}
		}
		p.Add(l)
		p.Legend.Add(c.name(), l)
		drawn++
	}
	if drawn == 0 {
		return page.Picture{}, nil
	}
	p.Y.Max *= math.Pow(2, float64(drawn)) // room for the legend
	return page.Draw(p, curveHeight, caption)
}

// distribution places a histogram's points.
func distribution(points []hist.Point) plotter.XYs {
	var line plotter.XYs
	for _, p := range points {
		if p.Share < 1 && p.Value > 0 {
			line = append(line, plotter.XY{X: page.Nines(p.Share), Y: float64(p.Value)})
		}
	}
	return line
}
