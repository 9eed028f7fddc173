package scenario

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/world"
)

// Feed is a recorded feed: messages and when they are due, since the first one.
type Feed interface {
	// Next returns the next message, which is valid until the call after it, or
	// io.EOF. A time below 0 means that the feed has no times.
	Next() (at time.Duration, payload []byte, err error)
	Close() error
}

// random draws numbers that are the same on every machine.
type random struct{ pcg rand.PCG }

func newRandom(seed uint64) *random {
	r := &random{}
	r.pcg.Seed(seed, link.Seed(seed, 1, 2))
	return r
}

// below returns a number in [0, n); 0 if n is 0.
func (r *random) below(n uint64) uint64 {
	hi, _ := bits.Mul64(r.pcg.Uint64(), n)
	return hi
}

// payloads makes up messages: their number, and bytes that don't compress.
type payloads struct {
	rand  *random
	sizes Sizes
	buf   []byte
	n     uint64
}

// defaultSizes is how large messages are where nothing is said.
var defaultSizes = Sizes{{200, 200, 100}}

func newPayloads(sizes Sizes, seed uint64) *payloads {
	if len(sizes) == 0 {
		sizes = defaultSizes
	}
	largest := Size(0)
	for _, s := range sizes {
		largest = max(largest, s.To)
	}
	p := &payloads{rand: newRandom(seed), sizes: sizes, buf: make([]byte, largest)}
	for i := range p.buf {
		p.buf[i] = byte(p.rand.pcg.Uint64())
	}
	return p
}

// next returns a message, valid until the next call.
func (p *payloads) next() []byte {
	s := p.sizes[0]
	if len(p.sizes) > 1 {
		at := int(p.rand.below(100))
		for i := 0; at >= p.sizes[i].Percent; i++ {
			at -= p.sizes[i].Percent
			s = p.sizes[i+1]
		}
	}
	size := s.From
	if s.To > s.From {
		size += Size(p.rand.below(uint64(s.To-s.From) + 1))
	}
	b := p.buf[:size]
	if len(b) >= 8 {
		binary.BigEndian.PutUint64(b, p.n)
	}
	p.n++
	return b
}

// producer publishes the messages of one publisher.
type producer struct {
	run  *Run
	cfg  *Publisher
	pub  *world.Publisher
	made *payloads
	keys *random
	key  []byte
	feed Feed
	from reliable.Time // when it begins
	n    uint64        // messages so far
	fire func()

	due  reliable.Time // of the feed's next message
	next []byte
}

// start begins to publish.
func (p *producer) start() error {
	p.fire = p.publish
	if p.feed == nil {
		p.run.w.At(p.from, p.fire)
		return nil
	}
	if err := p.pull(); err != nil {
		return err
	}
	if p.next != nil {
		p.run.w.At(p.due, p.fire)
	}
	return nil
}

// pull takes the feed's next message; nil at its end.
func (p *producer) pull() error {
	at, payload, err := p.feed.Next()
	if err == io.EOF {
		p.next = nil
		return nil
	}
	if err != nil {
		return err
	}
	if at < 0 {
		return fmt.Errorf("the feed of %s has no times: use a format with times, such as pcap "+
			"or timed", p.cfg.Name)
	}
	p.next, p.due = payload, max(p.due, p.from.Add(p.cfg.Speed.scale(at)))
	return nil
}

// publish publishes the messages that are due now, and plans the next.
func (p *producer) publish() {
	w := p.run.w
	end := reliable.Time(p.run.s.Duration)
	for {
		if w.Now() >= end || p.cfg.Messages > 0 && p.n >= p.cfg.Messages {
			return
		}
		if p.feed != nil && w.Stopped() {
			return
		}
		if p.feed != nil {
			p.pub.Send(p.message(p.next)) // without room it takes it later; while it is down, never
			p.n++
			if err := p.pull(); err != nil {
				p.run.fail(err)
				return
			}
			if p.next == nil {
				return
			}
			if p.due <= w.Now() {
				continue
			}
			w.At(p.due, p.fire)
			return
		}
		for range max(p.cfg.Burst, 1) {
			if p.cfg.Messages > 0 && p.n >= p.cfg.Messages || w.Stopped() {
				return
			}
			p.pub.Send(p.message(p.made.next()))
			p.n++
		}
		at := p.from.Add(p.cfg.Rate.at(p.n))
		if at > w.Now() {
			w.At(at, p.fire)
			return
		}
	}
}

// message returns a message with a key and headers, if the publisher has such. It is valid until
// the next call.
func (p *producer) message(payload []byte) world.Message {
	m := world.Message{Payload: payload}
	if p.cfg.Keys > 0 {
		p.key = strconv.AppendUint(p.key[:0], p.keys.below(uint64(p.cfg.Keys)), 10)
		m.Key = p.key
	}
	for i := range p.cfg.Headers {
		m.Headers = append(m.Headers, reliable.Header{Name: "h" + strconv.Itoa(i),
			Value: binary.BigEndian.AppendUint64(nil, p.n)})
	}
	return m
}

// burst publishes so many messages at once.
func (p *producer) burst(n int, sizes Sizes) {
	made := p.made
	if len(sizes) > 0 || made == nil {
		made = newPayloads(sizes, p.run.seed)
	}
	for range n {
		if p.run.w.Stopped() {
			return
		}
		p.pub.Send(p.message(made.next()))
	}
}
