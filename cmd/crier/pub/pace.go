package pub

import (
	"context"
	"fmt"
	"math"
	"time"
)

// paceCoarse is how far ahead of a due time the runtime's own timer is left,
// which is over a millisecond late, for one that is precise.
const paceCoarse = 2 * time.Millisecond

// paceShortest is the shortest wait. Shorter ones would wake for every message
// of a fast feed, at the cost of most of a core: those that are less than this
// apart leave together instead, up to this late.
const paceShortest = 50 * time.Microsecond

// paceLong is a wait that is told, since nothing seems to happen.
const paceLong = 10 * time.Second

// pacing says when messages are due.
type pacing struct {
	// Speed applies to recorded times.
	Speed speed
	// Rate is in messages a second, and takes the place of recorded times and
	// Speed; 0 means none.
	Rate float64
}

// validate returns what is wrong with the options themselves, as a sentence.
func (p pacing) validate() error {
	if p.Rate < 0 || math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0) {
		return fmt.Errorf("--rate %v is no rate: give messages a second, a number over 0", p.Rate)
	}
	return nil
}

// paceTimer is a timer for waits that are too short for the runtime's, as
// multicast.Timer describes it.
type paceTimer interface {
	Set(time.Duration)
	Wait() error
}

// pacer makes one goroutine wait for each message's due time. Due times count
// from the first message: a message that is sent late shifts no other, and
// those that are due already don't wait.
type pacer struct {
	opts   pacing
	fine   paceTimer   // nil: the runtime's timer does it all
	coarse *time.Timer // made when it is first needed
	start  time.Time   // when the first message was due
	n      uint64      // messages so far
	late   time.Duration
	// notice, if set, hears how long the next message is waited for, where that is
	// paceLong or more.
	notice func(left time.Duration)
}

// newPacer makes a pacer. fine stays the caller's, to close; without one (nil)
// messages may be more than a millisecond late.
func newPacer(opts pacing, fine paceTimer) *pacer {
	return &pacer{opts: opts, fine: fine}
}

// wait returns nil when the next message is due; at is its record's time. It
// returns the context's error when that ends, at the latest 2 ms after it
// did, or the timer's if that was closed. It allocates nothing but one timer.
func (p *pacer) wait(ctx context.Context, at time.Duration) error {
	if p.n == 0 {
		p.start = time.Now()
	}
	due := p.due(at)
	p.n++
	if due == 0 {
		return ctx.Err()
	}
	if left := due - time.Since(p.start); p.notice != nil && left >= paceLong {
		p.notice(left)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		left := due - time.Since(p.start)
		if left <= 0 {
			p.late = max(p.late, -left)
			return nil
		}
		if err := p.sleep(ctx, left); err != nil {
			return err
		}
	}
}

// due is when the next message is due, since the first one; 0 means at once.
func (p *pacer) due(at time.Duration) time.Duration {
	switch {
	case p.opts.Rate > 0:
		return saturate(float64(p.n) * float64(time.Second) / p.opts.Rate)
	case p.opts.Speed.max || at <= 0:
		return 0
	case p.opts.Speed.factor == 0 || p.opts.Speed.factor == 1:
		return at // exactly, however large
	}
	return saturate(float64(at) / p.opts.Speed.factor)
}

// saturate turns nanoseconds into a duration, the longest one if they are too many.
func saturate(ns float64) time.Duration {
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// sleep waits for a part of left, or all of it. It may return too early.
func (p *pacer) sleep(ctx context.Context, left time.Duration) error {
	if p.fine != nil && left <= paceCoarse {
		p.fine.Set(max(left, paceShortest))
		return p.fine.Wait()
	}
	if p.fine != nil {
		left -= paceCoarse
	}
	if p.coarse == nil {
		p.coarse = time.NewTimer(left)
	} else {
		p.coarse.Reset(left)
	}
	select {
	case <-p.coarse.C:
		return nil
	case <-ctx.Done():
		p.coarse.Stop()
		return ctx.Err()
	}
}

// worst is how far behind its due time the latest message was let through,
// for a summary: it grows when the reader, the sender or the machine is slower
// than the feed.
func (p *pacer) worst() time.Duration { return p.late }
