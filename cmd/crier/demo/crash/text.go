package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// text returns the account of the crash.
func (r *report) text(sheet cli.Sheet) string {
	var b strings.Builder
	b.WriteString(sheet.Fill(r.intro()))
	b.WriteString("\nWho had what from the producer\n\n")
	for _, a := range r.told() {
		if a.about != "" {
			b.WriteString(a.about + "\n\n")
		}
		b.WriteString(a.table.Text(sheet) + "\n")
	}
	b.WriteString("What they lack in the end, in messages\n\n")
	b.WriteString(r.lostTable().Text(sheet))
	for _, a := range r.Arms {
		b.WriteString("\n" + a.Name + "\n")
		a.tell(&b, sheet)
	}
	b.WriteString("\nWhat it costs up to the crash\n\n")
	b.WriteString(r.costTable().Text(sheet))
	return b.String()
}

// intro says what was played.
func (r *report) intro() string {
	return fmt.Sprintf("One crash, under %d arms, in a simulated network and virtual time (seed "+
		"%d): a producer sends market data in bursts to three subscribers behind one uplink, and "+
		"is killed after %s, in mid-burst (%s of %s messages). bare: nobody helps. survivors: each "+
		"subscriber keeps what it got for the others. recorder: the same, and a recorder stands "+
		"beside the producer.\n", len(r.Arms), r.Seed, cli.Duration(r.KilledAt),
		cli.Grouped(uint64(r.IntoBurst)), cli.Grouped(uint64(r.Burst)))
}

// reachTable is a table of what reached whom, of one arm or of several that share it.
type reachTable struct {
	about string
	table *table.Table
}

// told returns who had what: once, if the network lost the same in all arms.
func (r *report) told() []reachTable {
	last := r.Arms[len(r.Arms)-1]
	same := !slices.ContainsFunc(r.Arms, func(a *arm) bool { return !a.sameReach(last) })
	if same {
		return []reachTable{{"", last.reachTable()}}
	}
	var list []reachTable
	for _, a := range r.Arms {
		list = append(list, reachTable{"  " + a.Name, a.reachTable()})
	}
	return list
}

// sameReach reports whether the same came to the subscribers from the producer in both arms.
func (a *arm) sameReach(b *arm) bool {
	names := a.names()
	for o := range max(a.Accepted, b.Accepted) {
		for _, name := range names {
			if a.cameTo(o, name) != b.cameTo(o, name) {
				return false
			}
		}
	}
	return a.Accepted == b.Accepted && a.Sent == b.Sent
}

// cameTo reports whether a message came to a process from the producer.
func (a *arm) cameTo(offset uint64, name string) bool {
	for _, r := range a.Reached {
		if r.From <= offset && offset < r.To {
			return slices.Contains(r.By, name)
		}
	}
	return true
}

// names returns the names of the subscribers.
func (a *arm) names() []string {
	var list []string
	for _, m := range a.Subscribers {
		list = append(list, m.Name)
	}
	return list
}

// reachTable lists what didn't come to all.
func (a *arm) reachTable() *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "offsets", Key: true}, {Head: "messages"}}}
	names := a.names()
	if a.Recorder {
		names = append(names, recorderName)
	}
	for _, name := range names {
		t.Columns = append(t.Columns, table.Column{Head: name, Left: true})
	}
	t.Columns = append(t.Columns, table.Column{Left: true})
	for _, r := range a.Reached {
		row := table.Row{{Text: cli.OffsetRun(r.From, r.To)}, {Text: cli.Grouped(r.To - r.From)}}
		for _, name := range names {
			c := table.Cell{Text: "no", Tone: cli.Bad}
			if slices.Contains(r.By, name) {
				c = table.Cell{Text: "yes", Tone: cli.Good}
			}
			row = append(row, c)
		}
		note := ""
		if !r.Sent {
			note = neverSent
		}
		t.Rows = append(t.Rows, append(row, table.Cell{Text: note}))
	}
	return t
}

// lostTable lists what each subscriber lacks, by arm.
func (r *report) lostTable() *table.Table {
	t := &table.Table{Columns: []table.Column{{Key: true}}}
	for _, m := range r.Arms[0].Subscribers {
		t.Columns = append(t.Columns, table.Column{Head: m.Name})
	}
	t.Columns = append(t.Columns, table.Column{Head: "in all"}, table.Column{Head: "gone for all"},
		table.Column{Head: "all done after"}, table.Column{Head: "one who comes late has"})
	for _, a := range r.Arms {
		row := table.Row{{Text: a.Name}}
		number := func(n uint64) {
			row = append(row, table.Toned(cli.Bad, n, cli.Grouped(n)))
		}
		for _, m := range a.Subscribers {
			number(m.Lost)
		}
		number(a.Lost)
		number(a.LostByAll)
		t.Rows = append(t.Rows, append(row, table.Cell{Text: cli.Duration(a.Done)},
			table.Cell{Text: cli.Grouped(a.Late)}))
	}
	return t
}

// tell tells what each subscriber of an arm lacks, and why.
func (a *arm) tell(b *strings.Builder, sheet cli.Sheet) {
	for _, m := range a.Subscribers {
		text := fmt.Sprintf("has %s", cli.Grouped(m.Delivered))
		if m.Lost == 0 {
			text += ", all that was accepted"
		} else {
			var list []string
			for _, l := range m.Losses {
				list = append(list, fmt.Sprintf("%s %s (%s)", cli.Grouped(l.To-l.From), l.Why,
					cli.OffsetRun(l.From, l.To)))
			}
			text += fmt.Sprintf(" and lacks %s: %s", cli.Grouped(m.Lost), strings.Join(list, ", "))
			text += fmt.Sprintf("; it named %s lost, and never heard of the other %s",
				cli.Grouped(m.Named), cli.Grouped(m.Lost-m.Named))
		}
		for _, p := range m.Repairs {
			if p.By != producer {
				text += fmt.Sprintf("; %s came from %s", cli.Grouped(p.Messages), p.By)
			}
		}
		b.WriteString(sheet.Beside(fmt.Sprintf("  %-7s ", m.Name), text))
	}
}

// costTable lists what each arm costs.
func (r *report) costTable() *table.Table {
	t := &table.Table{Columns: []table.Column{{Key: true}, {Head: "datagrams"}, {Head: "bytes"},
		{Head: "memory for others"}, {Head: "disk"}, {Group: "latency", Head: "p50"},
		{Group: "latency", Head: "p99"}}}
	for _, a := range r.Arms {
		c := &a.Cost
		p50, p99 := "-", "-"
		if c.Latency != nil {
			p50, p99 = cli.Duration(time.Duration(c.Latency.P50)),
				cli.Duration(time.Duration(c.Latency.P99))
		}
		t.Add(a.Name, cli.Grouped(c.Datagrams), cli.Bytes(c.Bytes), cli.Bytes(c.Memory),
			cli.Bytes(c.Disk), p50, p99)
	}
	return t
}
