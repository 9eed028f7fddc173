package crash

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/page"
)

// page returns the crash as a page.
func (r *report) page() (*page.Page, error) {
	intro, list, _ := strings.Cut(r.intro(), "\n\n")
	p := &page.Page{
		Title: "crier demo crash", Heading: "One crash, with and without survivors and a recorder",
		Command: r.command(), Intro: intro, Facts: strings.TrimRight(list, "\n"),
	}
	ways, err := r.waysPicture()
	if err != nil {
		return nil, err
	}
	times, err := r.timesPicture()
	if err != nil {
		return nil, err
	}
	if r.Net == "lo" {
		p.Heading = "One crash: bare, with survivors, with a recorder, with a broker"
	}
	p.Sections = []page.Section{
		{Title: "What they lack in the end, in messages", Table: r.lostTable(),
			Pictures: []page.Picture{ways, times}},
	}
	for i, t := range r.reachTables() {
		s := page.Section{Intro: strings.TrimSpace(t.about), Table: t.table}
		if i == 0 {
			s.Title = "Who got what from the producer"
			var b strings.Builder
			r.links(&b, cli.PlainSheet)
			s.Notes = b.String()
		}
		p.Sections = append(p.Sections, s)
	}
	var b strings.Builder
	for _, a := range r.Arms {
		fmt.Fprintf(&b, "%s\n", a.Name)
		a.tell(&b, cli.PlainSheet)
	}
	p.Sections = append(p.Sections,
		page.Section{Title: "Arm by arm", Notes: b.String()},
		page.Section{Title: "What it costs up to the crash", Table: r.costTable(),
			Intro: r.moral(), Notes: r.notes()})
	return p, nil
}

// command returns the command that plays the same.
func (r *report) command() string {
	text := "crier demo crash"
	if r.Seed != Seed {
		text += fmt.Sprintf(" --seed %d", r.Seed)
	}
	if r.Net != "sim" {
		text += " --net " + r.Net
	}
	return text
}

// The colours of strips, as in page.Line.Series.
const (
	colourProducer = 0
	colourUnsent   = 5
	colourSurvivor = 2
	colourRecorder = 3
	colourLost     = 4
)

const legend = "blue from the producer, green from survivors, violet from the recorder, red lost"

// colours are those of the ways of messages.
var colours = map[fate]int{
	lost: colourLost, direct: colourProducer, byProducer: colourProducer,
	bySurvivor: colourSurvivor, byRecorder: colourRecorder,
}

// strips returns a strip for each subscriber of each arm, with a gap between two arms.
func (r *report) strips(bins func(a *arm, m *member) map[int]int) (list []page.Strip) {
	for _, a := range r.Arms {
		if len(list) > 0 && len(a.Subscribers) > 0 {
			list = append(list, page.Strip{})
		}
		for _, m := range a.Subscribers {
			list = append(list, page.Strip{Name: a.Name + " " + m.Name + "  ", Bins: bins(a, m)})
		}
	}
	return list
}

// waysPicture draws the way of each of the last messages to each subscriber.
func (r *report) waysPicture() (page.Picture, error) {
	const margin = 20
	first, end := uint64(1<<63), uint64(0)
	for _, a := range r.Arms {
		for _, run := range a.Reached {
			first = min(first, run.From)
		}
		for _, m := range a.Subscribers {
			for _, l := range m.Losses {
				first = min(first, l.From)
			}
		}
		end = max(end, a.Accepted)
	}
	first = min(first, end)
	first -= min(first, margin)
	s := page.Strips{X: "offset", From: float64(first), Bin: 1, Used: int(end - first)}
	s.Rows = r.strips(func(a *arm, m *member) map[int]int {
		bins := map[int]int{}
		for o := first; o < a.Accepted; o++ {
			bins[int(o-first)] = colours[m.fates[o]]
			if m.fates[o] == lost && o >= a.Sent {
				bins[int(o-first)] = colourUnsent
			}
		}
		return bins
	})
	caption := "the last messages, by offset: " + legend + " though sent, grey never sent"
	if r.arm(brokerName) != nil {
		caption += ", or not with the broker yet"
	}
	return s.Draw(caption)
}

// timesPicture draws what came to each subscriber when.
func (r *report) timesPicture() (page.Picture, error) {
	const (
		before = 100 * time.Millisecond
		parts  = 110
	)
	end := time.Duration(0)
	for _, a := range r.Arms {
		end = max(end, a.Done)
	}
	bin := (before + end + end/20) / parts
	s := page.Strips{X: "seconds since the crash", From: -before.Seconds(), Bin: bin.Seconds(),
		Used: parts}
	s.Marks = page.Marks{List: []page.Mark{{Text: "killed", At: 0}}, End: end.Seconds()}
	s.Rows = r.strips(func(a *arm, m *member) map[int]int {
		bins := map[int]int{}
		put := func(at time.Duration, colour int) {
			if i := int((at + before) / bin); at >= -before && i < parts {
				bins[i] = max(bins[i], colour)
			}
		}
		for o, at := range m.at {
			if m.fates[o] != lost {
				put(at, colours[m.fates[o]])
			}
		}
		for _, at := range m.named {
			put(at, colourLost)
		}
		return bins
	})
	return s.Draw("when messages came, and when lost ones were named: " + legend)
}
