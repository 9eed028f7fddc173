package sim

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/page"
)

// writePage writes a report as one HTML file.
func writePage(path string, p *page.Page) error {
	var b bytes.Buffer
	err := p.Write(&b)
	if err == nil {
		err = os.WriteFile(path, b.Bytes(), 0o666)
	}
	if err != nil {
		return fmt.Errorf("--html %s can't be written (%w): name a file that can", path, cli.BareError(err))
	}
	return nil
}

// runPage is a run's report.
func runPage(r *Result, command string) (*page.Page, error) {
	p := &page.Page{
		Title: "crier sim " + r.Scenario, Heading: r.Scenario, Command: command,
		Intro: strings.ReplaceAll(strings.TrimSpace(r.Story), "\n", " "),
		Facts: fmt.Sprintf("seed %d, %d subscribers, %v of publishing, %v in all, in virtual time\nthe promise was %s\n%s",
			r.Seed, len(r.Members), time.Duration(r.Duration), time.Duration(r.End), r.Promise, r.Violations),
	}
	var pictures []page.Picture
	for _, make := range []func(*Result) (page.Picture, error){latencyPicture, recoveryPicture, ratesPicture, heldPicture, stripsPicture} {
		picture, err := make(r)
		if err != nil {
			return nil, err
		}
		if picture.SVG != "" {
			pictures = append(pictures, picture)
		}
	}
	p.Sections = []page.Section{
		{Title: "What each group got", Table: groupTable(r)},
		{Pictures: pictures},
		{Title: "What it cost", Table: publisherTable(r)},
		{Title: "The loss report", Table: lossTable(r), Notes: lossNotes(r)},
	}
	if len(r.Events) > 0 {
		p.Sections = slices.Insert(p.Sections, 2, page.Section{Title: "What happened when, as the pictures mark it", Table: eventTable(r)})
	}
	return p, nil
}

func groupTable(r *Result) page.Table {
	t := page.Table{Left: 1, Heads: []string{"group", "members", "delivered", "recovered", "lost", "missed", "duplicates", "NACKs",
		"latency p50", "p99", "p99.9", "p99.99", "recovery p50", "p99", "p50 in round trips", "p99"}}
	for _, g := range r.Groups {
		trips := func(of func(*quantiles) int64) string {
			if g.Recovery == nil || g.RoundTrip == 0 {
				return "-"
			}
			return fmt.Sprintf("%.2f", g.trips(of(g.Recovery)))
		}
		p50 := func(q *quantiles) int64 { return q.P50 }
		p99 := func(q *quantiles) int64 { return q.P99 }
		t.Rows = append(t.Rows, []string{
			g.Name, cli.Grouped(uint64(g.Members)), cli.Grouped(g.Delivered), cli.Grouped(g.Recovered), cli.Grouped(g.Lost), cli.Grouped(g.Missed),
			cli.Grouped(g.Excess), cli.Grouped(g.Nacks), timeText(g.Latency, p50), timeText(g.Latency, p99),
			timeText(g.Latency, func(q *quantiles) int64 { return q.P999 }), timeText(g.Latency, func(q *quantiles) int64 { return q.P9999 }),
			timeText(g.Recovery, p50), timeText(g.Recovery, p99), trips(p50), trips(p99),
		})
	}
	return t
}

func publisherTable(r *Result) page.Table {
	t := page.Table{Left: 1, Heads: []string{"publisher", "sessions", "messages", "frames", "bytes", "repairs", "of the data", "other frames", "NACKs", "reports", "group at the end"}}
	for _, p := range r.Publishers {
		share, _, _ := strings.Cut(percent(p.RepairBytes, p.FrameBytes), " of")
		t.Rows = append(t.Rows, []string{p.Name, fmt.Sprint(p.Sessions), cli.Grouped(p.Accepted), cli.Grouped(p.Frames), bytesText(p.FrameBytes),
			cli.Grouped(p.Repairs), share, cli.Grouped(p.Others), cli.Grouped(p.Nacks), cli.Grouped(p.Statuses), cli.Grouped(uint64(p.GroupSize))})
	}
	return t
}

// lossRows bounds the loss reports that a page lists.
const lossRows = 200

