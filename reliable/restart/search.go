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
	// rounds is how many questions are asked before an answer counts.
	rounds = 3
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
	// Publisher, Topic, Key and Channel name the stream.
	Publisher, Topic, Key string
	Channel               uint32
	// Known are the stream's sessions in the publisher's own log. The lock on it proves
	// that they are over.
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
	// Prev is the newest session, with its end. It is zero if no session was found.
	Prev reliable.Link
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
	// asked is when each question went out. The next one is due at next.
	asked  []reliable.Time
	next   reliable.Time
	result Result
	done   bool
	out    struct {
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
	s := &Search{cfg: cfg, round: leastRound, next: cfg.Start}
	for _, k := range cfg.Known {
		if k.Channel == cfg.Channel && k.Title.Publisher == cfg.Publisher && k.Title.Topic == cfg.Topic &&
			k.Title.Key == cfg.Key && k.Title.Replay == 0 {
			s.sessions.know(k)
		}
	}
	return s, nil
}

// Handle takes a decoded frame that came from the group or to the Search's own address.
func (s *Search) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if s.done || f.Channel != s.cfg.Channel {
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
		wall, first = own.wall, own.first // the own log knows better
	}
	if !s.believes(now, wall, first, f.NextOffset) {
		return false
	}
	one := s.sessions.open(f.Session, from.Addr())
	if one == nil {
		return false
	}
	one.tell(from.Addr(), d.Wall, d.Prev)
	one.extend(f.NextSeq, f.NextOffset)
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
		s.next = s.asked[len(s.asked)-1].Add(s.round)
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
		one.extend(f.FirstSeq, f.FirstOffset)
		one.first = f.FirstOffset
		one.source = from
		one.live = Witness{Session: reliable.SessionID(f.Session), From: from,
			Role: frame.Publisher, at: now}
	}
}

// beat takes a HEARTBEAT or BYE of a session whose SESSION was heard.
func (s *Search) beat(
	now reliable.Time, from netip.AddrPort, one *found, f *frame.Frame,
) {
	if !s.believes(now, one.wall, one.first, f.NextOffset) {
		return
	}
	one.extend(f.NextSeq, f.NextOffset)
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
		s.result.Prev = reliable.Link{
			Session: one.id, Channel: s.cfg.Channel, Topic: s.cfg.Topic,
			Publisher: s.cfg.Publisher, Key: s.cfg.Key, Seq: one.seq, Offset: s.sessions.end(one),
		}
	}
}

// over reports whether no further question is asked.
func (s *Search) over(now reliable.Time) bool {
	since := now.Sub(s.cfg.Start)
	if len(s.asked) < rounds {
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

// Next returns the next datagram to send: a FIND to the group. Sent hands it back.
func (s *Search) Next(now reliable.Time) (reliable.Batch, bool) {
	s.Advance(now) // what is over asks nothing more
	if s.done || s.out.taken || now < s.next {
		return reliable.Batch{}, false
	}
	s.asked = append(s.asked, now)
	s.next = now.Add(s.round)
	s.out.taken = true
	s.out.arena = s.out.encode.Append(s.out.arena[:0], &frame.Frame{
		Kind: frame.Find, Channel: s.cfg.Channel, Subscriber: s.cfg.ID,
		Request: uint64(len(s.asked)), Name: []byte(s.cfg.Publisher),
		Find: &frame.FindBody{What: frame.FindEnd, Topic: []byte(s.cfg.Topic),
			Key: []byte(s.cfg.Key)},
	})
	return reliable.Batch{Data: s.out.arena, Segment: len(s.out.arena)}, true
}

// Sent hands a batch back.
func (s *Search) Sent(reliable.Batch) { s.out.taken = false }

// Done reports whether the Search is over.
func (s *Search) Done() bool { return s.done }

// Result returns what was found, once the Search is over.
func (s *Search) Result() Result { return s.result }

// Stats returns the counters so far.
func (s *Search) Stats() Stats { return s.stats }
