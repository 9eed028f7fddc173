package send

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/peer"
)

// Handle takes a decoded frame that came from a subscriber. Frames of other
// sessions, and kinds that no subscriber sends, are passed over.
func (s *Sender) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Session != s.cfg.Session || f.Channel != s.cfg.Channel {
		return
	}
	s.tick(now)
	switch f.Kind {
	case frame.Nack:
		s.handleNack(now, from, f)
	case frame.Status:
		if s.members.byID[f.Subscriber] == nil &&
			(f.Flags&frame.Leaving != 0 || s.members.departed.overtaken(f)) {
			s.stats.Statuses++ // it has said that it goes before
			return
		}
		m := s.hear(now, from, f)
		if m == nil {
			return
		}
		s.sample(now, m, f)
		if m.name != string(f.Name) {
			m.name = string(f.Name)
		}
		m.room = f.Room
		if f.Flags&frame.Leaving != 0 {
			s.leave(now, m, f.Position)
			s.regroup(now)
			s.stats.Statuses++
			return
		}
		// One that another has overtaken says where it was, not where it is. Those without
		// a row are in many places, and count for nobody.
		if told := peer.Told(f); m != &s.members.overflow && (f.Echo == 0 || told >= m.told) {
			m.told = max(m.told, told)
			s.moved(now, m, f.Position)
		}
		s.gather(now)
		if s.closing && s.mayAsk(f) {
			s.lastNack = now
		}
		s.stats.Statuses++
		if f.Flags&frame.WantSession != 0 {
			s.answers.want(from)
		}
		s.regroup(now)
	}
}

func (s *Sender) handleNack(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if s.members.byID[f.Subscriber] == nil && s.members.departed.overtaken(f) {
		s.stats.Nacks++
		return
	}
	m := s.hear(now, from, f)
	if m == nil {
		return
	}
	s.stats.Nacks++
	s.lastNack = now
	s.sample(now, m, f)
	s.regroup(now)
	at := reliable.Never // when the NACK was sent, at the earliest, on this session's clock
	if f.Echo != 0 && f.Echo <= s.sessionTime(now) {
		at = s.cfg.Start.Add(time.Duration(f.Echo)).Add(f.Held)
	}
	// Of a batch that is out, the first datagrams may have been missed already. They
	// are pinned, and no repair goes out before Sent.
	held := s.store.Held()
	held.To += s.out.frames
	memory := max(held.From, s.store.InMemory())
	s.responder.SetAge(min(max(s.age.aged, memory), s.store.Sent()))
	s.responder.Begin()
	var coming []nack.Range
	for _, r := range f.Ranges {
		if r.To > s.store.Next() {
			s.stats.Unknown++ // nothing that far was ever sent
		}
		if kept := r.Clip(held.From, held.To); kept.Len() > 0 {
			m.askedAt, m.askedTo = now, max(m.askedTo, kept.To)
		}
		ask := func(r, held nack.Range) {
			s.responder.Asked(now, &m.Asker, f.Request, at, r, held)
		}
		switch {
		case m != &s.members.overflow:
			ask(r, held)
		case s.members.byID[f.Subscriber] == nil: // what only the disk holds is gone for it
			ask(r, nack.Range{From: memory, To: held.To})
		default: // it moves, and gets what only the disk holds once that is sure
			ask(r.Clip(0, held.From), held)
			if r := r.Clip(held.From, memory); r.Len() > 0 {
				coming = append(coming, r)
			}
			ask(r.Clip(memory, max(r.To, memory)), nack.Range{From: memory, To: held.To})
		}
	}
	s.offload.asked(now, f.Ranges)
	answer := s.responder.Answer()
	s.answers.gone(from, f.Request, answer.Gone)
	s.answers.unfit(from, f.Request, answer.Unfit)
	s.answers.confirm(answer.Confirm)
	s.answers.coming(from, coming)
	s.answers.coming(from, answer.Coming)
	s.deny()
}

// sample takes the round trip that a NACK or STATUS tells. One that began before
// this process was suspended tells how long it was suspended.
func (s *Sender) sample(now reliable.Time, m *member, f *frame.Frame) {
	if f.Echo >= s.sessionTime(s.woke) {
		s.members.sample(m, s.sessionTime(now), f)
	}
}

// regroup tells the responder how large and how far the group is.
func (s *Sender) regroup(now reliable.Time) {
	s.members.settle(now)
	s.responder.SetGroup(len(s.members.rows), s.members.rtt)
}

// deny tells subscribers what they waited for in vain.
func (s *Sender) deny() {
	for _, d := range s.responder.Denials() {
		if d.Unfit {
			s.answers.unfit(d.To, d.Request, []nack.Range{d.Range})
		} else {
			s.answers.gone(d.To, d.Request, []nack.Range{d.Range})
		}
	}
}