func lossTable(r *Result) page.Table {
	t := page.Table{Left: 1, Heads: []string{"subscriber", "when", "from", "to", "messages", "cause"}}
	for _, m := range r.Members {
		for _, l := range m.Losses {
			if len(t.Rows) == lossRows {
				return t
			}
			t.Rows = append(t.Rows, []string{m.Name, time.Duration(l.At).Round(time.Microsecond).String(),
				cli.Grouped(l.From), cli.Grouped(l.To - 1), cli.Grouped(l.To - l.From), l.Cause})
		}
	}
	return t
}

func lossNotes(r *Result) string {
	var b strings.Builder
	reports := uint64(0)
	for _, m := range r.Members {
		reports += uint64(len(m.Losses)) + m.MoreLosses
	}
	if n := r.LostFrames; n.Count > 0 {
		fmt.Fprintf(&b, "%s frames were lost by somebody, %s times in all; NACKs for one of them: p50 %d, p95 %d, p99 %d, most %d\n",
			cli.Grouped(n.Count), cli.Grouped(n.Sum), n.Nacks.P50, n.Nacks.P95, n.Nacks.P99, n.Nacks.Max)
	}
	switch {
	case reports == 0:
		b.WriteString("No message was lost.\n")
	case reports > lossRows:
		fmt.Fprintf(&b, "%s reports; the first %d are listed.\n", cli.Grouped(reports), lossRows)
	}
	return b.String()
}

func latencyPicture(r *Result) (page.Picture, error) {
	return curves(r, "latency: the share of messages that were with the application within a time after they were accepted",
		func(g *group) *hist.Histogram { return &g.latency })
}

func recoveryPicture(r *Result) (page.Picture, error) {
	return curves(r, "recovery: the share of lost frames that were repaired within a time after they were found missing",
		func(g *group) *hist.Histogram { return &g.recovery })
}

// curves draws a distribution a group, to p99.99, on a log scale.
func curves(r *Result, caption string, of func(*group) *hist.Histogram) (page.Picture, error) {
	p := page.NewPlot()
	p.Y.Scale, p.Y.Tick.Marker, p.X.Tick.Marker = plot.LogScale{}, page.TimeTicks{}, page.NineTicks{}
	p.X.Label.Text = "share, per cent"
	p.Legend.Top, p.Legend.Left = true, true
	drawn := 0
	for i, g := range r.Groups {
		h := of(g)
		if h.Count() == 0 {
			continue
		}
		var line plotter.XYs
		for x := 0.0; x <= 4.0001; x += 0.05 {
			share := 1 - math.Pow(10, -x)
			if float64(h.Count())*(1-share) < 0.5 {
				break
			}
			line = append(line, plotter.XY{X: x, Y: float64(max(h.QuantileOf(int64(math.Round(share*1e6)), 1e6), 1))})
		}
		if err := addLine(p, line, i, g.Name); err != nil {
			return page.Picture{}, err
		}
		drawn++
	}
	if drawn == 0 {
		return page.Picture{}, nil
	}
	if p.Y.Max < 2*p.Y.Min { // a scale needs something between its ends
		p.Y.Min, p.Y.Max = p.Y.Min/1.5, p.Y.Max*1.5
	}
	p.Y.Max *= math.Pow(1.8, float64(drawn)) // room for the legend
	return page.Draw(p, page.Height, caption)
}

func addLine(p *plot.Plot, line plotter.XYs, i int, name string) error {
	l, err := plotter.NewLine(line)
	if err != nil {
		return err
	}
	l.Color, l.Width = page.Series(i), 2
	p.Add(l)
	p.Legend.Add(name, l)
	return nil
}

// ratesPicture draws data, repairs and NACKs over time.
func ratesPicture(r *Result) (page.Picture, error) {
	t := &r.Series
	p := page.NewPlot()
	p.X.Label.Text, p.Y.Label.Text = "seconds", "a second"
	p.Y.Tick.Marker = page.CountTicks{}
	p.Legend.Top, p.Legend.Left, p.Y.Min = true, true, 0
	used := usedBins(t)
	for i, c := range []struct {
		name string
		list []uint64
	}{{"data frames", t.Frames}, {"repairs", t.Repairs}, {"NACKs", t.Nacks}} {
		if slices.Max(c.list) == 0 {
			continue
		}
		if err := addLine(p, rate(t, c.list[:used]), i, c.name); err != nil {
			return page.Picture{}, err
		}
	}
	p.Y.Max *= 1.35
	if len(r.Events) > 0 {
		p.Y.Max *= 1.15
	}
	mark(p, r, 42)
	p.X.Max *= 1.03 // room for the last tick's words
	return page.Draw(p, page.Height, "what the publishers sent, and what they were asked for, over time")
}

