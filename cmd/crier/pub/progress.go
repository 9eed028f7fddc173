package pub

import (
	"fmt"
	"time"

	"crier/cmd/crier/cli"
	"crier/publisher"
)

// progress rewrites a line on a terminal while crier pub runs.
type progress struct {
	draining chan struct{}
	stopping chan struct{}
	stopped  chan struct{}
}

const progressEvery = 200 * time.Millisecond

// startProgress starts to show progress. Where there is no terminal, or messages are typed
// on it, startProgress returns nil, which does nothing.
func startProgress(o *options, std cli.Streams, console *cli.Console,
	p *publisher.Publisher) *progress {
	_, typed := cli.Terminal(std.In)
	if o.quiet || !console.Live() || o.feed.From == "-" && typed {
		return nil
	}
	pp := &progress{make(chan struct{}), make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(pp.stopped)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		last, before := time.Now(), uint64(0)
		for {
			select {
			case <-pp.stopping:
				console.Show("")
				return
			case now := <-tick.C:
				st := p.Stats()
				rate := float64(st.Accepted-before) / now.Sub(last).Seconds()
				last, before = now, st.Accepted
				console.Show(progressText(st, rate, o.count, pp.isDraining()))
			}
		}
	}()
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
		close(p.draining)
	}
}

func (p *progress) isDraining() bool {
	select {
	case <-p.draining:
		return true
	default:
		return false
	}
}

// stop removes the line.
func (p *progress) stop() {
	if p != nil {
		close(p.stopping)
		<-p.stopped
	}
}
