package checker

import (
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

// pulse is how a publisher was heard to live, and whether it may be said to be silent.
type pulse struct {
	*pair

	heard     bool // anything at all
	bye       bool
	lastHeard reliable.Time
	quiet     time.Duration // the longest since the application was told of silence
	newest    uint64        // the latest time in a frame that tells when it was made
	interval  time.Duration // between heartbeats, as announced last
	byeAt     reliable.Time // when a BYE came first
	repaired  reliable.Time // when a REPAIR of its own came last
	// aside says that the application was told of the session by others before the publisher was
	// heard: that it is silent was true then, and may be told after it is heard.
	aside bool
}

// alive notes that the publisher was heard.
func (p *pulse) alive(now reliable.Time) {
	p.quiet = max(p.quiet, now.Sub(p.lastHeard))
	p.lastHeard = now
}

// aliveBy notes that the publisher was heard by a frame that was made at a time of its
// own: one that is repeated tells nothing.
func (p *pulse) aliveBy(now reliable.Time, made uint64) {
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
	quiet, silence := max(p.quiet, p.c.w.Now().Sub(p.lastHeard)), p.silence()
	if p.works {
		silence = 500 * time.Millisecond // it is told later: what was announced then?
		if least := p.cfg.Receiver.Recovery.Silence; least > 0 {
			silence = max(silence, least)
		}
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
