package publisher

import (
	"context"
	"fmt"

	"crier/reliable"
	"crier/reliable/topic"
)

// A Message is a payload with what tells subscribers more about it.
type Message struct {
	// Key selects the partition, and comes with the message: messages with the same key have an
	// order. It has up to 255 bytes; empty means none.
	Key []byte
	// Headers come with the message.
	Headers []Header
	// Payload is the message.
	Payload []byte
	// To is the partition; the zero Target leaves it to the key. Messages without a key take
	// turns, as many as fit in a datagram at a time.
	To Target
}

// A Header is a name of 1 to 255 bytes of UTF-8, and a value. A message may have 32. With the key
// they may take 1,024 bytes, and must leave a datagram some room.
type Header = reliable.Header

// A Target is the partition of a Message. The zero Target is that of its key.
type Target struct{ next uint32 }

// ToPartition returns the Target of a partition.
func ToPartition(partition uint32) Target { return Target{partition + 1} }

// A Place is where a message is: its partition, and its offset there.
type Place struct {
	Partition uint32
	Offset    uint64
}

// PartitionError is returned by Send for a partition that isn't there.
type PartitionError struct {
	Partition uint32
	// Partitions is the number of partitions that are there.
	Partitions int
}

func (e *PartitionError) Error() string {
	if e.Partitions == 1 {
		return fmt.Sprintf("there is no partition %d: the publisher has partition 0 alone; set "+
			"Partitions for more", e.Partition)
	}
	return fmt.Sprintf("there is no partition %d: the publisher has %d, 0 to %d", e.Partition,
		e.Partitions, e.Partitions-1)
}

// Send accepts a message as Publish does, with its key and headers, and returns its place. It
// copies all of them.
//
// The errors are those of Publish, a *PartitionError for a partition that isn't there, and errors
// about a key or headers that are too large.
func (p *Publisher) Send(ctx context.Context, m Message) (Place, error) {
	if err := ctx.Err(); err != nil {
		return Place{}, err
	}
	at, place, done, err := p.begin(&m)
	if err == nil && !done {
		place, err = p.publish(ctx, at, &m)
	}
	return place, err
}

// TrySend is like Send, but returns ErrFull instead of waiting.
func (p *Publisher) TrySend(m Message) (Place, error) {
	at, place, done, err := p.begin(&m)
	if err == nil && !done {
		place, err = p.tryPublish(at, &m)
	}
	return place, err
}

// begin finds the partition of a message. If the message fits into a frame that is open there,
// and that another goroutine sends, it joins that, and is done. Otherwise, and without an error,
// begin returns with the lock.
func (p *Publisher) begin(m *Message) (at *lane, place Place, done bool, err error) {
	seen := p.loop.Enter()
	at, err = p.lanes.of(m)
	if err == nil && seen {
		to := p.lanes.pick(at, len(m.Payload))
		place.Partition = to.partition
		place.Offset, done, err = to.stream.AppendMessage(m.Key, m.Headers, m.Payload)
	}
	if err != nil || done {
		p.loop.Unlock()
		return at, place, done, err
	}
	p.loop.Tick()
	return at, place, false, nil
}

// of returns the lane of a message.
func (l *lanes) of(m *Message) (*lane, error) {
	switch {
	case m.To != Target{}:
		if partition := m.To.next - 1; partition >= uint32(len(l.list)) {
			return nil, &PartitionError{Partition: partition, Partitions: len(l.list)}
		}
		return &l.list[m.To.next-1], nil
	case len(m.Key) > 0:
		return &l.list[topic.Partition(m.Key, len(l.list))], nil
	}
	return l.turns(), nil
}
