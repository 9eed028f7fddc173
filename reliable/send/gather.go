package send

import (
	"time"

	"crier/reliable"
)

// gatherTime is how long a session whose pace counts waits for subscribers to report
// their positions before it accepts the first message.
const gatherTime = 100 * time.Millisecond

// A gather is the wait for subscribers before the first message of a session.
type gather struct {
	cfg   *Config
	table *members
	// on says that no message is accepted before subscribers had time to report.
	on bool
	// until is when that time ends at the latest.
	until reliable.Time
	// freed counts the ends of such a time: one at most.
	freed uint64
}

func newGather(cfg *Config, table *members) gather {
	return gather{cfg: cfg, table: table, until: cfg.Start.Add(gatherTime),
		on: !cfg.Flow.Pace.IsZero() || cfg.Flow.WaitFor > 0}
}

// look ends the wait once there are as many subscribers as configured, or the time is over.
func (g *gather) look(now reliable.Time) {
	if !g.on {
		return
	}
	if n := g.cfg.Flow.WaitFor; n > 0 {
		if g.table.reported() < n {
			return
		}
	} else if now < g.until {
		return
	}
	g.end()
}

// end ends the wait.
func (g *gather) end() {
	if g.on {
		g.on = false
		g.freed++
	}
}

// due returns when the wait ends though nothing happens.
func (g *gather) due() reliable.Time {
	if g.on && g.cfg.Flow.WaitFor == 0 {
		return g.until
	}
	return reliable.Never
}
