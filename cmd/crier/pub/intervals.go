package pub

import (
	"fmt"
	"io"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/interval"
	"crier/publisher"
)

// columns are those of --interval.
var columns = []interval.Column{{Head: "msg/s", Width: 7}, {Head: "bit/s", Width: 7},
	{Head: "dropped", Width: 7}, {Head: "repairs", Width: 7}, {Head: "NACKs", Width: 7},
	{Head: "lag", Width: 7}, {Head: "drops", Width: 7}, {Head: "subscribers"}}

// figures are what a publisher has counted, for the columns.
type figures struct {
	publisher.Stats
	// lag is how many messages the subscriber, or the team, is behind that is furthest behind.
	lag uint64
}

func figuresOf(p *publisher.Publisher) figures {
	f := figures{Stats: p.Stats()}
	for _, s := range p.Subscribers() {
		f.lag = max(f.lag, s.Lag)
	}
	for _, t := range p.TeamStates() {
		f.lag = max(f.lag, t.Lag)
	}
	return f
}

// reportIntervals prints what --interval asks for until stop is called.
func (o *options) reportIntervals(out io.Writer, p *publisher.Publisher) (stop func()) {
	return interval.Watch(out, o.interval, columns, func() figures { return figuresOf(p) },
		(*figures).text)
}

// text returns what has happened in an interval.
func (f *figures) text(before *figures, since time.Duration) []string {
	return []string{
		cli.Rounded(interval.PerSecond(f.Accepted, before.Accepted, since)),
		cli.Rounded(8 * interval.PerSecond(f.AcceptedBytes, before.AcceptedBytes, since)),
		interval.Growth(f.Dropped, before.Dropped), interval.Growth(f.Repairs, before.Repairs),
		interval.Growth(f.Nacks, before.Nacks), interval.Count(f.lag),
		interval.Growth(f.Socket.KernelDrops+f.Socket.SendErrors,
			before.Socket.KernelDrops+before.Socket.SendErrors),
		fmt.Sprint(f.Members),
	}
}
