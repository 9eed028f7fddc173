package pub

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
	"crier/publisher"
)

// waitEvery is the time between two lines about a wait for subscribers.
const waitEvery = 3 * time.Second

// waiting prints how many subscribers a publisher waits for, and which have reported, until a
// message was accepted or stop is called.
func (o *options) waiting(out io.Writer, p *publisher.Publisher) (stop func()) {
	if o.cfg.Flow.WaitFor == 0 {
		return func() {}
	}
	fmt.Fprintf(out, "crier pub: waiting for %s\n",
		cli.Counted(uint64(o.cfg.Flow.WaitFor), "subscriber", "subscribers"))
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(waitEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-stopping:
				return
			}
			here := slices.DeleteFunc(p.Subscribers(),
				func(s publisher.Subscriber) bool { return !s.Reported })
			if len(here) >= o.cfg.Flow.WaitFor || p.Stats().Accepted > 0 {
				return
			}
			fmt.Fprint(out, stillWaiting(o.cfg.Flow.WaitFor, here))
		}
	}()
	return func() {
		close(stopping)
		<-stopped
	}
}

// stillWaiting returns a line about a wait for n subscribers, of which some are here.
func stillWaiting(n int, here []publisher.Subscriber) string {
	const most = 10 // names in a line
	var names []string
	for _, s := range here[:min(len(here), most)] {
		names = append(names, displayName(&s))
	}
	text := "none is here"
	if len(here) > 0 {
		text = fmt.Sprintf("%d of them here: %s", len(here), strings.Join(names, ", "))
	}
	if more := len(here) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("crier pub: still waiting for %s, %s\n",
		cli.Counted(uint64(n), "subscriber", "subscribers"), text)
}

// displayName returns a subscriber's name, or its address if it has none.
func displayName(s *publisher.Subscriber) string {
	if s.Name == "" {
		return s.Addr.String()
	}
	return cli.Printable(s.Name)
}

// tableEvery is the time between two tables of subscribers.
const tableEvery = time.Second

// watch prints the table until stop is called.
func (o *options) watch(out io.Writer, p *publisher.Publisher) (stop func()) {
	if !o.subscribers {
		return func() {}
	}
	stopEach := cli.Each(tableEvery, func(time.Time) {
		io.WriteString(out, subscriberTable(p.Subscribers(), cli.SheetOf(out)))
	})
	return func() {
		stopEach()
		io.WriteString(out, subscriberTable(p.Subscribers(), cli.SheetOf(out)))
	}
}

// subscriberTable returns the table, a line for each subscriber. The NACK share is relative
// to all frames that were asked for.
func subscriberTable(list []publisher.Subscriber, sheet cli.Sheet) string {
	if len(list) == 0 {
		return "no subscriber is known\n"
	}
	asked := uint64(0)
	for _, s := range list {
		asked += s.Asked
	}
	t := &table.Table{Columns: []table.Column{{Head: "subscriber", Key: true},
		{Head: "team", Left: true}, {Head: "state", Left: true}, {Head: "position"},
		{Head: "room"}, {Head: "lag"},
		{Head: "written"}, {Head: "synced"}, {Head: "NACK share"}, {Head: "heard"}}}
	for _, s := range list {
		at := placeOf(&s)
		t.Add(displayName(&s), teamOrNone(&s), s.State.String(), cli.Grouped(at.position),
			cli.Bytes(min(s.Room, 1<<40)), cli.Grouped(s.Lag), loggedOrNone(&s, at.written),
			loggedOrNone(&s, at.synced), cli.PercentOf(s.Asked, asked),
			cli.Duration(s.Quiet)+" ago")
	}
	return t.Text(sheet)
}
