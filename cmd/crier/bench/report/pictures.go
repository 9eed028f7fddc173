package report

import (
	"fmt"
	"slices"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/page"
)

// pictures draws the cells of a benchmark.
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
		err = draw(bars(cells, "messages a second, with the least and the most of the runs",
			func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(bars(cells, "processor time for a message, all processes, in ns",
				func(f *Figures) float64 { return f.CPU }))
		}
	case Fanout:
		err = draw(growth(cells, "processor time for a message, all processes, in ns",
			func(c *Cell) float64 { return c.CPU }))
		if err == nil {
			err = draw(growth(cells, "processor time for a message at the publisher, in ns",
				func(c *Cell) float64 { return c.PublisherCPU }))
		}
		if err == nil {
			err = draw(growth(cells, "bytes that the publisher sends for a message",
				func(c *Cell) float64 { return c.SentBytes }))
		}
	case Overload, Spilling, Recording, History, Partitions, Keys, Feeds, Teams:
		err = draw(bars(filter(cells, func(c *Cell) bool { return c.Rate == 0 }),
			"messages a second at the slowest healthy one, with the least and the most of the runs",
			func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(curves(filter(cells, func(c *Cell) bool { return c.Rate > 0 }),
				"one way at the healthy ones: the share of messages that came within a time"))
		}
	case Limits:
		err = draw(bars(filter(cells, func(c *Cell) bool { return c.Rate == 0 && c.Trip == nil }),
			"datagrams a second", func(f *Figures) float64 { return f.MessagesPerSecond }))
		if err == nil {
			err = draw(curves(filter(cells,
				func(c *Cell) bool { return c.Rate > 0 || c.Trip != nil }),
				"times of bare datagrams"))
		}
	default:
		for _, part := range []struct {
			caption string
			of      func(*Cell) bool
		}{
			{"one way: the share of messages that came within a time",
				func(c *Cell) bool { return c.Way == WayOne }},
			{"round trip: the share that took at most a time",
				func(c *Cell) bool { return c.Way == WayTrip }},
			{"recovery: the share of repaired messages that took at most a time",
				func(
					c *Cell) bool {
					return c.Way == wayLoss || c.Way == wayFound || c.Way == wayGap
				}},
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

// bars draws one bar a cell.
func bars(cells []*Cell, caption string, get func(*Figures) float64) (page.Picture, error) {
	var list []page.Bar
	for _, c := range cells {
		var v []float64
		for j := range c.Each {
			v = append(v, get(&c.Each[j]))
		}
		s := spread(v)
		list = append(list, page.Bar{Name: c.name(), Median: s.Median, Min: s.Min, Max: s.Max})
	}
	return page.Bars(list, caption)
}

// growth draws a line for each system and size over the number of subscribers.
func growth(cells []*Cell, caption string, get func(*Cell) float64) (page.Picture, error) {
	var lines []page.Line
	for _, c := range cells {
		name := fmt.Sprintf("%s %s", c.System, cli.Bytes(c.Size))
		if c.Rate > 0 {
			name += fmt.Sprintf(" at %s", cli.PerSecond(c.Rate))
		}
		i := slices.IndexFunc(lines, func(l page.Line) bool { return l.Name == name })
		if i < 0 {
			i = len(lines)
			lines = append(lines, page.Line{Name: name, Series: i})
		}
		point := page.Point{X: float64(c.Subscribers), Y: get(c)}
		lines[i].Points = append(lines[i].Points, point)
	}
	return page.Growth(lines, "subscribers", caption)
}

// curves draws the whole distribution of each cell, of all its runs.
func curves(cells []*Cell, caption string) (page.Picture, error) {
	var lines []page.Line
	for i, c := range cells {
		line := page.Line{Name: c.name(), Series: i, Dashed: c.System == SystemBare}
		for _, p := range c.latency.Points() {
			if p.Share < 1 && p.Value > 0 {
				point := page.Point{X: page.Nines(p.Share), Y: float64(p.Value)}
				line.Points = append(line.Points, point)
			}
		}
		if len(line.Points) >= 2 {
			lines = append(lines, line)
		}
	}
	return page.Distributions(lines, "share of the messages", caption)
}
