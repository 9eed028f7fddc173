package world

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"crier/reliable"
	"crier/reliable/topic"
)

// Message is what a publisher publishes.
type Message struct {
	Key     []byte
	Headers []reliable.Header
	Payload []byte
	// Direct sends it to Partition. Else the key decides, and those without one go to the
	// partitions in turn.
	Direct    bool
	Partition uint32
}

// Publish publishes a message, which is copied, and returns its offset, or
// ErrHeld, ErrDown, reliable.ErrClosed, or a reliable.TooLargeError; of a message
// that was dropped its offset and reliable.ErrDropped. With several partitions, messages go
// to them in turn.
func (p *Publisher) Publish(payload []byte) (uint64, error) {
	return p.Send(Message{Payload: payload})
}

// Send publishes a message, as Publish does. The offset is one of its partition.
func (p *Publisher) Send(m Message) (uint64, error) {
	switch {
	case p.state != running:
		return 0, ErrDown
	case p.closing:
		return 0, reliable.ErrClosed
	}
	if len(p.held) == 0 && !p.asleep.on {
		offset, err := p.accept(&m)
		if err == nil || err == reliable.ErrDropped {
			p.settle()
		}
		if !errors.Is(err, reliable.ErrFull) {
			return offset, err
		}
	}
	if len(p.held) == 0 {
		p.holding.begin(p.w.now)
	}
	p.held = append(p.held, m.clone())
	p.w.keep(len(m.Payload))
	return 0, ErrHeld
}

// clone returns a copy of the message that shares nothing.
func (m Message) clone() Message {
	m.Key, m.Payload = bytes.Clone(m.Key), append([]byte(nil), m.Payload...)
	m.Headers = cloneHeaders(m.Headers)
	return m
}

func cloneHeaders(headers []reliable.Header) []reliable.Header {
	headers = slices.Clone(headers)
	for i := range headers {
		headers[i].Value = bytes.Clone(headers[i].Value)
	}
	return headers
}

// partition returns the partition of a message with a key, or of the next one without.
func (p *Publisher) partition(key []byte) uint32 {
	if len(key) > 0 {
		return topic.Partition(key, len(p.streams))
	}
	turn := p.turn
	p.turn = (p.turn + 1) % uint32(len(p.streams))
	return turn
}

// accept publishes and notes the truth.
func (p *Publisher) accept(m *Message) (uint64, error) {
	w := p.w
	if !m.Direct { // until it is accepted it keeps its partition
		m.Partition, m.Direct = p.partition(m.Key), true
	}
	if int(m.Partition) >= len(p.streams) {
		return 0, fmt.Errorf("testnet: %v has no partition %d: it has %d", p, m.Partition,
			len(p.streams))
	}
	s := p.streams[m.Partition]
	properties, err := p.m.Properties(m.Key, m.Headers)
	if err != nil {
		return 0, err
	}
	p.tick()
	offset, err := p.m.Stream(m.Partition).PublishWith(p.now(), properties, m.Payload)
	dropped := err == reliable.ErrDropped
	if err != nil && !dropped {
		return 0, err
	}
	if offset != s.NextOffset() {
		w.fail("%v gave a message the offset %d, not %d", p, offset, s.NextOffset())
	}
	s.accept(w.now, m.Payload, dropped)
	s.mark(properties, p.accepted)
	p.accepted++
	w.keep(len(m.Payload))
	w.observeAccepted(s, offset, m.Payload)
	if p.cfg.OnAccept != nil {
		p.cfg.OnAccept(w.now, offset, m.Payload)
	}
	return offset, err
}

// retry publishes the messages that wait, as far as there is room.
func (p *Publisher) retry() {
	n := 0
	for ; n < len(p.held); n++ {
		if _, err := p.accept(&p.held[n]); errors.Is(err, reliable.ErrFull) {
			break
		}
		// One that is too large is lost here as Publish would have refused it.
	}
	if p.held = p.held[:copy(p.held, p.held[n:])]; len(p.held) == 0 {
		p.holding.end(p.w.now)
	}
}

// pending reports whether the machine has messages that wait to be sent.
func (p *Publisher) pending() bool {
	for i := range p.streams {
		if p.m.Stream(uint32(i)).Pending() {
			return true
		}
	}
	return false
}

// roomed returns the machine's count of what was freed.
func (p *Publisher) roomed() (n uint64) {
	for i := range p.streams {
		n += p.m.Stream(uint32(i)).Freed()
	}
	return n
}
