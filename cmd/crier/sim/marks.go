package sim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/page"
	"crier/testnet/scenario"
)

// event is an event of the scenario, as pictures mark it.
type event struct {
	Mark string   `json:"mark"` // one character
	At   []int64  `json:"at_ns"`
	More int      `json:"more_times,omitempty"` // times beyond those listed
	For  int64    `json:"for_ns,omitempty"`
	Do   string   `json:"do"`
	Who  []string `json:"who"`
}

// eventTimes bounds the times that are listed of one event.
const eventTimes = 1000

// eventMarks are the marks of events, in the order of the file; the last one
// serves all that follow.
const eventMarks = "123456789abcdefghijklmnopqrstuvwxyz*"

// eventsOf lists what a scenario lets happen.
func eventsOf(s *scenario.Scenario) []*event {
	list := []*event{}
	for i := range s.Events {
		e := &s.Events[i]
		mark := min(i, len(eventMarks)-1)
		ev := &event{Mark: eventMarks[mark : mark+1], At: []int64{}, For: int64(e.For), Do: e.Do, Who: e.Who}
		for n := range max(e.Times, 1) {
			if n == eventTimes {
				ev.More = e.Times - n
				break
			}
			ev.At = append(ev.At, int64(e.At)+int64(e.Every)*int64(n))
		}
		list = append(list, ev)
	}
	return list
}

// String tells the event in words.
func (e *event) String() string {
	text := fmt.Sprintf("%v %s %s", time.Duration(e.At[0]), e.Do, strings.Join(e.Who, ", "))
	if e.For > 0 {
		text += fmt.Sprintf(" for %v", time.Duration(e.For))
	}
	if n := len(e.At) + e.More; n > 1 {
		text += fmt.Sprintf(", and again each %v, %s times in all", time.Duration(e.At[1]-e.At[0]), cli.Grouped(uint64(n)))
	}
	return text
}

// marksText draws when events happened: their marks, + where several fall
// together, and a line as long as each lasts.
func marksText(events []*event, bin int64, columns int) string {
	row := []rune(strings.Repeat(" ", columns))
	for _, e := range events {
		for _, at := range e.At {
			for c := at / bin; e.For > 0 && c <= (at+e.For)/bin && c < int64(columns); c++ {
				if row[c] == ' ' {
					row[c] = '─'
				}
			}
		}
	}
	for _, e := range events {
		for _, at := range e.At {
			c, mark := at/bin, rune(e.Mark[0])
			if c >= int64(columns) {
				continue
			}
			if row[c] != ' ' && row[c] != '─' && row[c] != mark {
				mark = '+'
			}
			row[c] = mark
		}
	}
	return string(row)
}

// marks is a plotter of events: an upright line at each, with its mark, and a
// beam as long as it lasts.
type marks struct {
	events []*event
	end    float64   // of the picture, in seconds
	below  vg.Length // how far below the top they stand: under a legend
}

// mark adds the marks of a run's events to a picture whose X is in seconds.
func mark(p *plot.Plot, r *Result, below vg.Length) {
	p.Add(&marks{r.Events, seconds(r.Series.Bin) * float64(usedBins(&r.Series)), below})
}

// Plot implements plot.Plotter.
func (s *marks) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	top := c.Max.Y - s.below
	style := text.Style{Color: page.Series(5), Font: p.X.Tick.Label.Font, Handler: p.X.Tick.Label.Handler, XAlign: text.XCenter, YAlign: text.YTop}
	line := draw.LineStyle{Color: page.Series(5), Width: 0.6, Dashes: []vg.Length{2, 2}}
	type label struct {
		at   vg.Length
		text string
	}
	var labels []label
	for _, e := range s.events {
		for _, at := range e.At {
			from := seconds(at)
			if from > s.end {
				continue
			}
			if e.For > 0 {
				beam := line
				beam.Width, beam.Dashes = 2, nil
				c.StrokeLine2(beam, x(from), top, x(min(seconds(at+e.For), s.end)), top)
			}
			labels = append(labels, label{x(from), e.Mark})
		}
	}
	slices.SortStableFunc(labels, func(a, b label) int { return cmp.Compare(a.at, b.at) })
	for i := 0; i < len(labels); {
		l, n := labels[i], i+1
		for ; n < len(labels) && labels[n].at-l.at < style.Font.Size/2; n++ { // no more than can be told apart
			if !strings.Contains(l.text, labels[n].text) {
				l.text += labels[n].text
			}
		}
		c.StrokeLine2(line, l.at, c.Min.Y, l.at, top-style.Font.Size-2)
		c.FillText(style, vg.Point{X: l.at, Y: top - 2}, l.text)
		i = n
	}
}

// eventTable lists the events and their marks.
func eventTable(r *Result) page.Table {
	t := page.Table{Left: 2, Heads: []string{"mark", "event"}}
	for _, e := range r.Events {
		t.Rows = append(t.Rows, []string{e.Mark, e.String()})
	}
	return t
}
