package publisher

import (
	"context"

	"crier/reliable"
	"crier/reliable/send"
)

// A lane is a partition: its stream, and the goroutines that wait for room in it.
type lane struct {
	stream *send.Stream
	line   line
	// freed is the stream's count of freed frames when the line was last woken.
	freed uint64
}

// lanes are the partitions of a session. The loop's lock guards them.
type lanes struct {
	list []lane
	// turn is the partition of the messages without a key, and stream its stream.
	turn   int
	stream *send.Stream
	// waiting is the number of goroutines that wait for room, in all partitions.
	waiting int
}

func newLanes(s *send.Sender) lanes {
	l := lanes{list: make([]lane, s.Partitions())}
	for i := range l.list {
		l.list[i].stream = s.Stream(uint32(i))
	}
	l.stream = l.list[0].stream
	return l
}

// pass gives the turn to the next partition once the frame of the present one is full: to
// change with each message would leave every datagram small.
func (l *lanes) pass(size int) {
	if len(l.list) > 1 && !l.stream.Fits(size) {
		l.next()
	}
}

// next gives the turn to the next partition.
func (l *lanes) next() {
	if l.turn++; l.turn == len(l.list) {
		l.turn = 0
	}
	l.stream = l.list[l.turn].stream
}

// join appends a waiter to the line of a partition, and returns it.
func (l *lanes) join(at *lane) *waiter {
	l.waiting++
	return at.line.join()
}

// leave removes w, unless it is nil, from the line, and lets the next waiter try.
func (l *lanes) leave(at *lane, w *waiter) {
	if w != nil {
		l.waiting--
		at.line.leave(w)
	}
}

// wake makes the first waiter of each line try again.
func (l *lanes) wake() {
	if l.waiting == 0 {
		return
	}
	for i := range l.list {
		l.list[i].line.wake()
	}
}

// wakeFreed makes the first waiter of each line try again where the stream freed room.
func (l *lanes) wakeFreed() {
	if l.waiting == 0 {
		return
	}
	for i := range l.list {
		at := &l.list[i]
		if freed := at.stream.Freed(); freed != at.freed {
			at.freed = freed
			at.line.wake()
		}
	}
}

// stand waits in the line of a partition until it is w's turn to try again, ctx ends, or the
// Publisher is closed. With a nil w it joins the line. It returns the waiter, which has left
// the line if there is an error. The caller holds the lock, but stand gives it up while it
// waits.
func (p *Publisher) stand(ctx context.Context, at *lane, w *waiter) (*waiter, error) {
	if w == nil {
		w = p.lanes.join(at)
	}
	err := p.await(ctx, w.turn)
	if err != nil {
		p.lanes.leave(at, w)
	}
	return w, err
}

// publish accepts a message in a partition, and waits for room. The caller holds the lock,
// and publish gives it up.
func (p *Publisher) publish(ctx context.Context, at *lane, m *Message) (uint64, error) {
	for w := (*waiter)(nil); ; {
		if at.line.free(w) {
			offset, err := p.accept(at, m)
			if err != reliable.ErrFull {
				p.lanes.leave(at, w)
				p.loop.SettleSoon(1)
				return offset, err
			}
		}
		var err error
		if w, err = p.stand(ctx, at, w); err != nil {
			p.loop.Unlock()
			return 0, err
		}
	}
}

// tryPublish accepts a message in a partition if there is room. The caller holds the lock, and
// tryPublish gives it up.
func (p *Publisher) tryPublish(at *lane, m *Message) (offset uint64, err error) {
	if err = ErrFull; at.line.free(nil) {
		offset, err = p.accept(at, m)
	}
	p.loop.SettleSoon(1)
	return offset, err
}

// accept has a partition accept a message with its properties, whose memory is shared: they are
// encoded each time.
func (p *Publisher) accept(at *lane, m *Message) (uint64, error) {
	properties, err := p.sender.Properties(m.Key, m.Headers)
	if err != nil {
		return 0, err
	}
	return at.stream.PublishWith(reliable.Time(p.loop.Now()), properties, m.Payload)
}
