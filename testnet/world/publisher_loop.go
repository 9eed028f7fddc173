package world

import (
	"time"

	"crier/reliable"
)

// The work of a publisher's process whenever something happens: take the datagrams that came,
// do the work that is due, send, and arm the timer.

// arrive takes a packet at the publisher's socket.
func (p *Publisher) arrive(pkt *Datagram) {
	switch {
	case p.search != nil:
		if pkt.err == nil && (!pkt.To.IsValid() && pkt.Group == p.home() || pkt.To == p.addr) {
			p.w.stats.Delivered++
			p.search.m.Handle(p.w.now, pkt.From, &pkt.frame)
			p.ask()
		}
	case p.state != running || pkt.Session == nil || pkt.Session.ID != p.session.ID:
		p.w.stats.Nowhere++
	case p.asleep.on:
		p.asleep.keep(p.w, pkt, p.cfg.SocketQueue)
	default:
		p.take(pkt)
		p.settle()
	}
}

// take hands a packet to the machine.
func (p *Publisher) take(pkt *Datagram) {
	p.w.stats.Delivered++
	p.w.observeAnswered(pkt)
	if pkt.err != nil {
		p.w.stats.Damaged++
		return
	}
	p.tick()
	pkt.frame.Feed = pkt.Feed
	p.m.Handle(p.now(), pkt.From, &pkt.frame)
}

// timer lets the machine go on at its deadline.
func (p *Publisher) timer() {
	if p.state != running || p.armed != p.w.now {
		return // an older timer, or another life's
	}
	p.armed = reliable.Never
	if !p.asleep.on {
		p.settle()
	}
}

// settle does all that is due: after it, the next deadline lies ahead.
func (p *Publisher) settle() {
	p.tick()
	for rounds := 0; p.w.err == nil; rounds++ {
		if freed := p.roomed(); freed != p.freed {
			p.freed = freed
			p.retry()
		}
		p.diskWork()
		p.members()
		p.tellTeams()
		if p.drain(); p.busy || p.state != running {
			return
		}
		p.diskWork() // which may read a frame that Next has found missing
		at := p.clock.world(p.m.Deadline(p.now()))
		if at > p.w.now && p.roomed() == p.freed {
			if at < p.armed {
				p.armed = at
				p.w.push(at, eventTimer, uint32(p.index), nil)
			}
			break
		}
		if rounds == maxRounds {
			p.w.fail("%v doesn't come to rest: its deadline stays at %v", p, Stamp(at))
			return
		}
		p.m.Advance(p.now())
	}
	if p.closing && p.m.Finished(p.now()) {
		p.w.trace("%v leaves", p)
		p.end()
	}
}

// counted is a subscriber whose pace counts, from a frame and a time on.
type counted struct {
	id        uint64
	partition uint32
	from      uint64
	at        reliable.Time
}

// CountedFrom reports whether a subscriber's pace counts in a partition: from which frame on all is
// kept for it, and since when.
func (p *Publisher) CountedFrom(id uint64, partition uint32) (
	seq uint64, since reliable.Time, ok bool,
) {
	for _, c := range p.counts {
		if c.id == id && c.partition == partition {
			return c.from, c.at, true
		}
	}
	return 0, 0, false
}

func (p *Publisher) count(ev *reliable.MemberEvent) {
	kept := p.counts[:0]
	for _, c := range p.counts {
		if c.id != ev.Member.ID || c.partition != ev.Partition {
			kept = append(kept, c)
		}
	}
	if p.counts = kept; ev.To == reliable.Counted {
		p.counts = append(p.counts, counted{ev.Member.ID, ev.Partition, ev.Member.Position, p.w.now})
	}
}

// members takes the events about subscribers.
func (p *Publisher) members() {
	for {
		n := p.m.PollMembers(p.events[:])
		if n == 0 {
			return
		}
		for i := range p.events[:n] {
			ev := &p.events[i]
			p.count(ev)
			if p.w.cfg.Trace != nil {
				p.w.trace("%v: %q is %v, was %v, gone %v", p, ev.Member.Name, ev.To, ev.From,
					ev.Gone)
			}
			if p.cfg.OnMember != nil {
				p.cfg.OnMember(p.w.now, ev)
			}
		}
	}
}

// maxRounds is how often a machine may be called at one time before it is said
// to be stuck.
const maxRounds = 10_000

// drain sends all that the machine has to send now.
func (p *Publisher) drain() {
	for !p.busy {
		b, ok := p.m.Next(p.now())
		if !ok {
			return
		}
		if b.Datagrams() == 0 {
			p.w.fail("%v hands over an empty batch", p)
			return
		}
		if p.cfg.Write > 0 {
			p.busy, p.batch = true, b
			p.writes = p.w.now.Add(p.cfg.Write * time.Duration(b.Datagrams()))
			p.w.push(p.writes, eventWritten, uint32(p.index), nil)
			return
		}
		p.emit(b)
		p.m.Sent(b)
		if len(p.held) > 0 {
			p.retry()
		}
	}
}

// written goes on when the socket has taken a batch.
func (p *Publisher) written() {
	if p.state != running || !p.busy || p.writes != p.w.now {
		return // another life's
	}
	// The bytes are read only now: they must not have changed meanwhile.
	p.emit(p.batch)
	p.busy = false
	if p.asleep.on {
		p.asleep.sent = true
		return
	}
	p.finishWrite()
}

func (p *Publisher) finishWrite() {
	p.m.Sent(p.batch)
	p.retry()
	p.settle()
}

// emit puts a batch on the network.
func (p *Publisher) emit(b reliable.Batch) {
	w := p.w
	for i := range b.Datagrams() {
		pkt := w.newPacket(b.Datagram(i))
		pkt.From, pkt.To, pkt.Publisher = p.addr, b.To, p
		pkt.Session = p.stream(pkt.frame.Channel)
		if !b.To.IsValid() {
			pkt.Group = p.group(b.Group)
		} else {
			_, pkt.Feed = feedOf(b.To)
			pkt.From = onFeed(p.addr, pkt.Feed)
			if pkt.Target = w.subscriberAt(b.To); pkt.Target != nil &&
				p.way(pkt.Target, pkt.Feed) == nil {
				pkt.Target = nil
			}
			pkt.Nowhere = pkt.Target == nil
		}
		w.stats.Sent++
		if pkt.err != nil {
			w.fail("%v sends what doesn't decode: %v", p, pkt.err)
			return
		}
		pkt.Session.note(&pkt.frame)
		w.observeSent(pkt)
		switch {
		case pkt.Target != nil:
			p.toOne(pkt.Target, pkt)
		case pkt.Nowhere:
			w.stats.Nowhere++
		default:
			p.toGroup(pkt)
		}
	}
}
