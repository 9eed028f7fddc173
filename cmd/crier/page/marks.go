package page

import (
	"cmp"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Mark is something that happened at a time, in seconds.
type Mark struct {
	Text string
	At   float64
	// For is how long it lasted; 0: not at all.
	For float64
}

// Marks are the marks of a picture.
type Marks struct {
	List []Mark
	// End is when the picture ends, in seconds.
	End float64
}

// add draws the marks into a plot, so far below its top.
func (m *Marks) add(p *plot.Plot, below vg.Length) { p.Add(&markPlotter{m, below}) }

// markPlotter draws an upright line at each mark, with its text, and a beam as long as it
// lasts.
type markPlotter struct {
	marks *Marks
	below vg.Length // the top: under a legend
}

// markLabel is a text at a place.
type markLabel struct {
	at   vg.Length
	text string
}

// Plot implements plot.Plotter.
func (m *markPlotter) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	top := c.Max.Y - m.below
	label := &p.X.Tick.Label
	style := text.Style{
		Color: series(5), Font: label.Font, Handler: label.Handler,
		XAlign: text.XCenter, YAlign: text.YTop,
	}
	line := draw.LineStyle{Color: series(5), Width: 0.6, Dashes: []vg.Length{2, 2}}
	var labels []markLabel
	for _, mark := range m.marks.List {
		if mark.At > m.marks.End {
			continue
		}
		if mark.For > 0 {
			beam := line
			beam.Width, beam.Dashes = 2, nil
			c.StrokeLine2(beam, x(mark.At), top, x(min(mark.At+mark.For, m.marks.End)), top)
		}
		labels = append(labels, markLabel{x(mark.At), mark.Text})
	}
	for _, l := range joined(labels, style.Font.Size/2) {
		c.StrokeLine2(line, l.at, c.Min.Y, l.at, top-style.Font.Size-2)
		c.FillText(style, vg.Point{X: l.at, Y: top - 2}, l.text)
	}
}

// joined makes one label of those that are too close to be told apart.
func joined(labels []markLabel, apart vg.Length) []markLabel {
	slices.SortStableFunc(labels, func(a, b markLabel) int { return cmp.Compare(a.at, b.at) })
	var list []markLabel
	for i := 0; i < len(labels); {
		l, n := labels[i], i+1
		for ; n < len(labels) && labels[n].at-l.at < apart; n++ {
			if !strings.Contains(l.text, labels[n].text) {
				l.text += labels[n].text
			}
		}
		list = append(list, l)
		i = n
	}
	return list
}
