package restart

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/config"
	"crier/reliable/frame"
)

const (
	// leastRound is the shortest time between two questions.
	leastRound = 100 * time.Millisecond
	// mostRound is the longest time between two questions.
	mostRound = time.Second
	// rounds is how often each partition is asked for before an answer counts.
	rounds = 3
	// spacing is the time between the questions of a round: no holder answers more at once.
	spacing = 4 * time.Millisecond
	// quiet is how long an answer is waited for: a publisher that runs says SESSION each
	// second.
	quiet = 1200 * time.Millisecond
	// DefaultPatience is how long a session that is said to live is waited for.
	DefaultPatience = 5 * time.Second
)

// Config configures a Search.
type Config struct {
	// ID is the random id of whoever asks. Required.
	ID uint64
	// Publisher, Topic and Key name the streams, which are those of the channels below Channels;
	// 0 means 1.
	Publisher, Topic, Key string
	Channels              int
	// Known are the sessions in the publisher's own log, by channel. The lock on it proves that
	// they are over.
	Known []Known
	// Recorders are the addresses whose word counts; nil means all.
	Recorders []netip.Addr
	// Start is when the Search begins, and Wall the wall clock then, in Unix nanoseconds.
	Start reliable.Time
	Wall  int64
	// Patience is how long a session that is said to live is waited for; 0 means 5 s.
	Patience time.Duration
}

// Known is a session in the publisher's own log.
type Known struct {
	Session reliable.SessionID
	Channel uint32
	// Title is what its SESSION said.
	Title reliable.Title
	// Seq and Offset are one past its last frame and message.
	Seq, Offset uint64
}

// Result is what a Search has found.
type Result struct {
	// Prev is the newest session, with its end in each channel. It is nil if no session was
	// found. In a channel of which nobody knows anything it is the zero Link.
	Prev []reliable.Link
	// Session is the newest session, or 0.
	Session reliable.SessionID
	// Running says that a session of the stream still runs, by the word of Witness.
	Running bool
	Witness Witness
	// Holders is the number of holders that answered, the own log not included.
	Holders int
}

// Witness is who says that a session still runs.
type Witness struct {
	Session reliable.SessionID
	// From is the address of the witness, and Role its part: the publisher itself, a
	// recorder or a peer.
	From netip.AddrPort
	Role frame.Role
	// Heard is how long before its word it heard the publisher.
	Heard time.Duration
	at    reliable.Time
}

// A Search is one restart's question. It ends by itself: see Done.
type Search struct {
	cfg      Config
	sessions sessions
	holders  []uint64
	// round is the time between two questions, which grows with the round trip.
	round time.Duration
	// asked is when each question went out, and began how many rounds. turn is the channel of the
	// next question of a round, which is due at next, and subject the session that it is about.
	asked   []reliable.Time
	began   int
	turn    int
	next    reliable.Time
	subject *found
	result  Result
	done    bool
	out     struct {
		taken  bool
		encode frame.Encoder
		arena  []byte
	}
	stats Stats
}

// Stats counts what a Search heard.
type Stats struct {
	// Answers counts DIGESTs of the stream that were taken, and Refused those that weren't:
	// from an address that doesn't count, of more sessions than one address may name, or of
	// more than there can be.
	Answers, Refused uint64
}

// maxHolders bounds the holders that are counted.
const maxHolders = 1024

// New returns a Search that has asked nothing yet.
func New(cfg Config) (*Search, error) {
	if cfg.ID == 0 {
		return nil, config.Errorf("ID", "a search needs an id that is not 0")
	}
	if cfg.Patience == 0 {
		cfg.Patience = DefaultPatience
	}
	cfg.Channels = max(cfg.Channels, 1)
	s := &Search{cfg: cfg, round: leastRound, next: cfg.Start,
		sessions: sessions{channels: cfg.Channels}}
	for _, k := range cfg.Known {
		if int(k.Channel) < cfg.Channels && k.Title.Publisher == cfg.Publisher &&
			k.Title.Topic == cfg.Topic && k.Title.Key == cfg.Key && k.Title.Replay == 0 {
			s.sessions.know(k)
		}
	}
	return s, nil
}

