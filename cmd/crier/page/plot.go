package page

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg" // SVG, in which the page's own colours can stand

	"crier/cmd/crier/cli"
)

// Picture is a picture of a page.
type Picture struct {
	SVG     template.HTML
	Caption string
}

const (
	// width is a picture's, in points: readable on a telephone, where it fills the
	// screen. height is the usual one.
	width, height vg.Length = 440, 280

	seriesColors = 6
)

// series returns the colour of a line or bar, from 0. It is a name in disguise: drawn puts a
// variable of the page's style in its place, which differs in the dark.
func series(i int) color.Color { return color.RGBA{1, 2, uint8(1 + i%seriesColors), 255} }

// faint is the colour of backgrounds.
var faint = color.RGBA{1, 2, 9, 255}

var (
	seriesMark = regexp.MustCompile(`#01020([1-6])`)
	sizeMark   = regexp.MustCompile(`width="[^"]*" height="[^"]*"`)
)

// drawn turns a plot into a picture for a page.
func drawn(p *plot.Plot, tall vg.Length, caption string) (Picture, error) {
	c := vgsvg.New(width, tall)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return Picture{}, fmt.Errorf("drawing %q: %w", caption, err)
	}
	svg := b.String()
	svg = svg[strings.Index(svg, "<svg"):]
	svg = sizeMark.ReplaceAllString(svg, `role="img" aria-label="`+html.EscapeString(caption)+`"`)
	svg = strings.ReplaceAll(svg, "#000000", "var(--ink)")
	svg = strings.ReplaceAll(svg, "#010209", "var(--faint)")
	svg = seriesMark.ReplaceAllString(svg, "var(--s$1)")
	return Picture{template.HTML(svg), caption}, nil
}

// newPlot returns an empty plot in the page's style.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	face := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, style := range []*draw.TextStyle{
		&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label,
		&p.Legend.TextStyle,
	} {
		size := style.Font.Size
		style.Font = font.From(face, max(size, 11))
	}
	p.Legend.Padding = 2
	return p
}

// Nines is 1 for 90 %, 2 for 99 %, and so on: a scale on which the upper end of a
// distribution is stretched, each further nine taking as much room.
func Nines(share float64) float64 { return -math.Log10(1 - share) }

// nineTicks marks shares on a scale of Nines.
type nineTicks struct{}

// Ticks implements plot.Ticker.
func (nineTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	for _, t := range []struct {
		share float64
		text  string
	}{{0, "0"}, {0.5, "50"}, {0.9, "90"}, {0.99, "99"}, {0.999, "99.9"}, {0.9999, "99.99"},
		{0.99999, "99.999"}} {
		if x := Nines(t.share); x <= most {
			list = append(list, plot.Tick{Value: x, Label: t.text})
		}
	}
	return list
}

// timeTicks marks powers of ten, of nanoseconds, on a logarithmic scale.
type timeTicks struct{}

// Ticks implements plot.Ticker.
func (timeTicks) Ticks(least, most float64) []plot.Tick {
	var list []plot.Tick
	narrow := most < 30*least // no two powers of ten would stand there
	for p := math.Floor(math.Log10(max(least, 1))); p <= math.Ceil(math.Log10(max(most, 1))); p++ {
		at := math.Pow(10, p)
		for i := 1.0; i < 10; i++ {
			if v := at * i; v >= least && v <= most {
				label := ""
				if i == 1 || narrow && (i == 2 || i == 5) {
					label = cli.Nanoseconds(v)
				}
				list = append(list, plot.Tick{Value: v, Label: label})
			}
		}
	}
	return list
}

// countTicks are the usual ones, with short numbers.
type countTicks struct{}

// Ticks implements plot.Ticker.
func (countTicks) Ticks(least, most float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(least, most)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = cli.Rounded(ticks[i].Value)
		}
	}
	return ticks
}
