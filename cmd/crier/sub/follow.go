package sub

import (
	"context"
	"errors"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/events"
	"crier/cmd/crier/trouble"
	"crier/subscriber"
)

// ending is the reason for which crier sub left.
type ending int

const (
	interrupted ending = iota
	timedOut
	allEnded     // --until-end: all sessions have ended, or are silent
	countReached // --count
)

// errTimeout is the cause of a context that ended by --timeout.
var errTimeout = errors.New("timeout")

// follower takes, counts and prints a subscriber's events.
type follower struct {
	o     *options
	sub   *subscriber.Subscriber
	tally *tally
	busy  time.Time // the end of pretended work
	left  bool      // without taking everything
	// acks acknowledges what is printed, or is nil. What comes behind a gap that Close gave up
	// comes again when positions are kept: gaps has such streams.
	acks *acks
	// written tells of a team's messages that are done, or is nil.
	written *written
	gaps    map[stream]bool
	// unsaved says that the last positions were not saved.
	unsaved bool
	// unheard is the report that there was no session, made while the sockets are open.
	unheard trouble.Report
}

// follow takes events until it is time to leave, closes the subscriber, and takes the rest:
// messages that waited for a gap, and the losses.
func (f *follower) follow(ctx context.Context, std cli.Streams) (ending, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if f.o.timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, f.o.timeout, errTimeout)
		defer stop()
	}
	print := events.NewPrinter("crier sub", f.o.format, std, f.o.quiet, func() { cancel(nil) })
	print.Groups, print.Show = len(f.o.groups) > 1 && f.o.cfg.Feeds == nil, f.o.show
	for _, one := range f.o.cfg.Feeds {
		print.Feeds = append(print.Feeds, one.String())
	}
	if f.acks != nil {
		print.Watch(f.acks.wrote)
	}
	if f.written != nil {
		print.Watch(f.written.wrote)
	}
	end, err := f.take(ctx, print)
	if f.tally.seen == 0 {
		f.unheard = f.o.unheard(f.o.snapshot(f.sub), end)
	}
	closed := f.sub.Close()
	err = errors.Join(err, closed)
	for ev := range f.sub.Messages(context.WithoutCancel(ctx)) {
		switch {
		case f.left && f.acks == nil:
			f.tally.rest(&ev)
		case f.left, f.behindGap(&ev), f.tally.others(&ev):
		default:
			f.tally.note(&ev, f.sub.Sessions)
			if failed := f.print(ctx, print, &ev); failed != nil {
				f.left, err = true, failed
			}
		}
	}
	f.left = f.left || len(f.gaps) > 0
	if failed := print.Close(ctx); err == nil { // else it is the same
		err = failed
	}
	if f.acks != nil {
		err = errors.Join(err, f.acks.err)
		f.unsaved = closed != nil || f.acks.err != nil
	}
	return end, err
}

// print prints an event, and sees that it is acknowledged.
func (f *follower) print(ctx context.Context, p *events.Printer, ev *subscriber.Event) error {
	if err := p.Event(ctx, ev); err != nil {
		return err
	}
	f.acks.printed(ev, p.Added())
	f.written.printed(ev, p.Added())
	return nil
}

// behindGap reports whether an event is left for the next run, which goes on before the gap that
// Close gave up.
func (f *follower) behindGap(ev *subscriber.Event) bool {
	if f.acks == nil {
		return false
	}
	one := stream{ev.Session, ev.Partition}
	if ev.Kind == subscriber.Loss && ev.Cause == subscriber.CauseClosed {
		if f.gaps == nil {
			f.gaps = make(map[stream]bool)
		}
		f.gaps[one] = true
	}
	return f.gaps[one] && (ev.Kind == subscriber.Message || ev.Kind == subscriber.Loss)
}

// workAhead is the resolution of pretended work: the runtime has no shorter sleeps.
const workAhead = time.Millisecond

// work pretends to work on a message for --work.
func (f *follower) work(ctx context.Context) {
	now := time.Now()
	if f.busy.Before(now.Add(-5 * workAhead)) { // a sleep that lasted too long is made up for
		f.busy = now
	}
	f.busy = f.busy.Add(f.o.work)
	if left := f.busy.Sub(now); left > workAhead {
		select {
		case <-time.After(left):
		case <-ctx.Done():
		}
	}
}

// awaitEvery is how often it is asked whether more may come once all sessions that were heard
// have ended.
const awaitEvery = 50 * time.Millisecond

// take takes events until it is time to leave.
func (f *follower) take(ctx context.Context, print *events.Printer) (ending, error) {
	for {
		wait, stop := ctx, context.CancelFunc(func() {})
		if f.allOver() {
			if f.tally.byeOfAll() || !f.sub.Awaits() {
				return allEnded, nil
			}
			wait, stop = context.WithTimeout(ctx, awaitEvery)
		}
		end, err := f.takeSome(wait, print)
		stop()
		switch {
		case err != nil || end != interrupted:
			return end, err
		case context.Cause(ctx) == errTimeout:
			return timedOut, nil
		case ctx.Err() != nil || errors.Is(f.sub.Err(), subscriber.ErrClosed):
			return interrupted, nil
		}
	}
}

// takeSome takes events until ctx ends, until it is time to leave, or until all sessions that
// were heard have ended.
func (f *follower) takeSome(ctx context.Context, print *events.Printer) (ending, error) {
	for ev := range f.sub.Messages(ctx) {
		if f.tally.others(&ev) {
			continue
		}
		f.tally.note(&ev, f.sub.Sessions)
		works := f.o.work > 0 && ev.Kind == subscriber.Message
		if works && f.written != nil { // it is done once it is printed
			f.work(ctx)
		}
		if err := f.print(ctx, print, &ev); err != nil {
			f.left = true
			return interrupted, err
		}
		if works && f.written == nil {
			f.work(ctx)
		}
		if f.o.count > 0 && f.tally.messages == f.o.count {
			f.left = true
			return countReached, nil
		}
		if f.allOver() {
			break
		}
	}
	return interrupted, nil
}

// allOver reports whether --until-end is given, and all sessions that were heard have ended, or
// are silent.
func (f *follower) allOver() bool {
	return f.o.untilEnd && f.tally.allOver()
}