// Handle takes a decoded frame that came from the group or to the Search's own address.
func (s *Search) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if s.done || int64(f.Channel) >= int64(s.cfg.Channels) {
		return
	}
	switch f.Kind {
	case frame.Digest:
		if !s.ours(f) {
			return
		}
		if !s.counts(from) || !s.digest(now, from, f) {
			s.stats.Refused++
			return
		}
		s.stats.Answers++
	case frame.Session:
		if s.counts(from) && s.ours(f) {
			s.session(now, from, f)
		}
	case frame.Heartbeat, frame.Bye:
		if one := s.sessions.byID(f.Session); one != nil && one.source == from {
			s.beat(now, from, one, f)
		}
	}
}

// counts reports whether the word of an address counts.
func (s *Search) counts(from netip.AddrPort) bool {
	return len(s.cfg.Recorders) == 0 || slices.Contains(s.cfg.Recorders, from.Addr().Unmap())
}

// ours reports whether a SESSION or DIGEST is of the stream, and of no replay.
func (s *Search) ours(f *frame.Frame) bool {
	topic, key, replay := f.Topic, f.Key, f.Replay
	if d := f.Digest; d != nil {
		topic, key, replay = d.Topic, d.Key, d.Replay
	}
	return string(f.Name) == s.cfg.Publisher && string(topic) == s.cfg.Topic &&
		string(key) == s.cfg.Key && replay == 0
}

// digest takes the word of a holder, and reports whether it was taken.
func (s *Search) digest(now reliable.Time, from netip.AddrPort, f *frame.Frame) bool {
	d := f.Digest
	wall, first := d.Wall, d.FirstOffset
	if own := s.sessions.byID(f.Session); own != nil && own.dead {
		wall = own.wall // the own log knows better
		if end := &own.ends[f.Channel]; end.own {
			first = end.first
		}
	}
	if !s.believes(now, wall, first, f.NextOffset) {
		return false
	}
	one := s.sessions.open(f.Session, from.Addr())
	if one == nil {
		return false
	}
	one.tell(from.Addr(), d.Wall, d.Prev)
	one.extend(f.Channel, f.NextSeq, f.NextOffset)
	one.ends[f.Channel].told = true
	if f.Flags&frame.Live != 0 {
		one.live = Witness{Session: reliable.SessionID(f.Session), From: from, Role: d.Role,
			Heard: d.Heard, at: now}
	} else if one.live.From == from {
		one.live = Witness{} // it has changed its mind
	}
	if !slices.Contains(s.holders, f.Responder) && len(s.holders) < maxHolders {
		s.holders = append(s.holders, f.Responder)
	}
	if n := f.Request; len(s.holders) == 1 && n > 0 && n <= uint64(len(s.asked)) {
		// The way there and back, as far as one answer tells.
		trip := now.Sub(s.asked[n-1])
		s.round = min(max(s.round, trips*trip), mostRound)
		if s.turn == 0 {
			s.next = s.asked[len(s.asked)-1].Add(s.round)
		}
	}
	return true
}

// trips is how many round trips pass between two questions.
const trips = 4

// session takes the word of a publisher that runs.
func (s *Search) session(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if !s.believes(now, f.Wall, f.FirstOffset, f.FirstOffset) {
		return
	}
	if one := s.sessions.open(f.Session, from.Addr()); one != nil {
		one.tell(from.Addr(), f.Wall, f.Prev)
		one.extend(f.Channel, f.FirstSeq, f.FirstOffset)
		one.ends[f.Channel].first = f.FirstOffset
		one.source = from
		one.live = Witness{Session: reliable.SessionID(f.Session), From: from,
			Role: frame.Publisher, at: now}
	}
}

// beat takes a HEARTBEAT or BYE of a session whose SESSION was heard.
func (s *Search) beat(
	now reliable.Time, from netip.AddrPort, one *found, f *frame.Frame,
) {
	if !s.believes(now, one.wall, one.ends[f.Channel].first, f.NextOffset) {
		return
	}
	one.extend(f.Channel, f.NextSeq, f.NextOffset)
	if f.Kind == frame.Bye {
		one.live = Witness{}
		return
	}
	one.live = Witness{Session: one.id, From: from, Role: frame.Publisher, at: now}
}

const (
	// ahead is how far the wall clock of another machine may be ahead of this one's.
	ahead = int64(time.Hour)
	// leastMessage is the time that a publisher takes for a message, at the least.
	leastMessage = 1
)

// believes reports whether a session that began at a wall clock can have come so far.
func (s *Search) believes(now reliable.Time, wall int64, first, next uint64) bool {
	here := s.cfg.Wall + int64(now.Sub(s.cfg.Start)) + ahead
	return wall <= here && next <= 1<<63 && first <= next &&
		next-first <= uint64(here-wall)/leastMessage
}

