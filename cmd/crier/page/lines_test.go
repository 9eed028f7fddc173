package page

import (
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// However many lines a legend has, and however flat or steep they are, none runs through it.
func TestLegendIsClear(t *testing.T) {
	for n := 1; n <= 12; n++ {
		for _, most := range []float64{2e3, 1e5, 1e10} {
			p := newPlot()
			p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, timeTicks{}
			p.Legend.Top, p.Legend.Left = true, true
			for i := range n {
				l := Line{Name: "crier 64 B to 8 at 10 k/s", Series: i,
					Points: []Point{{0, 1e3}, {1, most}}}
				if err := l.add(p); err != nil {
					t.Fatal(err)
				}
			}
			c := p.DataCanvas(draw.New(vgsvg.New(width, clearLegend(p, height))))
			_, y := p.Transforms(&c)
			if low := p.Legend.Rectangle(c).Min.Y; y(most) > low {
				t.Errorf("%d lines up to %v ns: at %v of a legend that begins at %v", n, most,
					y(most), low)
			}
		}
	}
}
