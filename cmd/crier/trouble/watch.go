// Package trouble tells the user of a command that runs what goes wrong, the causes that are
// ruled out, and those that remain. It tells each trouble soon after it began, and again, ever
// more rarely, if there is something new to say.
package trouble

import (
	"fmt"
	"io"
	"time"

	"crier/cmd/crier/cli"
)

// A Trouble is something that is wrong for as long as it is seen.
type Trouble struct {
	// Key tells the trouble from others.
	Key string
	// Report returns what there is to say of it. It is called when it is time to.
	Report func(lasted time.Duration) Report
	// Over, if not nil, returns what to say once the trouble isn't seen any more, if it was
	// told; empty for nothing.
	Over func() string
}

// most bounds the troubles of one kind that are told one by one.
const most = 4

// Bounded returns the first troubles of a list, and one that counts the others as things, such
// as "more sessions like that".
func Bounded(list []Trouble, things string) []Trouble {
	if len(list) <= most {
		return list
	}
	more := len(list) - most
	return append(list[:most:most], Trouble{Key: things, Report: func(time.Duration) Report {
		return Report{Verdict: things, Head: fmt.Sprintf("and %d %s", more, things)}
	}})
}

// Every is the time between two looks at a command.
const Every = time.Second

// due returns how long a trouble must have lasted to be told for the nth time, from 0 on.
func due(n int) time.Duration {
	first := [...]time.Duration{3 * time.Second, 10 * time.Second, 30 * time.Second}
	if n < len(first) {
		return first[n]
	}
	return time.Duration(n-len(first)+1) * time.Minute
}

// A Teller tells of the troubles of one command.
type Teller struct {
	// Command precedes what is told, as in "crier sub".
	Command string
	Out     io.Writer

	open []*episode
	last time.Time
}

// An episode is a trouble that lasts.
type episode struct {
	Trouble
	since time.Time
	// looks counts the times that it was due.
	looks int
	// told is the sign of what was last told, or empty.
	told string
	seen bool
}

// Look takes the troubles that are seen now, and tells what is due and new.
func (t *Teller) Look(now time.Time, troubles []Trouble) {
	t.stoodStill(now)
	for _, e := range t.open {
		e.seen = false
	}
	for _, one := range troubles {
		e := t.find(one.Key)
		if e == nil {
			e = &episode{since: now}
			t.open = append(t.open, e)
		}
		e.Trouble, e.seen = one, true
		t.tell(now, e)
	}
	kept := t.open[:0]
	for _, e := range t.open {
		if e.seen {
			kept = append(kept, e)
			continue
		}
		if e.told != "" && e.Over != nil {
			if text := e.Over(); text != "" {
				r := Report{Head: text}
				io.WriteString(t.Out, r.Text(t.Command, cli.SheetOf(t.Out)))
			}
		}
	}
	clear(t.open[len(kept):])
	t.open = kept
}

// stoodStill takes the time in which the process stood still from that of the troubles: nobody
// looked then, and nothing was taken.
func (t *Teller) stoodStill(now time.Time) {
	if gap := now.Sub(t.last); !t.last.IsZero() && gap > 2*Every {
		for _, e := range t.open {
			e.since = e.since.Add(gap - Every)
		}
	}
	t.last = now
}

func (t *Teller) find(key string) *episode {
	for _, e := range t.open {
		if e.Key == key {
			return e
		}
	}
	return nil
}

// tell tells of a trouble if that is due, and there is something new to say.
func (t *Teller) tell(now time.Time, e *episode) {
	lasted := now.Sub(e.since) + Every/4 // a look may come a moment early
	if lasted < due(e.looks) {
		return
	}
	for lasted >= due(e.looks) {
		e.looks++
	}
	r := e.Report(now.Sub(e.since))
	if sign := r.sign(); sign != e.told {
		e.told = sign
		io.WriteString(t.Out, r.Text(t.Command, cli.SheetOf(t.Out)))
	}
}

// Told reports whether a report on a trouble would say nothing new.
func (t *Teller) Told(key string, r Report) bool {
	e := t.find(key)
	return e != nil && e.told == r.sign()
}

// Start looks at once, and then each Every, until stop is called.
func (t *Teller) Start(look func(now time.Time) []Trouble) (stop func()) {
	now := time.Now()
	t.Look(now, look(now))
	return cli.Each(Every, func(now time.Time) { t.Look(now, look(now)) })
}
