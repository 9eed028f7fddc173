package world

import (
	"time"

	"crier/reliable"
	"crier/reliable/restart"
	"crier/testnet/link"
)

// A publisher that goes on with its stream's offsets: before a session begins again, its process
// asks the group where the last one ended. It hears the group meanwhile.

// search is the question of one restart.
type search struct {
	m     *restart.Search
	life  int
	armed reliable.Time
}

// tryAgain is the time after which a publisher is started again that found no end to go on from,
// or was told that its stream still runs.
const tryAgain = time.Second

// seek begins to ask where the stream ended.
func (p *Publisher) seek() {
	w := p.w
	p.addr = p.nextAddr()
	p.asks++
	m, err := restart.New(restart.Config{
		ID: w.id(publisherNet, p.index, -p.asks), Publisher: p.cfg.Sender.Name,
		Topic: p.cfg.Sender.Topic, Channels: p.partitions(),
		Start: w.now, Wall: WallStart + int64(w.now),
	})
	if err != nil {
		w.fail("%v doesn't ask where its stream ended: %v", p, err)
		return
	}
	p.state, p.search = searching, &search{m: m, life: p.asks, armed: reliable.Never}
	w.trace("%v asks where its stream ended", p)
	p.ask()
}

// ask does what is due of a search, and begins the session when it is over.
func (p *Publisher) ask() {
	w, s := p.w, p.search
	s.m.Advance(w.now)
	for b, ok := s.m.Next(w.now); ok; b, ok = s.m.Next(w.now) {
		for i := range b.Datagrams() {
			p.question(b.Datagram(i))
		}
		s.m.Sent(b)
	}
	if !s.m.Done() {
		if at := s.m.Deadline(); at < s.armed || s.armed <= w.now {
			s.armed = at
			w.At(max(at, w.now+1), func() {
				if p.search == s {
					p.ask()
				}
			})
		}
		return
	}
	r := s.m.Result()
	p.search, p.state = nil, gone
	switch {
	case r.Running || r.Prev == nil && p.cfg.Continue == reliable.ContinueAlways:
		w.trace("%v doesn't start: running %v, %d holders", p, r.Running, r.Holders)
		w.At(w.now.Add(tryAgain), func() {
			if p.state == gone && p.asks == s.life {
				p.seek()
			}
		})
	default:
		if p.prev = r.Prev; p.prev == nil {
			p.prev = make([]reliable.Link, p.partitions())
		}
		for i := range p.prev {
			if prev := &p.prev[i]; *prev != (reliable.Link{}) { // of one that nobody knows the end is 0
				prev.Offset = max(prev.Offset, p.cfg.Sender.FirstOffset)
			}
			w.trace("%v goes on from %v at offset %d", p, p.prev[i].Session, p.prev[i].Offset)
		}
		p.start()
	}
}

// question puts a FIND on the network.
func (p *Publisher) question(data []byte) {
	w := p.w
	pkt := w.newPacket(data)
	pkt.From, pkt.Group, pkt.Publisher = p.addr, p.home(), p
	w.stats.Sent++
	if pkt.err != nil {
		w.fail("%v sends what doesn't decode: %v", p, pkt.err)
		return
	}
	w.observeSent(pkt)
	p.toGroup(pkt)
}

// overhear lets publishers that ask where their stream ended take a packet to the group.
func (w *World) overhear(pkt *Datagram, carry func(p *Publisher)) {
	if w.seekers == 0 {
		return
	}
	for _, p := range w.pubs {
		if p.search != nil && p != pkt.Publisher {
			carry(p)
		}
	}
}

// fromPublisher carries a publisher's packet to another one, which hears the group.
func (p *Publisher) fromPublisher(other *Publisher, pkt *Datagram) {
	for len(p.others) <= other.index {
		p.others = append(p.others, nil)
	}
	if p.others[other.index] == nil {
		p.others[other.index] = new(link.Link).Init(link.Config{},
			link.Seed(p.w.cfg.Seed, p.key(), other.key()))
	}
	w, out := p.w, &p.w.outcome
	p.others[other.index].SendTo(int64(w.now), len(pkt.frame.Raw)+headerBytes, out)
	for _, a := range out.Arrivals() {
		w.push(reliable.Time(a.At), eventAnswer, uint32(other.index), pkt)
	}
}
