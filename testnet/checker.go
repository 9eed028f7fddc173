package testnet

import (
	"errors"
	"fmt"

	"crier/reliable"
)

// Checker judges the promise: for each subscriber and session, over the offsets
// [first_offset, next_offset), every message is delivered exactly once and in
// order, or is named in exactly one loss report with its cause, within a stated
// time; and a publisher's crash ends in the visible state `silent`.
//
// It watches a World and knows the truth: what each publisher accepted and sent,
// what each process heard, and who was down when. It believes no counter of the
// machines; it compares them with what it saw.
//
// What "within a stated time" means, for a subscriber whose application keeps up
// and that has no MaxWait (with one, MaxWait takes the place of the silence
// time): a missing message is delivered or reported lost within
//
//	the silence time       its requests may go unanswered for as long
//	+ the longest delay    of a frame from its publisher to here: an answer may be
//	                       as late
//	+ 100 ms               it may merely be late
//	+ 6 round trips        the first request backs off, then shares a NACK
//	+ 1 s                  timers, retries, and what is in the sockets
//
// after the latest of these: it was found missing; anything of what this
// subscriber misses came as a repair, was confirmed or denied; the subscriber's
// process, or the publisher's, woke from a pause. The silence time is the greater
// of the configured one and five announced heartbeat intervals.
type Checker struct {
	w      *World
	truths []*truth  // by session
	views  [][]*view // by subscriber, by session
	rerun  string
	errs   []error
	more   int
	tally  Tally
}

// Tally counts what all applications were told.
type Tally struct {
	Delivered uint64 // messages
	Recovered uint64 // of these, those of which a frame came as a repair
	// Lost counts messages by cause, Events events by kind.
	Lost   [reliable.CauseTooLarge + 1]uint64
	Events [reliable.SessionContested + 1]uint64
}

// Tally returns the counts so far.
func (c *Checker) Tally() Tally { return c.tally }

// maxErrors is how many violations are spelled out.
const maxErrors = 10

// NewChecker returns a Checker that watches w. Make it before there is anyone in
// the World.
func NewChecker(w *World) *Checker {
	c := &Checker{w: w}
	w.watchers = append(w.watchers, c)
	return c
}

// SetRerun sets the command that errors name to run the same again.
func (c *Checker) SetRerun(command string) { c.rerun = command }

// Err returns the violations seen so far, or nil. It can be called at any time.
func (c *Checker) Err() error {
	errs := c.errs
	if c.more > 0 {
		errs = append(errs[:len(errs):len(errs)], fmt.Errorf("and %d more", c.more))
	}
	if len(errs) > 0 && c.rerun != "" {
		errs = append(errs[:len(errs):len(errs)], fmt.Errorf("run it again with: %s", c.rerun))
	}
	return errors.Join(errs...)
}

// fail notes a violation.
func (c *Checker) fail(format string, args ...any) {
	if len(c.errs) >= maxErrors {
		c.more++
		return
	}
	c.errs = append(c.errs, fmt.Errorf("seed %d at %s: %s", c.w.cfg.Seed, stamp(c.w.now), fmt.Sprintf(format, args...)))
}

// truth returns what is known of a session's publisher.
func (c *Checker) truth(s *Session) *truth {
	for len(c.truths) <= s.index {
		c.truths = append(c.truths, newTruth(c, c.w.sessions[len(c.truths)]))
	}
	return c.truths[s.index]
}

// view returns how a subscriber sees a session.
func (c *Checker) view(sub *Subscriber, s *Session) *view {
	if v := sub.seen; v != nil && v.s == s && v.c == c {
		return v
	}
	for len(c.views) <= sub.index {
		c.views = append(c.views, nil)
	}
	for len(c.views[sub.index]) <= s.index {
		c.views[sub.index] = append(c.views[sub.index], nil)
	}
	v := c.views[sub.index][s.index]
	if v == nil {
		v = newView(c, sub, c.truth(s))
		c.views[sub.index][s.index] = v
	}
	sub.seen = v
	return v
}

func (c *Checker) accepted(s *Session, offset uint64, payload []byte) {}

func (c *Checker) sent(s *Session, p *packet) { c.truth(s).sent(p) }

func (c *Checker) answered(s *Session, p *packet) { c.truth(s).answered(p) }

func (c *Checker) asked(sub *Subscriber, p *packet, arrives bool) {
	if s := c.w.Session(reliable.SessionID(p.frame.Session)); s != nil {
		v := c.view(sub, s)
		v.wrote = sub.wrote
		v.follow()
		v.asked(p, arrives)
	}
}

func (c *Checker) heard(sub *Subscriber, p *packet) {
	if p.session == nil {
		return
	}
	v := c.view(sub, p.session)
	v.follow()
	if v.elsewhere(p) {
		v.candidate = p
		return
	}
	v.heard(p)
}

func (c *Checker) event(sub *Subscriber, ev *reliable.Event) {
	s := c.w.Session(ev.Session)
	if s == nil {
		c.fail("%v was told of session %016x, which no publisher ever had", sub, ev.Session)
		return
	}
	v := c.view(sub, s)
	v.follow()
	v.event(ev)
}

// settled judges the bounds of memory.
func (c *Checker) settled(sub *Subscriber) {
	if v := sub.seen; v != nil && v.c == c {
		v.follow()
	}
	limit := sub.limits
	used := sub.m.Memory()
	if used > sub.peak {
		sub.peak = used
		for _, st := range sub.Sessions() {
			if st.HeldBytes > limit.buffer+limit.frame {
				c.fail("%v holds %d bytes of session %016x, and may hold %d and one frame", sub, st.HeldBytes, st.ID, limit.buffer)
			}
		}
	}
	if used > limit.memory+limit.frame*len(c.w.sessions) {
		c.fail("%v holds %d bytes, and may hold %d and one frame of %d a session", sub, used, limit.memory, limit.frame)
	}
}

func (c *Checker) woke(p *Publisher, sub *Subscriber, since reliable.Time) {
	if p != nil {
		c.truth(p.session).woke(since)
		return
	}
	if sub.index < len(c.views) {
		for _, v := range c.views[sub.index] {
			if v != nil {
				v.woke(since)
			}
		}
	}
}

func (c *Checker) ended(s *Session) { c.truth(s).ended() }
