package world

import (
	"net/netip"

	"crier/reliable"
)

// The work of a subscriber's process whenever something happens: take the datagrams that came,
// hand events to the application, do the work that is due, send, and arm the
// timer.

// arrive takes a packet at the subscriber's socket.
func (s *Subscriber) arrive(pkt *Datagram) {
	switch {
	case s.state != running, pkt.To.IsValid() && pkt.To.Port() != s.addr.Port(),
		pkt.Target == nil && !s.hears(pkt.Group):
		s.w.stats.Nowhere++ // it was for nobody, or for an earlier life
	case s.asleep.on:
		s.asleep.keep(s.w, pkt, s.cfg.SocketQueue)
	default:
		s.take(pkt)
		s.settle()
	}
}

// take hands a packet to the machine.
func (s *Subscriber) take(pkt *Datagram) {
	s.w.stats.Delivered++
	s.w.observeArrived(pkt, s)
	s.tick()
	if pkt.err != nil {
		s.w.stats.Damaged++
		return
	}
	group := 0
	if pkt.Target == nil { // it may have left the group while the packet waited
		group = max(0, s.groups.index(pkt.Group, s.w.now))
	}
	if !s.copies {
		pkt.frame.GroupIndex, pkt.frame.Feed = group, pkt.Feed
		s.m.Handle(s.now(), pkt.From, &pkt.frame)
		s.w.observeHandled(pkt, s)
		return
	}
	s.buf = append(s.buf[:0], pkt.frame.Raw...)
	if err := s.dec.Decode(s.buf, &s.own); err != nil {
		s.w.fail("a frame that was decoded once doesn't decode again: %v", err)
		return
	}
	s.own.GroupIndex, s.own.Feed, s.own.Arrived = group, pkt.Feed, WallStart+int64(s.now())
	s.m.Handle(s.now(), pkt.From, &s.own)
	if !s.busy && !s.works {
		s.poll(len(s.w.events), true)
	}
	s.m.Keep()
	clear(s.buf) // a stale view of it shows zeros
	s.w.observeHandled(pkt, s)
}

// timer lets the machine go on at its deadline.
func (s *Subscriber) timer() {
	if s.state != running || s.armed != s.w.now {
		return // an older timer
	}
	s.armed = reliable.Never
	if !s.asleep.on {
		s.settle()
	}
}

// settle does all that is due: after it, the next deadline lies ahead.
func (s *Subscriber) settle() {
	w := s.w
	s.tick()
	for rounds := 0; w.err == nil; rounds++ {
		if !s.busy {
			s.poll(len(s.w.events), true)
		}
		if s.recorder != nil {
			s.recorder.work()
		}
		s.drain()
		if s.recorder != nil {
			s.recorder.work() // which may read a frame that Next has found missing
		}
		at := s.clock.world(s.m.Deadline())
		if at > w.now {
			if at < s.armed {
				s.armed = at
				w.push(at, eventTimer, uint32(s.index)|subscriberTimer, nil)
			}
			break
		}
		if rounds == maxRounds {
			w.fail("%v doesn't come to rest: its deadline stays at %v", s, Stamp(at))
			return
		}
		s.m.Advance(s.now())
	}
	s.join()
	w.observeSettled(s)
	if s.team != nil && s.state == running {
		s.departs()
	}
}

// poll hands events to the application, up to batch at once, until there are no
// more or, if working, until it has work to do.
func (s *Subscriber) poll(batch int, working bool) {
	if s.team != nil {
		s.pollMember(working && s.works)
		return
	}
	working = working && s.works
	if working {
		batch = 1
	}
	for {
		n := s.m.Poll(s.w.events[:batch])
		for i := range s.w.events[:n] {
			ev := &s.w.events[i]
			for more := true; more; more = ev.Next() {
				s.hand(&ev.Event)
			}
			if working && ev.Kind == reliable.Message {
				s.busy, s.at = true, ev.Position()
				s.done = s.w.now.Add(s.cfg.Work)
				s.w.push(s.done, eventConsume, uint32(s.index), nil)
				return
			}
		}
		if n == 0 {
			return
		}
	}
}

// hand passes an event to the application and the observers.
func (s *Subscriber) hand(ev *reliable.Event) {
	if s.w.cfg.Trace != nil {
		s.traceEvent(ev)
	}
	s.w.observeTold(s, ev)
	if s.tell != nil {
		s.tell(s.w.now, ev)
	}
	if !s.works || ev.Kind != reliable.Message {
		s.acknowledge(ev.Position())
	}
}

// consume goes on when the application is done with a message.
func (s *Subscriber) consume() {
	if s.team != nil {
		s.worked()
		return
	}
	if !s.busy || s.done != s.w.now {
		return // another life's
	}
	s.busy = false
	if s.state == running && !s.asleep.on {
		s.acknowledge(s.at)
		s.settle()
	}
}

// drain sends all that the machine has to send now.
func (s *Subscriber) drain() {
	w := s.w
	for w.err == nil {
		b, ok := s.m.Next(s.now())
		if !ok {
			return
		}
		for i := range b.Datagrams() {
			s.emit(b.To, b.Datagram(i))
		}
		s.m.Sent(b)
	}
}

// emit puts a datagram on the network.
func (s *Subscriber) emit(to netip.AddrPort, data []byte) {
	w := s.w
	pkt := w.newPacket(data)
	if to.IsValid() && to.Addr().IsMulticast() {
		pkt.Group, to = to, netip.AddrPort{}
	}
	p := w.publisherAt(to)
	if p != nil {
		if _, pkt.Feed = feedOf(to); p.way(s, pkt.Feed) == nil {
			p = nil
		}
	}
	pkt.From, pkt.To, pkt.Subscriber, pkt.Publisher = onFeed(s.addr, pkt.Feed), to, s, p
	w.stats.Sent++
	if pkt.err != nil {
		w.fail("%v sends what doesn't decode: %v", s, pkt.err)
		return
	}
	if h := w.holderAt(to); h != nil {
		pkt.Holder = h
		w.observeSent(pkt)
		h.ask(s, pkt)
		return
	}
	if p == nil {
		if pkt.Target = w.subscriberAt(to); pkt.Target != nil || !to.IsValid() {
			pkt.Session = w.SessionOf(&pkt.frame)
			w.observeSent(pkt)
			s.leave(pkt)
			return
		}
		pkt.Nowhere = true
		w.stats.Nowhere++
		if w.cfg.Trace != nil {
			w.trace("%v > %v %s: nobody is there", s, to, pkt.frame.String())
		}
		w.observeSent(pkt)
		return
	}
	pkt.Session = p.stream(pkt.frame.Channel)
	w.observeSent(pkt)
	s.toPublisher(p, pkt)
}
