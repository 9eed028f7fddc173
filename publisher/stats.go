package publisher

import (
	"iter"
	"slices"
	"time"

	"crier/multicast"
	socket "crier/multicast/counters"
	"crier/reliable"
	"crier/reliable/directory"
	"crier/reliable/send"
	"crier/reliable/team"
)

// A Counter describes a counter: its name, unit and meaning.
type Counter = reliable.Counter

// Stats holds the counters of a Publisher.
type Stats struct {
	send.Stats
	// Socket holds the counters of the socket.
	Socket multicast.ConnStats
	// Invalid counts datagrams that are not crier frames, or damaged ones.
	Invalid uint64
	// Newer counts frames that need a newer crier.
	Newer uint64
	// Teams counts what was claimed by members of teams, and granted.
	Teams team.Stats
	// Directory counts what was announced of the topic, and heard of others.
	Directory directory.AnnouncerStats
	// Owed counts the frames that subscribers had asked for, and that were held, but not
	// repeated when Close ended the repairs. It is 0 before.
	Owed uint64
}

var counters = slices.Concat(
	reliable.Within(func(s *Stats) *send.Stats { return &s.Stats }, send.Counters),
	reliable.Table[Stats]{
		reliable.Level("repairs_owed", reliable.Frames,
			"frames asked for, held, and not repeated when the repairs ended",
			func(s *Stats) uint64 { return s.Owed }),
		reliable.Count("invalid_datagrams", reliable.Datagrams,
			"datagrams that held no crier frame, or a damaged one",
			func(s *Stats) uint64 { return s.Invalid }).Dropped(),
		reliable.Count("newer_frames", reliable.Frames,
			"frames that only a newer crier understands",
			func(s *Stats) uint64 { return s.Newer }).Dropped(),
	},
	reliable.Within(func(s *Stats) *team.Stats { return &s.Teams }, team.Counters),
	reliable.Within(func(s *Stats) *directory.AnnouncerStats { return &s.Directory },
		directory.AnnouncerCounters),
	// What the socket took is datagrams_sent and bytes_sent of the Sender.
	reliable.Within(func(s *Stats) *multicast.ConnStats { return &s.Socket },
		socket.Counters.Without("datagrams_taken", "bytes_taken")),
)

// Counters returns all counters with their values.
func (s Stats) Counters() iter.Seq2[Counter, uint64] { return counters.All(&s) }

// Stats returns the counters so far. It may be called after Close.
func (p *Publisher) Stats() Stats {
	st := Stats{Socket: p.conn.Stats(), // a system call
		Directory: p.announcers.stats()}
	p.loop.Lock()
	defer p.loop.Unlock()
	st.Stats = p.sender.Stats()
	st.Invalid, st.Newer = p.machine.invalid, p.machine.newer
	st.Owed = p.owed
	if a := p.sender.Teams(); a != nil {
		st.Teams = a.Stats()
	}
	return st
}

// PartitionStats holds the counters of one partition.
type PartitionStats = send.PartitionStats

// Partitions returns the counters of each partition.
func (p *Publisher) Partitions() []PartitionStats {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.sender.Partitions()
}

// Feeds returns the counters of each feed's socket; nil without feeds.
func (p *Publisher) Feeds() []multicast.ConnStats {
	if fan, ok := p.conn.(*multicast.Fan); ok {
		return fan.FeedStats()
	}
	return nil
}

// Subscriber is a subscriber as its NACKs and reports show it.
type Subscriber struct {
	reliable.Member
	// Quiet is how long ago it was last heard.
	Quiet time.Duration
}

// Subscribers returns the subscribers that are known, in the order in which they
// were first heard. Those that have not been heard for some seconds are
// forgotten.
func (p *Publisher) Subscribers() []Subscriber {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.subscribers(p.sender.Members())
}

// Departed returns the subscribers that left, or were forgotten, the last 1,024, the
// first that went first. Those that are heard again are among Subscribers.
func (p *Publisher) Departed() []Subscriber {
	p.loop.Lock()
	defer p.loop.Unlock()
	return p.subscribers(p.sender.Departed())
}

func (p *Publisher) subscribers(members []reliable.Member) []Subscriber {
	now := reliable.Time(p.loop.Now())
	var list []Subscriber
	for _, m := range members {
		list = append(list, Subscriber{Member: m, Quiet: now.Sub(m.Heard)})
	}
	return list
}
