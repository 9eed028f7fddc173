package crash

import (
	"slices"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
	"crier/cmd/crier/table"
)

// reachTable is a table of what reached whom, of one arm or of several that share it.
type reachTable struct {
	about string
	table *table.Table
}

// reachTables tell who got what: once, if the network lost the same in all arms.
func (r *report) reachTables() []reachTable {
	var arms []*arm
	for _, a := range r.Arms {
		if a.Missing == "" && a.Broker == nil {
			arms = append(arms, a)
		}
	}
	last := arms[len(arms)-1]
	if !slices.ContainsFunc(arms, func(a *arm) bool { return !a.sameReach(last) }) {
		return []reachTable{{"", last.reachTable()}}
	}
	var list []reachTable
	for _, a := range arms {
		list = append(list, reachTable{"  " + a.Name + "\n\n", a.reachTable()})
	}
	return list
}

// sameReach reports whether the same came to the subscribers from the producer in both arms.
func (a *arm) sameReach(b *arm) bool {
	for o := range max(a.Accepted, b.Accepted) {
		for _, m := range a.Subscribers {
			if a.cameTo(o, m.Name) != b.cameTo(o, m.Name) {
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

// reachTable lists what didn't come to all.
func (a *arm) reachTable() *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "offsets", Key: true}, {Head: "messages"}}}
	var names []string
	for _, m := range a.Subscribers {
		names = append(names, m.Name)
	}
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
	t.Columns = append(t.Columns, table.Column{Head: "in all"}, table.Column{Head: "though sent"},
		table.Column{Head: "done after"}, table.Column{Head: "late comer"})
	for _, a := range r.Arms {
		if a.Missing != "" {
			continue
		}
		row := table.Row{{Text: a.Name}}
		number := func(n uint64) {
			row = append(row, table.Toned(cli.Bad, n, cli.Grouped(n)))
		}
		for _, m := range a.Subscribers {
			number(m.Lost)
		}
		number(a.Lost)
		number(a.though())
		t.Rows = append(t.Rows, append(row, table.Cell{Text: cli.Duration(a.Done)},
			table.Cell{Text: cli.Grouped(a.Late)}))
	}
	return t
}

// costTable lists what each arm costs.
func (r *report) costTable() *table.Table {
	datagrams := "datagrams"
	if r.Net == "lo" {
		datagrams = "packets"
	}
	t := &table.Table{Columns: []table.Column{{Key: true}, {Head: datagrams}, {Head: "bytes"},
		{Head: "memory"}, {Head: "disk"}, {Head: "processor"},
		{Group: "latency", Head: "p50", Breaks: true}, {Group: "latency", Head: "p99"},
		{Group: "after the opening", Head: "p50"}, {Group: "after the opening", Head: "p99"}}}
	for _, a := range r.Arms {
		if a.Missing != "" {
			continue
		}
		c := &a.Cost
		busy := "-"
		if c.Processor > 0 {
			busy = cli.Duration(c.Processor)
		}
		t.Add(a.Name, cli.Grouped(c.Datagrams), cli.Bytes(c.Bytes), cli.Bytes(c.Memory),
			cli.Bytes(c.Disk), busy, stage.P50(c.Latency), stage.P99(c.Latency),
			stage.P50(c.Calm), stage.P99(c.Calm))
	}
	return t
}
