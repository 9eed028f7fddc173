package sim

import (
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// timeColumns are the quantiles of latency and recovery.
var timeColumns = []struct {
	group, head string
	of          func(*group) *quantiles
	at          func(*quantiles) int64
}{
	{"latency", "p50", (*group).latencies, func(q *quantiles) int64 { return q.P50 }},
	{"latency", "p99", (*group).latencies, func(q *quantiles) int64 { return q.P99 }},
	{"latency", "p99.9", (*group).latencies, func(q *quantiles) int64 { return q.P999 }},
	{"latency", "p99.99", (*group).latencies, func(q *quantiles) int64 { return q.P9999 }},
	{"recovery", "p50", (*group).recoveries, func(q *quantiles) int64 { return q.P50 }},
	{"recovery", "p99", (*group).recoveries, func(q *quantiles) int64 { return q.P99 }},
}

func (g *group) latencies() *quantiles { return g.Latency }

func (g *group) recoveries() *quantiles { return g.Recovery }

// groupTable lists what each group got.
func groupTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Head: "group", Key: true}, {Head: "members"}, {Head: "delivered"}, {Head: "recovered"},
		{Head: "lost"}, {Head: "missed"}, {Head: "duplicates"}, {Head: "NACKs"},
	}}
	for i, c := range timeColumns {
		t.Columns = append(t.Columns, table.Column{Group: c.group, Head: c.head, Breaks: i == 0})
	}
	t.Columns = append(t.Columns, table.Column{Group: "round trips", Head: "p50"},
		table.Column{Group: "round trips", Head: "p99"})
	for _, g := range r.Groups {
		row := []any{
			g.Name, cli.Grouped(uint64(g.Members)), cli.Grouped(g.Delivered),
			table.Toned(cli.Good, g.Recovered, cli.Grouped(g.Recovered)),
			table.Toned(cli.Bad, g.Lost, cli.Grouped(g.Lost)), cli.Grouped(g.Missed),
			cli.Grouped(g.Excess), cli.Grouped(g.Nacks),
		}
		for _, c := range timeColumns {
			text := "-"
			if q := c.of(g); q != nil {
				text = cli.Duration(time.Duration(c.at(q)))
			}
			row = append(row, text)
		}
		p50, p99 := "-", "-"
		if g.Recovery != nil && g.RoundTrip > 0 {
			p50, p99 = cli.Rounded(g.trips(g.Recovery.P50)), cli.Rounded(g.trips(g.Recovery.P99))
		}
		t.Add(append(row, p50, p99)...)
	}
	return t
}

// publisherTable lists what each publisher sent.
func publisherTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Head: "publisher", Key: true}, {Head: "sessions"}, {Head: "messages"},
		{Group: "data", Head: "frames"}, {Group: "data", Head: "bytes"},
		{Group: "repairs", Head: "frames"}, {Group: "repairs", Head: "of the data"},
		{Head: "other frames", Breaks: true}, {Head: "NACKs"}, {Head: "reports"},
		{Head: "group at the end"},
	}}
	for _, p := range r.Publishers {
		t.Add(p.Name, cli.Grouped(uint64(p.Sessions)), cli.Grouped(p.Accepted),
			cli.Grouped(p.Frames), cli.Bytes(p.FrameBytes), cli.Grouped(p.Repairs),
			cli.PercentOf(p.RepairBytes, p.FrameBytes), cli.Grouped(p.Others),
			cli.Grouped(p.Nacks), cli.Grouped(p.Statuses),
			cli.Grouped(p.Counters.N("subscribers_known")))
	}
	return t
}

// recorderTable lists what each recorder wrote and served.
func recorderTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Head: "recorder", Key: true}, {Head: "starts"}, {Head: "sessions"},
		{Group: "recorded", Head: "frames"}, {Group: "recorded", Head: "bytes"},
		{Group: "log", Head: "bytes"}, {Group: "log", Head: "holes"},
		{Head: "repairs", Breaks: true}, {Head: "NACKs"},
	}}
	for _, p := range r.Recorders {
		t.Add(p.Name, cli.Grouped(uint64(p.Starts)), cli.Grouped(uint64(p.Sessions)),
			cli.Grouped(p.Frames), cli.Bytes(p.FrameBytes), cli.Bytes(uint64(p.LogBytes)),
			cli.Grouped(p.Holes), cli.Grouped(p.Repairs), cli.Grouped(p.Asked))
	}
	return t
}

// lossRows bounds the loss reports that a page lists.
const lossRows = 200

// lossTable lists the loss reports.
func lossTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{
		{Head: "subscriber", Key: true}, {Head: "when"}, {Head: "from"}, {Head: "to"},
		{Head: "messages"}, {Head: "cause", Left: true},
	}}
	for _, m := range r.Members {
		for _, l := range m.Losses {
			if len(t.Rows) == lossRows {
				return t
			}
			t.Add(m.Name, cli.Instant(time.Duration(l.At)), cli.Grouped(l.From),
				cli.Grouped(l.To-1), cli.Grouped(l.To-l.From), l.Cause)
		}
	}
	return t
}

// eventTable lists the events and their marks.
func eventTable(r *Result) *table.Table {
	t := &table.Table{Columns: []table.Column{{Head: "mark", Key: true},
		{Head: "event", Left: true}}}
	for _, e := range r.Events {
		t.Add(e.Mark, e.String())
	}
	return t
}
