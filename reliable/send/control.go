package send

import (
	"math/bits"
	"net/netip"
	"slices"
	"time"

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
// that of the next channel now and then; sooner, for a round, where subscribers want more than
// can be sent to each.
type announce struct {
	channels int
	// next is the channel that is next, and rest the number of those that go at once.
	next, rest int
	// hurried is the number of those that go sooner.
	hurried   int
	due, last reliable.Time
}

func newAnnounce(now reliable.Time, channels int) announce {
	return announce{channels: channels, rest: channels, due: now}
}

// again has all channels announced at once.
func (a *announce) again(now reliable.Time) { a.rest, a.due = a.channels, now }

// hurry has all channels announced within announceEvery.
func (a *announce) hurry(now reliable.Time) {
	if a.channels > 1 && a.rest == 0 {
		a.hurried = a.channels
		a.due = min(a.due, max(now, a.last.Add(a.each())))
	}
}

// each returns the time between the announcements of two channels.
func (a *announce) each() time.Duration {
	switch {
	case a.channels == 1:
		return announceEvery
	case a.hurried > 0:
		return min(announceEach, announceEvery/time.Duration(a.channels))
	}
	return announceEach
}

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
	a.hurried = max(a.hurried-1, 0)
	a.due, a.last = now.Add(a.each()), now
	return channel
}

const (
	// maxWelcomes bounds the subscribers that wait for SESSION. Others hear those of the group.
	maxWelcomes = 256
	// welcomeRate and welcomeBurst bound the SESSION and HEARTBEAT to single subscribers, in bytes
	// a second and bytes: the source may be forged. Half of the burst, which is one subscriber's
	// share of it, has room for all partitions.
	welcomeRate, welcomeBurst = 128 << 10, 256 << 10
)

// welcomes holds the subscribers that asked for SESSION. HEARTBEAT follows it.
type welcomes struct {
	list   []welcome
	shares shares
	// size is what one channel took last, in bytes.
	size    uint64
	refused uint64
}

func newWelcomes(seed uint64) welcomes {
	return welcomes{shares: newShares(welcomeRate, welcomeBurst, seed), size: 512}
}

type welcome struct {
	to netip.AddrPort
	// channels are those that are left. Once told is set, the SESSION of at was sent: its HEARTBEAT
	// is next, whatever is asked for meanwhile.
	channels channels
	at       uint32
	told     bool
}

// welcome notes that a subscriber asks for the channels of a STATUS. What is refused goes to the
// group sooner than it would: however many ask, and from wherever, each hears it there.
func (s *Sender) welcome(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	w := &s.welcomes
	refused := w.refused
	asked := 0
	for i := -1; i < len(f.Positions); i++ {
		channel := f.Channel
		if i >= 0 {
			channel = f.Positions[i].Channel
		}
		switch {
		case s.Stream(channel) == nil:
		case asked == reliable.WelcomeChannels || !w.shares.take(now, from.Addr(), w.size):
			w.refused++
		default:
			asked++
			w.add(from, channel)
		}
	}
	if w.refused > refused {
		s.announce.hurry(now)
	}
}

// add notes that a subscriber asks for a channel. One address may have no more places than it
// leaves to others.
func (w *welcomes) add(to netip.AddrPort, channel uint32) {
	others := 0
	for i := range w.list {
		one := &w.list[i]
		if one.to == to {
			one.channels.add(channel)
			return
		}
		if one.to.Addr() == to.Addr() {
			others++
		}
	}
	if len(w.list)+others >= maxWelcomes {
		w.refused++
		return
	}
	w.list = append(w.list, welcome{to: to})
	w.list[len(w.list)-1].channels.add(channel)
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
	to := w.to
	if !w.told {
		w.at, w.told = w.channels.lowest(), true
		s.control.batch(to, s.streams[w.at].sessionFrame(now), b)
		s.welcomes.size = uint64(len(b.Data))
		return true
	}
	st := s.streams[w.at]
	w.told = false
	if w.channels.remove(w.at); w.channels == (channels{}) {
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
		Groups: groups, Base: base, Controls: cfg.Controls, Teams: !cfg.Teams.Off,
	}
}
