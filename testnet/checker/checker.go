// Package checker judges runs of a World by the promise, knowing the truth.
package checker

import (
	"errors"
	"fmt"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/testnet/world"
)

// Checker judges the promise: for each subscriber and session, over the offsets
// [first_offset, next_offset), every message is delivered exactly once and in
// order, or is named in exactly one loss report with its cause, within a stated
// time; and a publisher's crash ends in the visible state `silent`.
//
// It watches a World and knows the truth: what each publisher accepted and sent,
// what each process heard, and when each was down. It trusts no counter of the
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
// process, or the publisher's, woke from a pause; it was asked for, if the buffer
// had no room for it when it was found missing. The silence time is the greater of
// the configured one and five announced heartbeat intervals.
type Checker struct {
	w      *world.World
	truths []*truth // by session
	ears   []ear    // by subscriber
	rerun  string

	recorders []*recorder
	consumers []*consumer
	expected  time.Duration // that a datagram may take; see Expect
	directory directory
	teams     teams

	errs  []error
	more  int
	tally Tally
}

// Tally returns the counts so far.
func (c *Checker) Tally() Tally { return c.tally }

// maxErrors is how many violations are spelled out.
const maxErrors = 10

// New returns a Checker that watches w. Make it before there is anyone in
// the World.
func New(w *world.World) *Checker {
	c := &Checker{w: w}
	c.directory.c = c
	c.teams = teams{c: c, clock: (*world.Subscriber).LeaseClock,
		arbiter: (*world.Publisher).LeaseClock}
	w.Observe(world.Observer{
		Sent: c.sent, Answered: c.answered, Arrived: c.arrived, Started: c.started, Told: c.told,
		Settled: c.settled, Woke: c.woke, Ended: c.ended, Disk: c.disk,
		Acknowledged: c.acknowledged, Directory: c.directory.sent,
		Finished: c.teams.finished, TeamTold: c.teams.told, Restored: c.teams.restored,
	})
	return c
}

// Patience returns how long after the last fault all that any subscriber misses may
// take to settle.
func (c *Checker) Patience() time.Duration {
	longest := time.Duration(0)
	for _, e := range c.ears {
		for _, v := range e.views {
			if v != nil {
				longest = max(longest, v.bound()+v.pulse.silence()+time.Second)
			}
		}
	}
	return longest
}

// Expect says that any datagram may take so long: the stated times allow for it from the
// start, as if one had. What the Checker knows then depends less on what happened.
func (c *Checker) Expect(delay time.Duration) { c.expected = delay }

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
	c.errs = append(c.errs, fmt.Errorf("seed %d at %s: %s", c.w.Seed(), world.Stamp(c.w.Now()),
		fmt.Sprintf(format, args...)))
}

// truth returns what is known of a session's publisher.
func (c *Checker) truth(s *world.Session) *truth {
	for len(c.truths) <= s.Index() {
		c.truths = append(c.truths, newTruth(c, c.w.Sessions()[len(c.truths)]))
	}
	return c.truths[s.Index()]
}

// ear is what the Checker knows of a subscriber.
type ear struct {
	last   *view   // of the session that was heard last
	views  []*view // by session
	limits limits
	peak   int // the most bytes held so far
	// followers are what the streams of one session share.
	followers []*follower
	cfg       *world.SubscriberConfig // which its views share
}

// ear returns what is known of a subscriber.
func (c *Checker) ear(sub *world.Subscriber) *ear {
	for len(c.ears) <= sub.Index() {
		c.ears = append(c.ears, ear{})
	}
	e := &c.ears[sub.Index()]
	if e.cfg == nil {
		cfg := sub.Config()
		e.limits, e.cfg = limitsOf(&cfg), &cfg
	}
	return e
}

// started forgets what a subscriber's process heard and told before it started again: only
// what the promise says of one life after another is judged across them.
func (c *Checker) started(sub *world.Subscriber) {
	switch r := sub.Recorder(); {
	case r != nil:
		c.recorder(r).opened()
	case sub.Lives() > 1:
		*c.ear(sub) = ear{}
	}
	for _, t := range c.truths {
		t.inquests.forget(sub)
	}
}

// view returns how a subscriber sees a session.
func (c *Checker) view(sub *world.Subscriber, s *world.Session) *view {
	e := c.ear(sub)
	if v := e.last; v != nil && v.s == s {
		return v
	}
	for len(e.views) <= s.Index() {
		e.views = append(e.views, nil)
	}
	v := e.views[s.Index()]
	if v == nil {
		v = newView(c, sub, c.truth(s))
		e.views[s.Index()] = v
	}
	e.last = v
	return v
}

