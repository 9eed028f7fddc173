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

// clearLegend lengthens the upright axis by what the legend at its top takes, so that no line
// runs through it. It returns the picture's height: tall, or more if the legend takes over a
// third of that.
func clearLegend(p *plot.Plot, tall vg.Length) vg.Length {
	const gap = 8
	data := p.DataCanvas(draw.New(vgsvg.New(width, tall)))
	room, legend := data.Size().Y, p.Legend.Rectangle(data).Size().Y+gap
	more := max(0, legend-room/3)
	times := 1 / (1 - float64(legend/(room+more)))
	if _, ok := p.Y.Scale.(plot.LogScale); ok {
		p.Y.Max = p.Y.Min * math.Pow(p.Y.Max/p.Y.Min, times)
	} else {
		p.Y.Max = p.Y.Min + (p.Y.Max-p.Y.Min)*times
	}
	return tall + more
}

// Nines is 1 for 90 %, 2 for 99 %, and so on: a scale on which the upper end of a
// distribution is stretched, each further nine taking as much room.
func Nines(share float64) float64 { return -math.Log10(1 - share) }
