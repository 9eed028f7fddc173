package sub

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/interval"
	"crier/subscriber"
)

// totals are what a subscriber has counted of all sessions together.
type totals struct {
	messages, bytes, lost, recovered, nacks, lag uint64
	// kernelDrops are datagrams for which the receive buffer had no room.
	kernelDrops uint64
	// known is the number of sessions, open that of those that go on, and inquests that of those
	// among them whose survivors hold an inquest. One is a partition of the only session, or nil.
	known, open, inquests int
	one                   *subscriber.Session
}

// state is what is told of a session by its partitions.
type state struct{ open, inquest bool }

func totalsOf(sub *subscriber.Subscriber) totals {
	t := sum(sub.Sessions())
	t.kernelDrops = sub.Stats().Sockets().KernelDrops
	return t
}

func sum(streams []subscriber.Session) totals {
	var t totals
	states := make(map[subscriber.SessionID]state)
	for i := range streams {
		s := &streams[i]
		t.messages += s.Delivered
		t.bytes += s.DeliveredBytes
		t.lost += s.Lost
		t.recovered += s.Recovered
		t.nacks += s.Nacks
		one := states[s.ID]
		if s.End == subscriber.EndOpen {
			t.lag += s.Lag
			one.open, one.inquest = true, one.inquest || s.Inquest
		}
		if states[s.ID] = one; t.one == nil || one.open && t.one.End != subscriber.EndOpen {
			t.one = s
		}
	}
	if t.known = len(states); t.known != 1 {
		t.one = nil
	}
	for _, one := range states {
		if one.open {
			t.open++
		}
		if one.inquest {
			t.inquests++
		}
	}
	return t
}

// columns are those of --interval.
var columns = []interval.Column{{Head: "msg/s", Width: 7}, {Head: "bit/s", Width: 7},
	{Head: "lost", Width: 7, Tone: cli.Bad}, {Head: "recovered", Tone: cli.Good},
	{Head: "NACKs", Width: 7}, {Head: "lag", Width: 7}, {Head: "drops", Width: 7},
	{Head: "sessions"}}

// reportIntervals prints what --interval asks for until stop is called.
func (o *options) reportIntervals(out io.Writer, sub *subscriber.Subscriber) (stop func()) {
	return interval.Watch(out, o.interval, columns, func() totals { return totalsOf(sub) },
		(*totals).figures)
}

// figures returns what has happened in an interval, for the columns.
func (t *totals) figures(before *totals, since time.Duration) []string {
	return []string{
		cli.Rounded(interval.PerSecond(t.messages, before.messages, since)),
		cli.Rounded(8 * interval.PerSecond(t.bytes, before.bytes, since)),
		interval.Growth(t.lost, before.lost), interval.Growth(t.recovered, before.recovered),
		interval.Growth(t.nacks, before.nacks), interval.Count(t.lag),
		interval.Growth(t.kernelDrops, before.kernelDrops), fmt.Sprint(t.open),
	}
}

const progressEvery = 200 * time.Millisecond

// showProgress rewrites a line on a terminal until stop is called. Where messages go into a
// pipe there is none: its reader may print on the same terminal.
func (o *options) showProgress(std cli.Streams, console *cli.Console,
	sub *subscriber.Subscriber) (stop func()) {
	if o.quiet || o.interval != 0 || !console.Live() || cli.Piped(std.Out) {
		return func() {}
	}
	start := time.Now()
	last, before := start, uint64(0)
	stopEach := cli.Each(progressEvery, func(now time.Time) {
		t := totalsOf(sub)
		rate := interval.PerSecond(t.messages, before, now.Sub(last))
		last, before = now, t.messages
		console.Show(t.progress(rate, now.Sub(start)))
	})
	return func() {
		stopEach()
		console.Show("")
	}
}

// progress returns the line; rate is in messages a second.
func (t *totals) progress(rate float64, elapsed time.Duration) string {
	who := cli.Counted(uint64(t.known), "session", "sessions")
	switch {
	case t.known == 0:
		return fmt.Sprintf("no session yet, %s", cli.Duration(elapsed.Round(time.Second)))
	case t.one != nil && t.one.Name != "":
		who = cli.Printable(t.one.Name)
	case t.one != nil:
		who = cmp.Or(events.SourceText(t.one.Source), "a log")
	case t.open < t.known:
		who += fmt.Sprintf(", %d open", t.open)
	}
	text := fmt.Sprintf("%s messages, %s, %s lost, %s recovered, lag %s", cli.Grouped(t.messages),
		cli.PerSecond(rate), cli.Grouped(t.lost), cli.Grouped(t.recovered), cli.Grouped(t.lag))
	if t.kernelDrops > 0 {
		text += ", " + cli.Grouped(t.kernelDrops) + " dropped by the kernel"
	}
	switch {
	case t.one != nil && t.one.End != subscriber.EndOpen:
		text += ", " + t.one.End.String()
	case t.inquests == 1:
		text += ", an inquest"
	case t.inquests > 1:
		text += fmt.Sprintf(", %d inquests", t.inquests)
	}
	return text + ", " + who
}