// sent follows what processes hand to their networks.
func (c *Checker) sent(d *world.Datagram) {
	switch {
	case d.Frame.Kind == frame.Claim && d.Subscriber != nil:
		c.teams.claimed(d)
		return
	case d.Frame.Kind == frame.Grant && d.Session != nil:
		c.teams.granted(d)
		return
	}
	if d.Session == nil && d.Subscriber == nil {
		return // a publisher asks where its stream ended
	}
	if d.Subscriber == nil {
		c.truth(d.Session).sent(d)
		return
	}
	s := c.w.SessionOf(d.Frame)
	if s != nil && ofInquest(d.Frame) {
		q := &c.truth(s).inquests
		q.speaker(d.Frame.Responder, d.Subscriber).say(c.w.Now(), d.Frame, d.From)
	}
	if r := d.Subscriber.Recorder(); r != nil {
		c.recorder(r).sent(d.Frame)
		return
	}
	if s != nil && !d.Subscriber.InTeam() {
		v := c.view(d.Subscriber, s)
		switch d.Frame.Kind {
		case frame.Digest:
			if ofInquest(d.Frame) {
				v.follow()
				v.serve(d)
			}
			return
		case frame.Repair, frame.Confirm, frame.Gone:
			v.follow()
			v.serve(d)
			return
		}
		if d.Holder != nil || d.Aside() || d.Nowhere && !s.WasAt(d.To) {
			v.holders.ask(d.To, d.Frame.Ranges, s.FirstSeq, v.t.next())
			return
		}
		v.addr.wrote = d.To
		v.follow()
		v.asked(d.Frame)
	}
}

// answered follows what reaches publishers.
func (c *Checker) answered(d *world.Datagram) {
	switch {
	case d.Frame == nil:
	case d.Frame.Kind == frame.Claim:
		c.teams.heardClaim(d)
	default:
		c.truth(d.Session).answered(d)
	}
}

// arrived follows what is handed to Receivers.
func (c *Checker) arrived(d *world.Datagram, sub *world.Subscriber) {
	if d.Frame == nil || d.Session == nil {
		return
	}
	if d.Frame.Kind == frame.Grant {
		c.teams.came(d, sub)
		return
	}
	if d.Aside() && ofInquest(d.Frame) {
		c.truth(d.Session).inquests.hear(sub, d.Frame)
	}
	if sub.Recorder() != nil || sub.InTeam() {
		return
	}
	v := c.view(sub, d.Session)
	v.follow()
	v.hearFeed(d)
	switch {
	case d.Holder != nil || d.Aside():
		v.hearHolder(d)
		v.revives(d.Frame)
	case !v.opens(d), !v.brings(d):
	case v.elsewhere(d):
		v.addr.candidate, v.addr.of = d, v
	default:
		v.hear(d)
	}
}

// told judges what applications are told.
func (c *Checker) told(sub *world.Subscriber, ev *reliable.Event) {
	s := c.w.Session(ev.Session, ev.Partition)
	if s == nil {
		c.fail("%v was told of session %v, which no publisher ever had", sub, ev.Session)
		return
	}
	if sub.InTeam() {
		c.teams.event(sub, ev)
		return
	}
	v := c.view(sub, s)
	v.follow()
	v.event(ev)
	if k := c.consumer(sub); k != nil {
		switch ev.Kind {
		case reliable.Message:
			k.told(s, ev.Offset, ev.Offset+1, false)
		case reliable.Loss:
			k.told(s, ev.Lost.From, ev.Lost.To, true)
		}
	}
}

// acknowledged follows what applications are done with.
func (c *Checker) acknowledged(sub *world.Subscriber, pos reliable.Position) {
	if s := c.w.Session(pos.Session, pos.Partition); s != nil {
		c.consumer(sub).acknowledged(s, pos)
	}
}

// settled judges the bounds of memory.
func (c *Checker) settled(sub *world.Subscriber) {
	if sub.Recorder() != nil || sub.InTeam() {
		return // it has no application, or its machine bounds more than a window
	}
	e := c.ear(sub)
	if v := e.last; v != nil {
		v.follow()
	}
	most := e.limits
	used := sub.Memory()
	if used > e.peak {
		e.peak = used
		c.judgeBuffers(sub, most)
	}
	if used > most.memory+most.frame*len(c.w.Sessions())+most.history {
		c.fail("%v holds %d bytes, and may hold %d, one frame of %d a session, and a history of %d",
			sub, used, most.memory, most.frame, most.history)
	}
}

// judgeBuffers judges what is held of each session, over all its partitions.
func (c *Checker) judgeBuffers(sub *world.Subscriber, most limits) {
	list := sub.Sessions()
	for i := range list {
		sum, streams := 0, 0
		for _, st := range list[i:] {
			if st.ID == list[i].ID {
				sum += st.BufferedBytes
				streams++
			}
		}
		if sum > most.buffer+streams*most.frame {
			c.fail("%v holds %d bytes of session %v, and may hold %d and one frame of each of %d "+
				"partitions", sub, sum, list[i].ID, most.buffer, streams)
		}
	}
}

// woke notes that a process goes on after a pause.
func (c *Checker) woke(p *world.Publisher, sub *world.Subscriber, since reliable.Time) {
	if p != nil {
		for _, s := range p.Streams() {
			c.truth(s).woke(since)
		}
		return
	}
	if sub.Recorder() != nil || sub.InTeam() {
		return
	}
	for _, v := range c.ear(sub).views {
		if v != nil {
			v.wake(since)
		}
	}
}

// disk follows the logs of recorders.
func (c *Checker) disk(r *world.Recorder, job *journal.Job, res *journal.Result) {
	c.recorder(r).disk(job, res)
}

func (c *Checker) ended(s *world.Session) { c.truth(s).ended() }
