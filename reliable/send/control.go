package send

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
)

// nextControl returns the next SESSION or CONFIRM for the group.
func (s *Sender) nextControl(now reliable.Time, asked bool) (outgoing, bool) {
	if now >= s.announceDue && !s.closing.on {
		s.announceDue = now.Add(announceEvery)
		return s.control(netip.AddrPort{}, s.sessionFrame(now)), true
	}
	if !asked {
		return outgoing{}, false
	}
	b, ok := s.repairer.NextConfirm(now)
	return outgoing{Batch: b, kind: frame.Confirm}, ok
}

// maxWelcomes bounds the subscribers that wait for SESSION. Others ask again.
const maxWelcomes = 256

// welcomes holds the subscribers that asked for SESSION. HEARTBEAT follows it.
type welcomes struct {
	list    []welcome
	refused uint64
}

type welcome struct {
	to netip.AddrPort
	// beat says that SESSION was sent.
	beat bool
}

func (w *welcomes) add(to netip.AddrPort) {
	switch {
	case slices.ContainsFunc(w.list, func(one welcome) bool { return one.to == to }):
	case len(w.list) >= maxWelcomes:
		w.refused++
	default:
		w.list = append(w.list, welcome{to: to})
	}
}

// forget drops a subscriber that has left.
func (w *welcomes) forget(to netip.AddrPort) {
	w.list = slices.DeleteFunc(w.list, func(one welcome) bool { return one.to == to })
}

// nextWelcome returns the next frame for a subscriber that asked for SESSION.
func (s *Sender) nextWelcome(now reliable.Time) (outgoing, bool) {
	if len(s.welcomes.list) == 0 {
		return outgoing{}, false
	}
	w := &s.welcomes.list[0]
	to := w.to
	if !w.beat {
		w.beat = true
		return s.control(to, s.sessionFrame(now)), true
	}
	s.welcomes.list = slices.Delete(s.welcomes.list, 0, 1)
	if s.closing.on && !s.Pending() { // BYE tells where the session ends
		return s.control(to, s.beatFrame(now, frame.Bye)), true
	}
	f := s.beatFrame(now, frame.Heartbeat)
	f.Interval = heartbeatLast
	return s.control(to, f), true
}

// nextBeat returns the HEARTBEAT or BYE that is due.
func (s *Sender) nextBeat(now reliable.Time) (outgoing, bool) {
	if s.closing.on && !s.Pending() {
		if now < s.closing.due {
			return outgoing{}, false
		}
		s.closing.said = min(s.closing.said, now)
		s.unsent.bye = true
		s.closing.due = now.Add(s.closing.wait)
		s.closing.wait = min(2*s.closing.wait, byeLast)
		return s.control(netip.AddrPort{}, s.beatFrame(now, frame.Bye)), true
	}
	if now < s.beats.due {
		return outgoing{}, false
	}
	f := s.beatFrame(now, frame.Heartbeat)
	f.Interval = s.beats.sent(now)
	return s.control(netip.AddrPort{}, f), true
}

// Announce repeats SESSION and HEARTBEAT as at the start of the session. Nothing may have
// been heard of it for a while, or its address may have changed.
func (s *Sender) Announce(now reliable.Time) {
	s.announceDue = now
	s.beats.start(now)
}

// control encodes one frame into the arena.
func (s *Sender) control(to netip.AddrPort, f *frame.Frame) outgoing {
	f.Session, f.Channel = s.cfg.Session, s.cfg.Channel
	s.arena = s.encode.Append(s.arena[:0], f)
	s.limit.Owe(uint64(len(s.arena)))
	return outgoing{Batch: reliable.Batch{To: to, Data: s.arena, Segment: len(s.arena)},
		kind: f.Kind}
}

// sessionFrame describes the session: its publisher, its start and its first numbers.
func (s *Sender) sessionFrame(now reliable.Time) *frame.Frame {
	s.scratch = frame.Frame{
		Kind: frame.Session, Time: s.sessionTime(now), Wall: s.cfg.Wall, Channels: 1,
		FirstSeq: s.cfg.FirstSeq, FirstOffset: s.cfg.FirstOffset, Name: []byte(s.cfg.Name),
	}
	return &s.scratch
}

// beatFrame describes the progress of the session: the frames that were sent, and those
// that are still held.
func (s *Sender) beatFrame(now reliable.Time, kind frame.Kind) *frame.Frame {
	oldest := min(s.store.Oldest(), s.store.Sent())
	s.scratch = frame.Frame{
		Kind: kind, Time: s.sessionTime(now),
		NextSeq: s.store.Sent(), NextOffset: s.store.Start(s.store.Sent()),
		OldestSeq: oldest, OldestOffset: s.store.Start(oldest),
		Interval: byeLast, Group: uint32(len(s.members.rows)), RTT: s.members.rtt,
		Report: s.reportEvery(),
	}
	return &s.scratch
}
