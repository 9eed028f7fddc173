package bench

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg" // SVG, in which the page's own colours can stand

	"crier/cmd/crier/hist"
)

// picture is one of the page's, drawn already.
type picture struct {
	SVG     template.HTML
	Caption string
}

const (
	pictureWidth = 440 // points: readable on a telephone, where it fills the screen
	barHeight    = 30
	curveHeight  = 300
	seriesColors = 6
)

// series is the colour of a line or bar. It is a name in disguise: inPage puts
// a variable of the page's style in its place, which differs in the dark.
func series(i int) color.Color { return color.RGBA{1, 2, uint8(1 + i%seriesColors), 255} }

var (
	seriesMark = regexp.MustCompile(`#01020([1-6])`)
	sizeMark   = regexp.MustCompile(`width="[^"]*" height="[^"]*"`)
)

// inPage turns a plot into a picture for the page.
func inPage(p *plot.Plot, height vg.Length, caption string) (picture, error) {
	c := vgsvg.New(pictureWidth, height)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return picture{}, fmt.Errorf("drawing %q: %w", caption, err)
	}
	svg := b.String()
	svg = svg[strings.Index(svg, "<svg"):]
	svg = sizeMark.ReplaceAllString(svg, `role="img" aria-label="`+html.EscapeString(caption)+`"`)
	svg = strings.ReplaceAll(svg, "#000000", "var(--ink)")
	svg = seriesMark.ReplaceAllString(svg, "var(--s$1)")
	return picture{template.HTML(svg), caption}, nil
}

// newPlot is one in the page's style.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	face := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, style := range []*draw.TextStyle{
		&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		size := style.Font.Size
		style.Font = font.From(face, max(size, 11))
	}
	p.Legend.Padding = 2
	return p
}

// pictures draws what there is to see in some cells of one benchmark.
func pictures(cells []*Cell) ([]picture, error) {
	var list []picture
	draw := func(p picture, err error) error {
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
			{"one way: the share of messages that came within a time", func(c *Cell) bool { return c.Way == wayOne }},
			{"round trip: the share that took at most a time", func(c *Cell) bool { return c.Way == wayTrip }},
			{"recovery: the share of repaired messages that took at most a time", func(c *Cell) bool { return c.Way == wayLoss || c.Way == wayGap }},
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
func bars(cells []*Cell, caption string, get func(*Figures) float64) (picture, error) {
	if len(cells) == 0 {
		return picture{}, nil
	}
	p := newPlot()
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
			return picture{}, err
		}
		bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, float64(i), series(0), 0
		p.Add(bar)
	}
	whiskers, err := plotter.NewXErrorBars(all)
	if err != nil {
		return picture{}, err
	}
	p.Add(whiskers)
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(cells))-0.4
	p.X.Min = 0
	p.X.Max *= 1.04 // the end of the longest whisker
	p.X.Tick.Marker = countTicks{}
	return inPage(p, vg.Length(40+barHeight*len(cells)), caption)
}

// growth draws a line a system and size over the number of subscribers.
func growth(cells []*Cell, caption string, get func(*Cell) float64) (picture, error) {
	p := newPlot()
	p.X.Label.Text = "subscribers"
	p.Legend.Top, p.Legend.Left = true, true
	p.X.Tick.Marker, p.Y.Tick.Marker = countTicks{}, countTicks{}
	lines, order := map[string]plotter.XYs{}, []string{}
	for _, c := range cells {
		name := fmt.Sprintf("%s %s", c.System, bytesText(c.Size))
		if c.Rate > 0 {
			name += fmt.Sprintf(" at %s/s", countText(c.Rate))
		}
		if lines[name] == nil {
			order = append(order, name)
		}
		lines[name] = append(lines[name], plotter.XY{X: float64(c.Subscribers), Y: get(c)})
	}
	for i, name := range order {
		line, points, err := plotter.NewLinePoints(lines[name])
		if err != nil {
			return picture{}, err
		}
		line.Color, line.Width, points.Color = series(i), 2, series(i)
		points.Shape = draw.CircleGlyph{}
		p.Add(line, points)
		p.Legend.Add(name, line)
	}
	p.Y.Min = 0
	return inPage(p, curveHeight, caption)
}

// curves draws the whole distribution of each cell, of all its runs, with the
// upper end stretched: each further nine takes as much room.
func curves(cells []*Cell, caption string) (picture, error) {
	p := newPlot()
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, timeTicks{}
	p.X.Tick.Marker = nineTicks{}
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
			return picture{}, err
		}
		l.Color, l.Width = series(i), 2
		if c.System == systemBare {
			l.Dashes = []vg.Length{4, 3}
		}
		p.Add(l)
		p.Legend.Add(c.name(), l)
		drawn++
	}
	if drawn == 0 {
		return picture{}, nil
	}
	p.Y.Max *= math.Pow(2, float64(drawn)) // room for the legend
	return inPage(p, curveHeight, caption)
}

// distribution places a histogram's points.
func distribution(points []hist.Point) plotter.XYs {
	var line plotter.XYs
	for _, p := range points {
		if p.Share < 1 && p.Value > 0 {
			line = append(line, plotter.XY{X: nines(p.Share), Y: float64(p.Value)})
		}
	}
	return line
}

// nines is 1 for 90 %, 2 for 99 %, and so on.
func nines(share float64) float64 { return -math.Log10(1 - share) }

type nineTicks struct{}

func (nineTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	for _, t := range []struct {
		share float64
		text  string
	}{{0, "0"}, {0.5, "50"}, {0.9, "90"}, {0.99, "99"}, {0.999, "99.9"}, {0.9999, "99.99"}, {0.99999, "99.999"}, {0.999999, "99.9999"}} {
		if x := nines(t.share); x <= most {
			list = append(list, plot.Tick{Value: x, Label: t.text})
		}
	}
	return list
}

// timeTicks marks powers of ten, of nanoseconds.
type timeTicks struct{}

func (timeTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	for p := math.Floor(math.Log10(max(least, 1))); p <= math.Ceil(math.Log10(max(most, 1))); p++ {
		at := math.Pow(10, p)
		for i := 1.0; i < 10; i++ {
			if v := at * i; v >= least && v <= most {
				label := ""
				if i == 1 {
					label = time.Duration(v).String()
				}
				list = append(list, plot.Tick{Value: v, Label: label})
			}
		}
	}
	return list
}

// countTicks are the usual ones, with short numbers.
type countTicks struct{}

func (countTicks) Ticks(least, most float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(least, most)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = countText(ticks[i].Value)
		}
	}
	return ticks
}
