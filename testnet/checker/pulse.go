package checker

import (
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// pulse is how a publisher was heard to live, and whether it may be said to be silent.
type pulse struct {
	*pair

	*life // of the session

	heard    bool // anything at all
	bye      bool
	byeAt    reliable.Time // when a BYE came first
	hushed   reliable.Time // when the application was told of silence last
	repaired reliable.Time // when a REPAIR of its own came last
	// aside says that the application was told of the session by others before the publisher was
	// heard: that it is silent was true then, and may be told after it is heard.
	aside bool
}

// life is when the publisher was heard, in whatever stream of a session.
type life struct {
	lastHeard reliable.Time
	quiets    []quiet
	newest    uint64        // the latest time in a frame that tells when it was made
	interval  time.Duration // between heartbeats, as announced last
	shifted   reliable.Time // when a pause was left out of it last
}

// quiet is a time for which nothing was heard, and when that ended.
type quiet struct {
	at  reliable.Time
	was time.Duration
}

// leastQuiet is the shortest quiet time that is remembered: far less than a publisher must be quiet
// to be silent. The length of a shorter one would tell states of a small world apart that are
// judged alike: a quarter of all (testnet/every).
const leastQuiet = 50 * time.Millisecond

// alive notes that the publisher was heard.
func (p *life) alive(now reliable.Time) {
	if was := now.Sub(p.lastHeard); was >= leastQuiet {
		p.quiets = append(p.quiets[max(0, len(p.quiets)-100):], quiet{now, was})
	}
	p.lastHeard = now
}

// quiet returns the longest time for which nothing was heard, that ended since the application
// was told of silence last, or goes on.
func (p *pulse) quiet() time.Duration {
	most := p.c.w.Now().Sub(p.lastHeard)
	for _, q := range p.quiets {
		if q.at > p.hushed {
			most = max(most, q.was)
		}
	}
	return most
}

// aliveBy notes that the publisher was heard by a frame that was made at a time of its
// own: one that is repeated tells nothing.
func (p *life) aliveBy(now reliable.Time, made uint64) {
	if made > p.newest || p.newest == 0 {
		p.newest = made
		p.alive(now)
	}
}

// ends notes a BYE.
func (p *pulse) ends(now reliable.Time) {
	if !p.bye {
		p.bye, p.byeAt = true, now
	}
}

// silence returns how long the publisher must have been quiet to be silent.
func (p *pulse) silence() time.Duration {
	return max(p.patience(), 5*p.interval)
}

// judgeSilent asks whether the publisher was quiet for as long as it must have
// been. That a live publisher isn't, the truth sees to; so it was crashed,
// paused or cut off, or all that it sent was lost or waited.
func (p *pulse) judgeSilent(final bool) {
	if final || !p.heard || p.aside {
		return // a recorder said so, or others told of the session
	}
	quiet, silence := p.quiet(), p.silence()
	if p.works {
		silence = 500 * time.Millisecond // it is told later: what was announced then?
		if least := p.cfg.Receiver.Recovery.Silence; least > 0 {
			silence = max(silence, least)
		}
	}
	if len(p.s.Publisher.Streams()) > 1 {
		longest := time.Duration(0) // frames of different partitions overtake each other
		for _, o := range p.c.view(p.sub, p.s).siblings() {
			if o != nil {
				longest = max(longest, o.delays.most)
			}
		}
		quiet += longest
	}
	if quiet < silence {
		p.fail("the publisher is said to be silent, and was quiet for at most %v, not %v",
			quiet, silence)
	}
}

// judgeOpen asks whether the session could still fall silent, if its application was told
// of it at a time: after BYE it only ends. A certificate that is told late may have been made
// before that.
func (p *pulse) judgeOpen(begun reliable.Time, final, late bool) {
	if !final && p.bye && begun != 0 && p.byeAt > begun && !p.works && !late {
		p.fail("the publisher is said to be silent, and its BYE came at %s", world.Stamp(p.byeAt))
	}
}
