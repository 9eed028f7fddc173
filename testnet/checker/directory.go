package checker

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

// The Checker bounds the directory's traffic, whatever the number of publishers:
//
//   - All announcements, with the answers to questions, are at most a thousand in any second.
//   - Those to the group are at most fifty in any second, from ten seconds after the last process
//     started.
//   - Whoever asks lists 99 of a hundred topics within 1.5 s, of those whose processes ran when it
//     asked, and run.
type directory struct {
	c         *Checker
	all       second // announcements and answers
	announced second // to the group
}

const (
	stormRate   = 1000
	settledRate = 50
	settledIn   = 10 * time.Second
	listedIn    = 1500 * time.Millisecond
)

// second is the times of what happened in the last second.
type second struct{ times []reliable.Time }

// add adds a time, and returns how many there are in the second that it ends.
func (s *second) add(now reliable.Time) int {
	old := 0
	for old < len(s.times) && now.Sub(s.times[old]) >= time.Second {
		old++
	}
	s.times = append(s.times[:copy(s.times, s.times[old:])], now)
	return len(s.times)
}

// sent judges what a process of the directory sends.
func (d *directory) sent(p *world.Datagram) {
	if p.Frame.Kind != frame.Announce {
		return
	}
	now := d.c.w.Now()
	if d.all.add(now) == stormRate+1 {
		d.c.fail("more than %d announcements and answers were sent in a second", stormRate)
	}
	if p.To.IsValid() {
		return
	}
	if n := d.announced.add(now); n == settledRate+1 && now.Sub(d.changed()) > settledIn {
		d.c.fail("more than %d announcements were sent in a second, %v after the last process "+
			"started", settledRate, now.Sub(d.changed()))
	}
}

// changed returns when the last process that announces started.
func (d *directory) changed() (last reliable.Time) {
	for _, e := range d.c.w.Entries() {
		if at := e.Config().At; at <= d.c.w.Now() {
			last = max(last, at)
		}
	}
	return last
}

// finish judges what was listed.
func (d *directory) finish() {
	for _, l := range d.c.w.Listers() {
		asked := l.Config().At
		by := asked.Add(listedIn)
		if d.c.w.Now() < by {
			continue
		}
		there := 0
		for _, e := range d.c.w.Entries() {
			if e.Config().At <= asked && e.Running() && l.Config().Pattern.Match(e.Config().Topic) {
				there++
			}
		}
		if n := l.Listed(by); n < there*99/100 {
			d.c.fail("%v listed %d topics within %v, and there were %d", l, n, listedIn, there)
		}
	}
}
