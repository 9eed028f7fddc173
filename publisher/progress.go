package publisher

import (
	"context"

	"crier/reliable/topic"
)

// progress wakes goroutines that wait until messages are sent or taken. The loop's lock
// guards it.
type progress struct {
	// made is closed by the next progress.
	made chan struct{}
	// waiting is the number of goroutines that wait.
	waiting int
	// untaken is the number of those that wait until messages are taken.
	untaken int
}

// sent wakes the goroutines after a batch was sent.
func (g *progress) sent() {
	if g.waiting > 0 {
		g.wake()
	}
}

// taken wakes the goroutines that wait until messages are taken, after a datagram was
// received or time has passed.
func (g *progress) taken() {
	if g.untaken > 0 {
		g.wake()
	}
}

func (g *progress) wake() {
	close(g.made)
	g.made = make(chan struct{})
}

// Flush returns when all messages accepted before the call are with the kernel, or ctx
// ends. It returns ErrClosed if the Publisher was closed without sending them.
func (p *Publisher) Flush(ctx context.Context) error {
	p.loop.Lock()
	var targets [topic.MaxPartitions]uint64
	for i := range p.lanes.list {
		st := p.lanes.list[i].stream
		st.Flush()
		targets[i] = st.NextOffset()
	}
	p.loop.SettleNow()
	p.loop.Lock()
	defer p.loop.Unlock()
	for i := range p.lanes.list {
		st := p.lanes.list[i].stream
		for st.FlushedOffset() < targets[i] {
			if err := p.wait(ctx); err != nil && st.FlushedOffset() < targets[i] {
				return err // else both happened at the same time
			}
		}
	}
	return nil
}

// Sent returns the offset of the first message that is not yet whole with the kernel. All
// messages before it were sent. With several partitions, SentIn tells that of each.
func (p *Publisher) Sent() uint64 { return p.SentIn(0) }

// SentIn is Sent for a partition.
func (p *Publisher) SentIn(partition uint32) uint64 {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.lanes.list[partition].stream.FlushedOffset()
}

// WaitTaken returns when the subscribers whose pace counts have taken all messages
// accepted before the call, or ctx ends. It doesn't wait for a subscriber that leaves or is
// evicted. It returns at once if no subscriber counts yet: see Flow.WaitFor.
//
// A subscriber has taken the messages before its position, which it reports about twice a
// second in a small group. With Overload block, its position follows the application: up
// to 64 datagrams that Messages is handing out count as taken. Otherwise its position
// follows the network: received messages count as taken.
//
// The error is ErrNobodyCounts if no pace is configured, ErrClosed if the Publisher is
// closed first, or the error of ctx.
func (p *Publisher) WaitTaken(ctx context.Context) error {
	if p.cfg.Flow.Pace.IsZero() {
		return ErrNobodyCounts
	}
	p.loop.Lock()
	var targets [topic.MaxPartitions]uint64
	for i := range p.lanes.list {
		st := p.lanes.list[i].stream
		targets[i] = st.Frontier()
		st.Flush()
	}
	p.loop.SettleNow()
	p.loop.Lock()
	defer p.loop.Unlock()
	p.progress.untaken++
	defer func() { p.progress.untaken-- }()
	for i := range p.lanes.list {
		for st := p.lanes.list[i].stream; !st.Taken(targets[i]); {
			if err := p.wait(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait waits for progress, the end of ctx, or the Publisher's closing. The caller holds the
// lock, but wait gives it up while it waits.
func (p *Publisher) wait(ctx context.Context) error {
	p.progress.waiting++
	err := p.await(ctx, p.progress.made)
	p.progress.waiting--
	return err
}
