package page

import (
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Bar is a bar from 0 to a median, with the least and the most.
type Bar struct {
	Name             string
	Median, Min, Max float64
}

// barHeight is the room of a bar, in points.
const barHeight = 30

// bars are the whiskers of bars.
type bars []Bar

func (b bars) Len() int                    { return len(b) }
func (b bars) XY(i int) (float64, float64) { return b[i].Median, float64(i) }
func (b bars) XError(i int) (float64, float64) {
	return b[i].Median - b[i].Min, b[i].Max - b[i].Median
}

// Bars draws a bar each, the first one at the top.
func Bars(list []Bar, caption string) (Picture, error) {
	if len(list) == 0 {
		return Picture{}, nil
	}
	p := newPlot()
	var all bars
	var names []string
	for i := range list {
		b := list[len(list)-1-i]
		bar, err := plotter.NewBarChart(plotter.Values{b.Median}, barHeight*0.6)
		if err != nil {
			return Picture{}, err
		}
		bar.Horizontal, bar.XMin = true, float64(i)
		bar.Color, bar.LineStyle.Width = series(0), 0
		p.Add(bar)
		all, names = append(all, b), append(names, b.Name+"  ")
	}
	whiskers, err := plotter.NewXErrorBars(all)
	if err != nil {
		return Picture{}, err
	}
	p.Add(whiskers)
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(list))-0.4
	p.X.Min = 0
	p.X.Max *= 1.04 // the end of the longest whisker
	p.X.Tick.Marker = evenTicks{}
	return drawn(p, vg.Length(40+barHeight*len(list)), caption)
}
