package publisher

import (
	"context"

	"crier/reliable"
	"crier/reliable/send"
)

// A lane is a partition: its stream, and the goroutines that wait for room in it.
type lane struct {
	partition uint32
	stream    *send.Stream
	line      line
	// freed is the stream's count of freed frames when the line was last woken.
	freed uint64
}

// lanes are the partitions of a session. The loop's lock guards them.
type lanes struct {
	list []lane
	// any is for messages that any partition may take: those without a key, if there are
	// several partitions. It has no stream of its own.
	any lane
	// turn is the partition of the messages without a key, and stream its stream.
	turn   int
	stream *send.Stream
	// waiting is the number of goroutines that wait for room, in all partitions.
	waiting int
}

func newLanes(s *send.Sender, partitions int) lanes {
	l := lanes{list: make([]lane, partitions)}
	for i := range l.list {
		l.list[i].partition, l.list[i].stream = uint32(i), s.Stream(uint32(i))
	}
	l.stream = l.list[0].stream
	return l
}

// pass gives the turn to the next partition once the frame of the present one is full: to
// change with each message would leave every datagram small. It passes over those that are full,
// unless all are.
func (l *lanes) pass(size int) {
	if len(l.list) == 1 || l.stream.Fits(size) {
		return
	}
	for range l.list {
		if l.next(); len(l.list[l.turn].line) == 0 && !l.stream.Full() {
			return
		}
	}
	l.next()
}

// turns returns the lane of messages without a key.
func (l *lanes) turns() *lane {
	if len(l.list) == 1 {
		return &l.list[0]
	}
	return &l.any
}

// pick returns the partition that a message of size bytes in a lane goes to.
func (l *lanes) pick(at *lane, size int) *lane {
	if at != &l.any {
		return at
	}
	l.pass(size)
	return &l.list[l.turn]
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
	l.any.line.wake()
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
			l.any.line.wake()
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

// publish accepts a message in a lane, and waits for room. The caller holds the lock, and publish
// gives it up.
func (p *Publisher) publish(ctx context.Context, at *lane, m *Message) (Place, error) {
	for w := (*waiter)(nil); ; {
		if place, err := p.accept(at, w, m); err != reliable.ErrFull {
			p.lanes.leave(at, w)
			p.loop.SettleSoon(1)
			return place, err
		}
		var err error
		if w, err = p.stand(ctx, at, w); err != nil {
			p.loop.Unlock()
			return Place{}, err
		}
	}
}

// tryPublish accepts a message in a lane if there is room. The caller holds the lock, and
// tryPublish gives it up.
func (p *Publisher) tryPublish(at *lane, m *Message) (Place, error) {
	place, err := p.accept(at, nil, m)
	p.loop.SettleSoon(1)
	return place, err
}

// accept has a partition accept a message in a lane, for w or for one who doesn't wait. It returns
// ErrFull if there is no room, or others wait.
func (p *Publisher) accept(at *lane, w *waiter, m *Message) (Place, error) {
	to, place, err := p.turn(at, w, len(m.Payload))
	if err != nil {
		return place, err
	}
	place.Offset, err = to.stream.PublishMessage(reliable.Time(p.loop.Now()), m.Key, m.Headers,
		m.Payload)
	return place, err
}

// turn returns the partition that a message of size bytes goes to, or ErrFull if w, or one who
// doesn't wait, has to wait for others.
func (p *Publisher) turn(at *lane, w *waiter, size int) (*lane, Place, error) {
	if !at.line.free(w) {
		return nil, Place{}, reliable.ErrFull
	}
	to := p.lanes.pick(at, size)
	if to != at && !to.line.free(nil) {
		return nil, Place{}, reliable.ErrFull
	}
	return to, Place{Partition: to.partition}, nil
}
