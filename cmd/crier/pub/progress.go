package pub

import (
	"fmt"
	"sync/atomic"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/interval"
	"crier/publisher"
)

// progress rewrites a line on a terminal while crier pub runs.
type progress struct {
	draining atomic.Bool
	stopEach func()
	console  *cli.Console
}

const progressEvery = 200 * time.Millisecond

// startProgress starts to show progress. Where there is no terminal, or messages are typed
// on it, startProgress returns nil, which does nothing.
func startProgress(o *options, std cli.Streams, console *cli.Console,
	p *publisher.Publisher) *progress {
	_, typed := cli.Terminal(std.In)
	if o.quiet || o.interval != 0 || !console.Live() || o.feed.From == "-" && typed {
		return nil
	}
	pp := &progress{console: console}
	last, before := time.Now(), uint64(0)
	pp.stopEach = cli.Each(progressEvery, func(now time.Time) {
		st := p.Stats()
		rate := interval.PerSecond(st.Accepted, before, now.Sub(last))
		last, before = now, st.Accepted
		console.Show(progressText(st, rate, o.count, pp.draining.Load()))
	})
	return pp
}

// progressText returns the line; rate is in messages a second, and of the expected number of
// messages, or 0.
func progressText(st publisher.Stats, rate float64, of uint64, draining bool) string {
	text := cli.Grouped(st.Accepted)
	if of > 0 {
		text += " of " + cli.Grouped(of)
	}
	text += " messages"
	if draining {
		text += " published, repairing"
	} else {
		text += ", " + cli.PerSecond(rate)
	}
	subscribers := "subscribers"
	if st.Members == 1 {
		subscribers = "subscriber"
	}
	return fmt.Sprintf("%s, %s frames, %s NACKs, %s repairs, %d %s", text,
		cli.Grouped(st.Frames), cli.Grouped(st.Nacks), cli.Grouped(st.Repairs),
		st.Members, subscribers)
}

// drain is called once all is published and only repairs go on.
func (p *progress) drain() {
	if p != nil {
		p.draining.Store(true)
	}
}

// stop removes the line.
func (p *progress) stop() {
	if p != nil {
		p.stopEach()
		p.console.Show("")
	}
}