// Advance lets time pass.
func (s *Search) Advance(now reliable.Time) {
	if s.done || now < s.next || s.out.taken || !s.over(now) {
		return
	}
	s.done = true
	s.result.Holders = len(s.holders)
	if w, runs := s.running(now); runs {
		s.result.Running, s.result.Witness = true, w
		return
	}
	if one := s.sessions.newest(); one != nil {
		chain := s.sessions.chain(one)
		s.result.Session = one.id
		s.result.Prev = make([]reliable.Link, s.cfg.Channels)
		for i := range s.result.Prev {
			l := reliable.Link{
				Session: one.id, Channel: uint32(i), Topic: s.cfg.Topic,
				Publisher: s.cfg.Publisher, Key: s.cfg.Key, Seq: one.ends[i].seq,
			}
			known := false
			// A session that continues others ends no lower than they.
			for _, f := range chain {
				l.Offset = max(l.Offset, f.ends[i].offset)
				known = known || f.ends[i].known
			}
			if known {
				s.result.Prev[i] = l
			}
		}
	}
}

// over reports whether no further question is asked.
func (s *Search) over(now reliable.Time) bool {
	since := now.Sub(s.cfg.Start)
	if s.turn != 0 || s.began < s.rounds() {
		return false
	}
	if _, runs := s.running(now); runs {
		return since >= s.cfg.Patience
	}
	// The own log doesn't know of other hosts.
	return len(s.holders) > 0 || since >= quiet
}

// running returns who says that a session of the stream runs, by what it said within the last
// two rounds.
func (s *Search) running(now reliable.Time) (Witness, bool) {
	recent := now.Add(-2*s.round - quiet/2)
	for _, one := range s.sessions.list {
		if w := one.live; w.at != 0 && w.at >= recent && !one.dead {
			return w, true
		}
	}
	return Witness{}, false
}

// Deadline returns when to call Advance, and then Next.
func (s *Search) Deadline() reliable.Time {
	if s.done || s.out.taken {
		return reliable.Never
	}
	return s.next
}

// rounds returns how many rounds there are at least: where there are several channels, the first
// one asks for the session that the others ask about.
func (s *Search) rounds() int {
	if s.cfg.Channels > 1 && s.sessions.list != nil {
		return rounds + 1
	}
	return rounds
}

// Next returns the next datagram to send: a FIND to the group. Sent hands it back.
func (s *Search) Next(now reliable.Time) (reliable.Batch, bool) {
	s.Advance(now) // what is over asks nothing more
	if s.done || s.out.taken || now < s.next {
		return reliable.Batch{}, false
	}
	if s.turn == 0 {
		s.began++
		if s.cfg.Channels > 1 {
			s.subject = s.sessions.newest()
		}
	}
	s.asked = append(s.asked, now)
	s.out.taken = true
	s.out.arena = s.out.encode.Append(s.out.arena[:0], &frame.Frame{
		Kind: frame.Find, Session: s.about(), Channel: uint32(s.turn), Subscriber: s.cfg.ID,
		Request: uint64(len(s.asked)), Name: []byte(s.cfg.Publisher),
		Find: &frame.FindBody{What: frame.FindEnd, Topic: []byte(s.cfg.Topic),
			Key: []byte(s.cfg.Key)},
	})
	s.turn++
	if s.next = now.Add(spacing); s.turn >= s.cfg.Channels || s.subject == nil {
		s.turn, s.next = 0, now.Add(s.round)
	}
	return reliable.Batch{Data: s.out.arena, Segment: len(s.out.arena)}, true
}

// about returns the session that the next question is about, or 0 for all. Of the first channel
// all are asked for. Of the others it is the newest, unless nobody has told of it by the last
// round: where it has no message in a channel, an earlier one may.
func (s *Search) about() uint64 {
	if s.turn == 0 || s.began >= s.rounds() && !s.subject.ends[s.turn].told {
		return 0
	}
	return uint64(s.subject.id)
}

// Sent hands a batch back.
func (s *Search) Sent(reliable.Batch) { s.out.taken = false }

// Done reports whether the Search is over.
func (s *Search) Done() bool { return s.done }

// Result returns what was found, once the Search is over.
func (s *Search) Result() Result { return s.result }

// Stats returns the counters so far.
func (s *Search) Stats() Stats { return s.stats }
