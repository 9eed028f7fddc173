package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/hist"
	"crier/cmd/crier/page"
)

// runPage returns a run's report.
func runPage(r *Result, command string) (*page.Page, error) {
	p := &page.Page{
		Title: "crier sim " + r.Scenario, Heading: r.Scenario, Command: command,
		Intro: strings.ReplaceAll(strings.TrimSpace(r.Story), "\n", " "),
		Facts: fmt.Sprintf("seed %d, %d subscribers, %s of publishing, %s in all, in virtual "+
			"time\nthe promise was %s\n%s",
			r.Seed, len(r.Members), cli.Duration(time.Duration(r.Duration)),
			cli.Duration(time.Duration(r.End)), r.Promise,
			r.Violations),
	}
	var pictures []page.Picture
	for _, make := range []func(*Result) (page.Picture,
		error){latencyPicture, recoveryPicture, ratesPicture, heldPicture, stripsPicture} {
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
	if len(r.Recorders) > 0 {
		p.Sections = slices.Insert(p.Sections, 3,
			page.Section{Title: "What was recorded", Table: recorderTable(r)})
	}
	if len(r.Events) > 0 {
		p.Sections = slices.Insert(p.Sections, 2,
			page.Section{Title: "What happened when, as the pictures mark it",
				Table: eventTable(r)})
	}
	if len(r.Teams) > 0 {
		p.Sections = slices.Insert(p.Sections, 1,
			page.Section{Title: "What the members of teams did", Table: teamTable(r)})
	}
	return p, nil
}

func lossNotes(r *Result) string {
	var b strings.Builder
	reports := uint64(0)
	for _, m := range r.Members {
		reports += uint64(len(m.Losses)) + m.MoreLosses
	}
	if text := lostFramesText(r); text != "" {
		b.WriteString(text + "\n")
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
	return curves(r,
		"latency: the share of messages that were with the application within a time after they "+
			"were accepted",
		func(g *group) *hist.Histogram { return &g.latency })
}

func recoveryPicture(r *Result) (page.Picture, error) {
	return curves(r,
		"recovery: the share of lost frames that were repaired within a time after they were "+
			"found missing",
		func(g *group) *hist.Histogram { return &g.recovery })
}

// curves draws a distribution a group, to p99.99.
func curves(r *Result, caption string, of func(*group) *hist.Histogram) (page.Picture, error) {
	var lines []page.Line
	for i, g := range r.Groups {
		h := of(g)
		if h.Count() == 0 {
			continue
		}
		line := page.Line{Name: g.Name, Series: i}
		for x := 0.0; x <= 4.0001; x += 0.05 {
			share := 1 - math.Pow(10, -x)
			if float64(h.Count())*(1-share) < 0.5 {
				break
			}
			y := float64(max(h.QuantileOf(int64(math.Round(share*1e6)), 1e6), 1))
			line.Points = append(line.Points, page.Point{X: x, Y: y})
		}
		lines = append(lines, line)
	}
	return page.Distributions(lines, "share", caption)
}

// ratesPicture draws data, repairs and NACKs over time.
func ratesPicture(r *Result) (page.Picture, error) {
	t := &r.Series
	picture := page.Timeline{Y: "a second", Marks: pictureMarks(r)}
	for i, c := range []struct {
		name string
		list []uint64
	}{{"data frames", t.Frames}, {"repairs", t.Repairs}, {"NACKs", t.Nacks}} {
		if slices.Max(c.list) > 0 {
			points := overTime(t, c.list, 1/seconds(t.Bin))
			picture.Lines = append(picture.Lines,
				page.Line{Name: c.name, Points: points, Series: i})
		}
	}
	return picture.Draw("what the publishers sent, and what they were asked for, over time")
}

// overTime returns a value a bin, times a scale.
func overTime(t *series, list []uint64, scale float64) []page.Point {
	var line []page.Point
	for i, v := range list[:usedBins(t)] {
		line = append(line, page.Point{X: seconds(t.Bin) * (float64(i) + 0.5),
			Y: float64(v) * scale})
	}
	return line
}

// heldPicture draws how much subscribers held over time.
func heldPicture(r *Result) (page.Picture, error) {
	t := &r.Series
	if slices.Max(t.Held) == 0 {
		return page.Picture{}, nil
	}
	picture := page.Timeline{
		Y: "held", Bytes: true, Lines: []page.Line{{Points: overTime(t, t.Held, 1), Series: 3}},
		Marks: pictureMarks(r), Low: true,
	}
	return picture.Draw("buffers: what all subscribers together held back, waiting for a gap " +
		"to close")
}

// stripRows bounds the strips of a picture.
const stripRows = 60

// The colours of a strip.
const (
	stripMissed    = 5
	stripRecovered = 2
	stripLost      = 4
)

// stripsPicture draws a strip a subscriber: what was missed, recovered and lost when.
func stripsPicture(r *Result) (page.Picture, error) {
	rows, left := stripChoice(r)
	picture := page.Strips{
		Bin: seconds(r.Series.Bin), Used: usedBins(&r.Series), Marks: pictureMarks(r),
	}
	for _, m := range rows {
		strip := page.Strip{Name: m.Name, Bins: map[int]int{}}
		for _, point := range m.Strip {
			switch {
			case point.Lost > 0:
				strip.Bins[point.Bin] = stripLost
			case point.Recovered > 0:
				strip.Bins[point.Bin] = stripRecovered
			default:
				strip.Bins[point.Bin] = stripMissed
			}
		}
		picture.Rows = append(picture.Rows, strip)
	}
	caption := "a strip a subscriber: grey missed and not yet repaired, green recovered, red " +
		"lost for good"
	if left > 0 {
		caption += fmt.Sprintf("; of each group those with most losses, %d are left out", left)
	}
	return picture.Draw(caption)
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
