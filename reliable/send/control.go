package send

import (
	"math/bits"
	"net/netip"
	"slices"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
	"crier/reliable/topic"
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

// batch makes b of one frame.
func (c *control) batch(to netip.AddrPort, f frame.Frame, b *outgoing) {
	c.scratch = f
	c.scratch.Session = c.session
	c.arena = c.encode.Append(c.arena[:0], &c.scratch)
	c.limit.Owe(uint64(len(c.arena)))
	b.To, b.Data, b.Segment, b.kind = to, c.arena, len(c.arena), f.Kind
}

// nextSession makes b of the SESSION for the group that is due.
func (s *Sender) nextSession(now reliable.Time, b *outgoing) bool {
	if now < s.announce.due || s.closing.on {
		return false
	}
	st := s.streams[s.announce.pass(now)]
	s.control.batch(netip.AddrPort{}, st.sessionFrame(now), b)
	return true
}

// An announce schedules SESSION frames: those of all channels at once at the start, and then
// that of the next channel now and then.
type announce struct {
	channels int
	// next is the channel that is next, and rest the number of those that go at once.
	next, rest int
	due        reliable.Time
}

func newAnnounce(now reliable.Time, channels int) announce {
	return announce{channels: channels, rest: channels, due: now}
}

// again has all channels announced at once.
func (a *announce) again(now reliable.Time) { a.rest, a.due = a.channels, now }

// pass returns the channel that is announced now.
func (a *announce) pass(now reliable.Time) (channel int) {
	if channel = a.next; channel+1 < a.channels {
		a.next++
	} else {
		a.next = 0
	}
	if a.rest = max(a.rest-1, 0); a.rest > 0 {
		return channel
	}
	if a.due = now.Add(announceEvery); a.channels > 1 {
		a.due = now.Add(announceEach)
	}
	return channel
}

const (
	// maxWelcomes bounds the subscribers that wait for SESSION. Others ask again.
	maxWelcomes = 256
	// welcomeRate and welcomeBurst bound the SESSION and HEARTBEAT of all but the first channel
	// of each STATUS that asks, in bytes a second and bytes: the source may be forged. The burst
	// has room for a subscriber of all partitions.
	welcomeRate, welcomeBurst = 128 << 10, 256 << 10
)

// welcomes holds the subscribers that asked for SESSION. HEARTBEAT follows it.
type welcomes struct {
	list []welcome
	// budget is that of further channels, and size what one took last, in bytes.
	budget  *rate.Limit
	size    uint64
	refused uint64
}

func newWelcomes() welcomes {
	return welcomes{budget: rate.New(welcomeRate, welcomeBurst), size: 512}
}

type welcome struct {
	to netip.AddrPort
	// channels are those that are left, and told says that the SESSION of the lowest was sent.
	channels channels
	told     bool
}

// welcome notes that a subscriber asks for the channels of a STATUS. The first is answered as in a
// session of one stream, and the others as far as the budget goes.
func (s *Sender) welcome(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	w := &s.welcomes
	w.add(from, f.Channel)
	asked := 1
	for _, at := range f.Positions {
		switch {
		case s.Stream(at.Channel) == nil:
		case asked == reliable.WelcomeChannels || w.budget.Room(now) == 0:
			w.refused++
		default:
			asked++
			w.budget.Take(now, w.size)
			w.add(from, at.Channel)
		}
	}
}

// add notes that a subscriber asks for a channel.
func (w *welcomes) add(to netip.AddrPort, channel uint32) {
	i := slices.IndexFunc(w.list, func(one welcome) bool { return one.to == to })
	switch {
	case i >= 0:
		if one := &w.list[i]; !one.told || channel > uint32(one.channels.lowest()) {
			one.channels.add(channel)
		}
	case len(w.list) >= maxWelcomes:
		w.refused++
	default:
		w.list = append(w.list, welcome{to: to})
		w.list[len(w.list)-1].channels.add(channel)
	}
}

// channels is a set of channels.
type channels [topic.MaxPartitions / 64]uint64

func (c *channels) add(channel uint32) { c[channel/64] |= 1 << (channel % 64) }

func (c *channels) remove(channel uint32) { c[channel/64] &^= 1 << (channel % 64) }

// lowest returns the lowest channel, or the number of all channels if there is none.
func (c *channels) lowest() uint32 {
	for i, word := range c {
		if word != 0 {
			return uint32(64*i + bits.TrailingZeros64(word))
		}
	}
	return topic.MaxPartitions
}

// forget drops a subscriber that has left.
func (w *welcomes) forget(to netip.AddrPort) {
	w.list = slices.DeleteFunc(w.list, func(one welcome) bool { return one.to == to })
}

// nextWelcome makes b of the next frame for a subscriber that asked for SESSION.
func (s *Sender) nextWelcome(now reliable.Time, b *outgoing) bool {
	if len(s.welcomes.list) == 0 {
		return false
	}
	w := &s.welcomes.list[0]
	to, channel := w.to, w.channels.lowest()
	st := s.streams[channel]
	if !w.told {
		w.told = true
		s.control.batch(to, st.sessionFrame(now), b)
		s.welcomes.size = uint64(len(b.Data))
		return true
	}
	w.told = false
	if w.channels.remove(channel); w.channels == (channels{}) {
		s.welcomes.list = slices.Delete(s.welcomes.list, 0, 1)
	}
	if st.closed() && !st.Pending() { // BYE tells where the stream ends
		s.control.batch(to, st.beatFrame(now, frame.Bye, byeLast), b)
	} else {
		s.control.batch(to, st.beatFrame(now, frame.Heartbeat, heartbeatLast), b)
	}
	s.welcomes.size += uint64(len(b.Data))
	return true
}

// Announce repeats SESSION and HEARTBEAT as at the start of the session. Nothing may have
// been heard of it for a while, or its address may have changed.
func (s *Sender) Announce(now reliable.Time) {
	s.announce.again(now)
	for _, st := range s.streams {
		st.beats.start(now)
		s.schedule.touch(st)
	}
}

// flags returns the flags of all DATA, HEARTBEAT, SESSION and BYE.
func (c *Config) flags() frame.Flags {
	if c.Replay != 0 {
		return frame.Replay
	}
	return 0
}

// sessionFrame describes the session, and the stream in it: its publisher and its topic, the
// first numbers, and the sessions that it continues or repeats.
func (st *Stream) sessionFrame(now reliable.Time) frame.Frame {
	cfg := st.cfg
	groups, base := cfg.told()
	return frame.Frame{
		Prev: st.prev, Replay: uint64(cfg.Replay),
		Kind: frame.Session, Flags: cfg.flags(), Channel: st.channel,
		Time: st.session.clock.wire(now), Wall: cfg.Wall,
		Channels: uint32(len(st.session.streams)), FirstSeq: cfg.FirstSeq,
		FirstOffset: cfg.first(st.channel), Name: []byte(cfg.Name), Topic: []byte(cfg.Topic),
		Groups: groups, Base: base, Controls: cfg.Controls,
	}
}