func rate(t *series, list []uint64) plotter.XYs {
	var line plotter.XYs
	for i, v := range list {
		line = append(line, plotter.XY{X: seconds(t.Bin) * (float64(i) + 0.5), Y: float64(v) / seconds(t.Bin)})
	}
	return line
}

// heldPicture draws how much subscribers held over time.
func heldPicture(r *Result) (page.Picture, error) {
	t := &r.Series
	if slices.Max(t.Held) == 0 {
		return page.Picture{}, nil
	}
	p := page.NewPlot()
	p.X.Label.Text, p.Y.Label.Text = "seconds", "bytes"
	p.Y.Tick.Marker, p.Y.Min = page.CountTicks{}, 0
	var line plotter.XYs
	for i, v := range t.Held[:usedBins(t)] {
		line = append(line, plotter.XY{X: seconds(t.Bin) * (float64(i) + 0.5), Y: float64(v)})
	}
	l, err := plotter.NewLine(line)
	if err != nil {
		return page.Picture{}, err
	}
	l.Color, l.Width = page.Series(3), 2
	p.Add(l)
	p.Y.Max *= 1.15 // room for the marks
	mark(p, r, 0)
	p.X.Max *= 1.03
	return page.Draw(p, page.Height*3/4, "buffers: what all subscribers together held back, waiting for a gap to close")
}

// stripRows bounds the strips of a picture.
const stripRows = 60

// stripsPicture draws a strip a subscriber: what was missed, recovered and lost when.
func stripsPicture(r *Result) (page.Picture, error) {
	rows, left := stripChoice(r)
	p := page.NewPlot()
	p.X.Label.Text = "seconds"
	strips := &strips{rows: rows, bin: seconds(r.Series.Bin), used: usedBins(&r.Series)}
	p.Add(strips)
	mark(p, r, 0)
	var names []string
	for _, m := range slices.Backward(rows) {
		name := m.Name
		if len(rows) > 24 {
			name = ""
		}
		names = append(names, name)
	}
	p.NominalY(names...)
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4+0.08*float64(len(rows)+8) // with room for the marks
	p.X.Min, p.X.Max = 0, strips.bin*float64(strips.used)*1.03
	caption := "a strip a subscriber: grey missed and not yet repaired, green recovered, red lost for good"
	if left > 0 {
		caption += fmt.Sprintf("; of each group those with most losses, %d are left out", left)
	}
	return page.Draw(p, 50+vg.Length(min(18*len(rows), 300)), caption)
}

// stripChoice picks whose strips are drawn: of each group those that lost most.
func stripChoice(r *Result) (rows []*member, left int) {
	each := max(stripRows/len(r.Groups), 1)
	for _, g := range r.Groups {
		var list []*member
		for _, m := range r.Members {
			if m.Group == g.Name {
				list = append(list, m)
			}
		}
		if len(list) > each {
			slices.SortStableFunc(list, func(a, b *member) int {
				if a.Lost != b.Lost {
					return int(min(b.Lost, math.MaxInt32)) - int(min(a.Lost, math.MaxInt32))
				}
				return int(min(b.Missed, math.MaxInt32)) - int(min(a.Missed, math.MaxInt32))
			})
			left += len(list) - each
			list = list[:each]
		}
		rows = append(rows, list...)
	}
	return rows, left
}

// strips is a plotter of strips, the first row at the top.
type strips struct {
	rows []*member
	bin  float64 // in seconds
	used int
}

// Plot implements plot.Plotter.
func (s *strips) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, m := range s.rows {
		row := float64(len(s.rows) - 1 - i)
		low, high := y(row-0.38), y(row+0.38)
		rect := func(from, to float64, series int) {
			var fill color.Color = page.Faint
			if series >= 0 {
				fill = page.Series(series)
			}
			a, b := x(from), x(to)
			c.FillPolygon(fill, []vg.Point{{X: a, Y: low}, {X: b, Y: low}, {X: b, Y: high}, {X: a, Y: high}})
		}
		rect(0, s.bin*float64(s.used), -1)
		for _, point := range m.Strip {
			if point.Bin >= s.used {
				continue
			}
			series := 5 // missed
			switch {
			case point.Lost > 0:
				series = 4
			case point.Recovered > 0:
				series = 2
			}
			rect(s.bin*float64(point.Bin), s.bin*float64(point.Bin+1), series)
		}
	}
}
