package publisher

import (
	"context"
	"errors"
	"time"

	"crier/reliable"
)

// stuckAfter is how long a socket may take nothing before Close gives up sending.
const stuckAfter = 30 * time.Second

// Close ends the session. It sends the accepted messages and BYE, and repairs missing
// messages until Repair.Linger has passed without a request, for at most 30 seconds, or
// Repair.Linger if that is longer. It goes on beyond that while a subscriber whose pace counts
// has yet to take something, and has made progress within Flow.StallTimeout. Publish returns
// ErrClosed from now on.
//
// No goroutine is left when Close returns, except one that calls OnSubscriber. No call
// begins after Close. Several callers may close at once, and all of them wait.
//
// Close returns an *UnsentError if the socket took nothing for 30 seconds while accepted
// messages were unsent.
func (p *Publisher) Close() error { return p.Shutdown(context.Background()) }

// Shutdown is like Close, but stops sending and repairing when ctx ends. It returns an
// *UnsentError if accepted messages were unsent by then. It returns nil if it only cut
// repairs short, which Stats.Owed and Stats.Asking count. The end of one caller's ctx ends
// the session for all callers.
func (p *Publisher) Shutdown(ctx context.Context) error {
	p.loop.Lock()
	p.sender.Close(reliable.Time(p.loop.Now()))
	p.lanes.wake() // each waiter fails, and wakes the next
	p.loop.SettleNow()
	p.drain(ctx)
	p.closing.Do(func() { p.closed = p.stop() })
	return p.closed
}

// drain returns when the session has drained, ctx ends, or the socket is stuck.
func (p *Publisher) drain(ctx context.Context) {
	timer := time.NewTimer(stuckAfter)
	defer timer.Stop()
	for sent := p.taken(); ; {
		select {
		case <-p.done:
			return
		case <-p.stopped:
			return
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// BYE is sent many times in that time, unless the socket is stuck.
		now := p.taken()
		if now == sent {
			return
		}
		sent = now
		timer.Reset(stuckAfter)
	}
}

// taken returns the number of datagrams that the socket has taken or refused.
func (p *Publisher) taken() uint64 {
	st := p.conn.Stats()
	return st.Sent + st.SendErrors
}

// stop ends the goroutines, closes the loop, and returns an error that names the unsent
// messages.
func (p *Publisher) stop() error {
	p.loop.Lock()
	p.stopping = true
	p.sender.Stop(reliable.Time(p.loop.Now()))
	p.loop.Unlock()
	close(p.stopped)
	p.news.end()
	p.working.Wait()
	p.earlier.close()
	p.announcers.end()
	if p.disk != nil {
		p.disk.finish()
	}
	err := p.loop.Close()
	p.loop.Lock()
	defer p.loop.Unlock()
	p.owed = p.sender.Owed()
	p.memory.frames.Discard() // no frame is sent or read any more
	for i := range p.lanes.list {
		st := p.lanes.list[i].stream
		if first, next := st.FlushedOffset(), st.NextOffset(); first < next {
			err = errors.Join(&UnsentError{First: first, Next: next, Partition: uint32(i)}, err)
		}
	}
	return err
}
