package send

import (
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
)

// control makes datagrams of the frames that describe the session and its streams.
type control struct {
	session uint64
	limit   *rate.Limit
	encode  frame.Encoder
	decode  frame.Decoder
	arena   []byte
	scratch frame.Frame
}

// batch encodes one frame.
func (c *control) batch(to netip.AddrPort, f frame.Frame) outgoing {
	c.scratch = f
	c.scratch.Session = c.session
	c.arena = c.encode.Append(c.arena[:0], &c.scratch)
	c.limit.Owe(uint64(len(c.arena)))
	return outgoing{Batch: reliable.Batch{To: to, Data: c.arena, Segment: len(c.arena)},
		kind: f.Kind}
}

// nextSession returns the SESSION for the group that is due.
func (s *Sender) nextSession(now reliable.Time) (outgoing, bool) {
	if now < s.announceDue || s.closing.on {
		return outgoing{}, false
	}
	s.announceDue = now.Add(announceEvery)
	return s.control.batch(netip.AddrPort{}, s.sessionFrame(now)), true
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
	// told says that SESSION was sent, and beats is the number of streams that have sent
	// HEARTBEAT.
	told  bool
	beats int
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
	if !w.told {
		w.told = true
		return s.control.batch(to, s.sessionFrame(now)), true
	}
	st := s.streams[w.beats]
	if w.beats++; w.beats == len(s.streams) {
		s.welcomes.list = slices.Delete(s.welcomes.list, 0, 1)
	}
	if st.closed() && !st.Pending() { // BYE tells where the stream ends
		return s.control.batch(to, st.beatFrame(now, frame.Bye, byeLast)), true
	}
	return s.control.batch(to, st.beatFrame(now, frame.Heartbeat, heartbeatLast)), true
}

// Announce repeats SESSION and HEARTBEAT as at the start of the session. Nothing may have
// been heard of it for a while, or its address may have changed.
func (s *Sender) Announce(now reliable.Time) {
	s.announceDue = now
	for _, st := range s.streams {
		st.beats.start(now)
	}
}

// flags returns the flags of all DATA, HEARTBEAT, SESSION and BYE.
func (c *Config) flags() frame.Flags {
	if c.Replay != 0 {
		return frame.Replay
	}
	return 0
}

// sessionFrame describes the session: its publisher, its start and its first numbers, and the
// sessions that it continues or repeats.
func (s *Sender) sessionFrame(now reliable.Time) frame.Frame {
	return frame.Frame{
		Prev: s.prev, Replay: uint64(s.cfg.Replay),
		Kind: frame.Session, Flags: s.cfg.flags(), Channel: s.cfg.Channel,
		Time: s.clock.wire(now), Wall: s.cfg.Wall,
		Channels: uint32(len(s.streams)), FirstSeq: s.cfg.FirstSeq,
		FirstOffset: s.cfg.FirstOffset, Name: []byte(s.cfg.Name),
	}
}
