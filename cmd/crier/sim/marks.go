package sim

import (
	"fmt"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/page"
	"crier/testnet/scenario"
)

// event is an event of the scenario with its mark in pictures.
type event struct {
	Mark string   `json:"mark"` // one character
	At   []int64  `json:"at_ns"`
	More int      `json:"more_times,omitempty"` // times beyond those listed
	For  int64    `json:"for_ns,omitempty"`
	Do   string   `json:"do"`
	Who  []string `json:"who"`
}

// eventTimes bounds the listed times of an event.
const eventTimes = 1000

// eventMarks are the marks of events, in the order of the file; the last one
// serves all that follow.
const eventMarks = "123456789abcdefghijklmnopqrstuvwxyz*"

// eventsOf lists the events of a scenario.
func eventsOf(s *scenario.Scenario) []*event {
	list := []*event{}
	for i := range s.Events {
		e := &s.Events[i]
		mark := min(i, len(eventMarks)-1)
		ev := &event{Mark: eventMarks[mark : mark+1], At: []int64{}, For: int64(e.For),
			Do: e.Do, Who: e.Who}
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

// String describes the event.
func (e *event) String() string {
	text := fmt.Sprintf("at %s: %s %s", cli.Instant(time.Duration(e.At[0])), e.Do,
		strings.Join(e.Who, ", "))
	if e.For > 0 {
		text += " for " + cli.Duration(time.Duration(e.For))
	}
	if n := len(e.At) + e.More; n > 1 {
		text += fmt.Sprintf(", and again each %s, %s times in all",
			cli.Duration(time.Duration(e.At[1]-e.At[0])),
			cli.Grouped(uint64(n)))
	}
	return text
}

// marksText draws when events happened: their marks, + where several fall
// together, and a line as long as each lasts.
func marksText(events []*event, scale timescale) string {
	row := []rune(strings.Repeat(" ", scale.columns))
	for _, e := range events {
		for _, at := range e.At {
			for c := scale.at(at); e.For > 0 && c <= scale.at(at+e.For) && c < len(row); c++ {
				if row[c] == ' ' {
					row[c] = '─'
				}
			}
		}
	}
	for _, e := range events {
		for _, at := range e.At {
			c, mark := scale.at(at), rune(e.Mark[0])
			if c >= len(row) {
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

// pictureMarks returns the marks of a run's events, for pictures over time.
func pictureMarks(r *Result) page.Marks {
	m := page.Marks{End: seconds(r.Series.Bin) * float64(usedBins(&r.Series))}
	for _, e := range r.Events {
		for _, at := range e.At {
			m.List = append(m.List, page.Mark{Text: e.Mark, At: seconds(at), For: seconds(e.For)})
		}
	}
	return m
}
