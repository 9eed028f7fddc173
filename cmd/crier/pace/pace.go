// Package pace sends messages when they are due: as their times were recorded, or at a rate.
package pace

import (
	"context"
	"fmt"
	"math"
	"time"
)

// coarseWait is the time before a due time at which a precise timer takes over from the
// runtime's, which is over a millisecond late.
const coarseWait = 2 * time.Millisecond

// shortestWait is the shortest wait. Messages of a fast feed that are closer leave together,
// up to this late: waking up for each of them would take most of a core.
const shortestWait = 50 * time.Microsecond

// longWait is a wait long enough to be announced.
const longWait = 10 * time.Second

// Options says when messages are due.
type Options struct {
	// Speed applies to recorded times.
	Speed Speed
	// Rate is in messages a second, and takes the place of recorded times and
	// Speed; 0 means none.
	Rate float64
}

// Validate returns an error, in a sentence, about the options themselves.
func (p Options) Validate() error {
	if p.Rate < 0 || math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0) {
		return fmt.Errorf("--rate %v is not a rate: give messages a second, a number over 0",
			p.Rate)
	}
	return nil
}

// Timer is a timer for waits that are too short for the runtime's, as
// multicast.Timer describes it.
type Timer interface {
	Set(time.Duration)
	Wait() error
}

// Pacer makes one goroutine wait for each message's due time. Due times count
// from the first message: a message that is sent late shifts no other, and
// those that are due already don't wait.
type Pacer struct {
	opts   Options
	fine   Timer       // nil: the runtime's timer does it all
	coarse *time.Timer // made when it is first needed
	start  time.Time   // when the first message was due
	n      uint64      // messages so far
	late   time.Duration
	// Notice, if set, is called before a wait of 10 s or more.
	Notice func(left time.Duration)
}

// New returns a pacer. The caller closes fine; without it (nil), messages may be more
// than a millisecond late.
func New(opts Options, fine Timer) *Pacer {
	return &Pacer{opts: opts, fine: fine}
}

// Wait blocks until the next message, recorded at a time, is due. It returns the context's
// error within 2 ms of its end, or the timer's if that was closed. It allocates one timer.
func (p *Pacer) Wait(ctx context.Context, at time.Duration) error {
	if p.n == 0 {
		p.start = time.Now()
	}
	due := p.due(at)
	p.n++
	if due == 0 {
		return ctx.Err()
	}
	if left := due - time.Since(p.start); p.Notice != nil && left >= longWait {
		p.Notice(left)
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

// due returns the due time of the next message, from the first one; 0 means at once.
func (p *Pacer) due(at time.Duration) time.Duration {
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

// saturate converts nanoseconds into a duration, at most the longest one.
func saturate(ns float64) time.Duration {
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// sleep waits for left, or a part of it.
func (p *Pacer) sleep(ctx context.Context, left time.Duration) error {
	if p.fine != nil && left <= coarseWait {
		p.fine.Set(max(left, shortestWait))
		return p.fine.Wait()
	}
	if p.fine != nil {
		left -= coarseWait
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

// Worst returns the longest delay of a message past its due time. It grows when the reader,
// the sender or the machine is slower than the feed.
func (p *Pacer) Worst() time.Duration { return p.late }
