package team

import (
	"fmt"
	"io"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
	"crier/reliable"
)

// byPartition reports whether the work is shared by partition.
func (s *script) byPartition() bool { return s.Share == reliable.ByPartition }

// intro says what is played.
func (s *script) intro() string {
	how := fmt.Sprintf("Each of the %d partitions belongs to one worker at a time, and keeps its "+
		"order", partitions)
	each := "which worker did orders of each partition; in capitals if some were marked, since " +
		"another worker may have done them before"
	if !s.byPartition() {
		how = "Each order goes to the worker that has the least to do"
		each = "how many orders each worker did; with a star if some were marked, since another " +
			"worker may have done them before"
	}
	return fmt.Sprintf("%d orders a second of %d customers are published to a topic, and eight "+
		"workers share them as a team: all real processes, over loopback (seed %d). %s. %s is slow; "+
		"%s will be killed, and %s paused for longer than its lease of %s.\n\nEach line is what was "+
		"done in %s: %s.\n\n", rate, customers, s.Seed, how, names[s.slow], names[s.killed],
		names[s.paused], cli.Duration(s.lease), cli.Duration(s.slot), each)
}

// picture prints what is done as time passes.
type picture struct {
	plan  *script
	sheet cli.Sheet
	out   io.Writer
	next  int // the next slot
}

// head prints the heads of the columns.
func (p *picture) head() {
	line := fmt.Sprintf("%9s", "time")
	for i, name := range names {
		if p.plan.byPartition() {
			name = fmt.Sprint(i)
		}
		line += fmt.Sprintf("%6s", name)
	}
	fmt.Fprintf(p.out, "%s%10s\n", line, "waiting")
}

// until prints the slots that are over.
func (p *picture) until(since time.Duration, y *tally, published int) {
	for ; time.Duration(p.next+1)*p.plan.slot <= since; p.next++ {
		cells, done := y.slot(p.next)
		p.line(time.Duration(p.next+1)*p.plan.slot, cells, max(0, published-done))
	}
}

// line prints a slot.
func (p *picture) line(at time.Duration, cells []cell, waiting int) {
	var b strings.Builder
	fmt.Fprintf(&b, "%7.1f s", at.Seconds())
	for _, c := range cells {
		text, tone := ".", cli.Plain
		switch {
		case c.count == 0:
		case p.plan.byPartition():
			text = names[c.worker]
		default:
			text = fmt.Sprint(c.count)
		}
		if c.marked {
			if tone = cli.Noted; p.plan.byPartition() {
				text = strings.ToUpper(text)
			} else {
				text += "*"
			}
		}
		b.WriteString(strings.Repeat(" ", max(1, 6-len(text))) + p.sheet.Paint(tone, text))
	}
	fmt.Fprintf(p.out, "%s%10s\n", b.String(), cli.Grouped(uint64(waiting)))
}

// say prints what happens to a worker.
func (p *picture) say(worker int, what string) {
	fmt.Fprintf(p.out, "%9s   %s\n", "", p.sheet.Paint(cli.Bad, names[worker]+" "+what))
}

// text returns the account of the demo.
func (r *report) text(plan *script, sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString("\nWhat each did, in orders\n\n")
	t := table.Table{Columns: []table.Column{{Key: true}, {Left: true}, {Head: "done"},
		{Head: "marked"}, {Head: "done by another, too"}}}
	count := func(tone cli.Tone, n int) table.Cell {
		return table.Toned(tone, uint64(n), cli.Grouped(uint64(n)))
	}
	for _, w := range r.Workers {
		t.Add(w.Name, r.fate(w), count(cli.Plain, w.Done), count(cli.Noted, w.Marked),
			count(cli.Noted, w.Again))
	}
	b.WriteString(t.Text(sheet))
	b.WriteString("\nThe end, exactly\n\n")
	line := func(n int, text string) {
		b.WriteString(sheet.Beside(fmt.Sprintf("%7s ", cli.Grouped(uint64(n))), text))
	}
	line(r.Published, "orders were published")
	line(r.Done, fmt.Sprintf("are done, and %s missing", sheet.Paint(tone(r.Missing),
		cli.Grouped(uint64(r.Missing))+" are")))
	line(r.Marked, "times an order was marked as one that may have been done before")
	done := "orders were indeed done twice, "
	if r.Twice == 1 {
		done = "order was indeed done twice, "
	}
	line(r.Twice, done+sheet.Paint(tone(r.UnmarkedTwice),
		cli.Grouped(uint64(r.UnmarkedTwice))+" of them without a mark"))
	b.WriteString(sheet.Fill("\n" + r.moral(plan)))
	return b.String()
}

// fate says what befell a worker.
func (r *report) fate(w *worked) string {
	second := func(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
	switch w.Fate {
	case "slow":
		return fmt.Sprintf("slow: %s an order", cli.Duration(slowWork))
	case "killed":
		return "killed at " + second(r.KilledAt)
	case "paused":
		if r.WokenAt == 0 {
			return ""
		}
		return fmt.Sprintf("paused from %s to %s", second(r.PausedAt), second(r.WokenAt))
	}
	return ""
}

// moral says what the demo shows.
func (r *report) moral(plan *script) string {
	if !r.kept() {
		text := "That is not what is promised"
		if r.Lost > 0 {
			text += fmt.Sprintf(": %s named lost", cli.Counted(uint64(r.Lost), "order was",
				"orders were"))
		}
		if !r.Ordered {
			text += "; orders of a customer came out of order"
		}
		return text + ".\n"
	}
	text := fmt.Sprintf("What the killed and the paused worker had went to others once their leases "+
		"were over, %s at the most. Nobody knows how much of it they had done: so it is marked. ",
		cli.Duration(plan.lease+plan.lease/16))
	if plan.byPartition() {
		return text + "Each customer's orders came in order; behind the slow worker they waited. " +
			"With --share message they don't, and there is no order.\n"
	}
	return text + "The slow worker got less, and nobody waited for it. Orders of a customer came " +
		"in any order: --share partition keeps it.\n"
}

// tone returns the tone of a number that should be 0.
func tone(n int) cli.Tone {
	if n == 0 {
		return cli.Good
	}
	return cli.Bad
}
