package pub

import (
	"context"
	"fmt"

	"crier/cmd/crier/cli"
	"crier/publisher"
	"crier/reliable"
)

// spread publishes messages, and knows how many went to each partition. It is used by one
// goroutine.
type spread struct {
	p       *publisher.Publisher
	headers []reliable.Header
	// plain says that messages have neither keys nor headers, and that there is one partition.
	plain bool
	// list is by partition, and sent the sum of theirs.
	list []partition
	sent uint64
}

// partition is what was published to one.
type partition struct {
	messages uint64
	// next is the offset behind the last of them, and sent that behind the last one that was
	// handed to the kernel, as it was seen.
	next, sent uint64
}

// newSpread returns the spread of a publisher that has begun.
func (o *options) newSpread(p *publisher.Publisher) *spread {
	s := &spread{p: p, headers: o.headers.list, list: make([]partition, max(o.cfg.Partitions, 1))}
	s.plain = len(s.list) == 1 && len(s.headers) == 0 && o.feed.Key == ""
	return s
}

// publish publishes a message, and its key if it has one.
func (s *spread) publish(ctx context.Context, key, payload []byte) error {
	var at publisher.Place
	var err error
	if s.plain {
		at.Offset, err = s.p.Publish(ctx, payload)
	} else {
		at, err = s.p.Send(ctx, publisher.Message{Key: key, Headers: s.headers, Payload: payload})
	}
	if err == nil || err == publisher.ErrDropped {
		one := &s.list[at.Partition]
		one.messages++
		one.next = at.Offset + 1
		s.look(at.Partition)
	}
	return err
}

// look sees how far the kernel has taken a partition.
func (s *spread) look(n uint32) {
	one := &s.list[n]
	now := s.p.SentIn(n)
	s.sent += now - one.sent
	one.sent = now
}

// lookAll sees how far the kernel has taken all, and returns the sum.
func (s *spread) lookAll() uint64 {
	for n := range s.list {
		s.look(uint32(n))
	}
	return s.sent
}

// recorded waits until recorders hold all messages, as the publisher is configured.
func (s *spread) recorded(ctx context.Context) error {
	for n := range s.list {
		one := &s.list[n]
		if one.messages == 0 {
			continue
		}
		at := publisher.Place{Partition: uint32(n), Offset: one.next - 1}
		if err := s.p.RecordedAt(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// text returns a line on how messages are spread, or nothing for one partition.
func (s *spread) text() string {
	if len(s.list) == 1 {
		return ""
	}
	least, most := s.list[0].messages, s.list[0].messages
	for i := range s.list {
		least, most = min(least, s.list[i].messages), max(most, s.list[i].messages)
	}
	if least == most {
		return fmt.Sprintf("  %s in each of %d partitions\n",
			cli.Counted(least, "message", "messages"), len(s.list))
	}
	return fmt.Sprintf("  %d partitions have %s to %s messages each\n", len(s.list),
		cli.Grouped(least), cli.Grouped(most))
}

// partitionSummary is a partition's row of a summary.
type partitionSummary struct {
	Partition  int    `json:"partition"`   // its number
	Messages   uint64 `json:"messages"`    // that went there
	NextOffset uint64 `json:"next_offset"` // one past the last of them; 0 if there is none
}

// summary returns a row for each partition, or nil for one.
func (s *spread) summary() []partitionSummary {
	if len(s.list) == 1 {
		return nil
	}
	var list []partitionSummary
	for n := range s.list {
		one := &s.list[n]
		list = append(list, partitionSummary{n, one.messages, one.next})
	}
	return list
}
