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

// markLabel is the text of marks that are too close to have one each.
type markLabel struct {
	at    []vg.Length
	texts []string
}

// text returns the marks, from the first to the last of many.
func (l *markLabel) text() string {
	const most = 4
	if n := len(l.texts); n > most {
		return l.texts[0] + "…" + l.texts[n-1]
	}
	return strings.Join(l.texts, "+")
}

// middle returns where the text stands.
func (l *markLabel) middle() vg.Length { return (l.at[0] + l.at[len(l.at)-1]) / 2 }

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
		labels = append(labels, markLabel{[]vg.Length{x(mark.At)}, []string{mark.Text}})
	}
	for _, l := range joined(labels, style.Width) {
		text := l.text()
		for i, at := range l.at {
			if i == 0 || at-l.at[i-1] >= 1 {
				c.StrokeLine2(line, at, c.Min.Y, at, top-style.Font.Size-2)
			}
		}
		// The text stays within the picture.
		half := style.Width(text) / 2
		at := min(max(l.middle(), c.Min.X+half), c.Max.X-half)
		c.FillText(style, vg.Point{X: at, Y: top - 2}, text)
	}
}

// joined makes one label of those that would touch; width is that of a text.
func joined(labels []markLabel, width func(string) vg.Length) []markLabel {
	slices.SortStableFunc(labels, func(a, b markLabel) int { return cmp.Compare(a.at[0], b.at[0]) })
	var list []markLabel
	ends := func(l *markLabel) (from, to vg.Length) {
		half := width(l.text()+" ") / 2
		return l.middle() - half, l.middle() + half
	}
	for _, l := range labels {
		list = append(list, l)
		for len(list) > 1 {
			before, last := &list[len(list)-2], &list[len(list)-1]
			_, to := ends(before)
			if from, _ := ends(last); from >= to {
				break
			}
			before.at = append(before.at, last.at...)
			for _, text := range last.texts {
				if !slices.Contains(before.texts, text) {
					before.texts = append(before.texts, text)
				}
			}
			list = list[:len(list)-1]
		}
	}
	return list
}
