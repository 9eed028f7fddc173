package world

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/send"
	"crier/testnet/link"
)

var (
	// ErrHeld is returned by Publish where the message can't be accepted now: the
	// resend buffer is full of frames that wait for the socket, or the process is
	// paused. The producer is held: the message is accepted as soon as it can be,
	// before any later one.
	//
	// What is full of frames that subscribers have yet to take holds it as well.
	ErrHeld = errors.New("testnet: the producer is held until the publisher can accept the message")
	// ErrDown is returned by Publish where the process doesn't run.
	ErrDown = errors.New("testnet: the publisher doesn't run")
)

// PublisherConfig configures a simulated publisher. The zero value starts at
// once, with the defaults.
type PublisherConfig struct {
	// Name in traces and errors; empty means "pub" and its number.
	Name string
	// At is when its process starts.
	At reliable.Time
	// Sender configures the machine. Start is set to At; Session and Wall, if 0,
	// to a random id from the run's seed and to At on a made-up calendar. A
	// restarted process has a new id.
	Sender send.Config
	// Write is how long the socket takes for one datagram; 0: no time. While a
	// batch is with the socket, its frames are pinned in the resend buffer.
	Write time.Duration
	// SocketQueue is how many datagrams wait at its socket while the process is
	// paused, the rest is lost; 0 means 92, as Linux has by default.
	SocketQueue int
	// Clock says how the clocks of its host go.
	Clock ClockConfig
	// Feeds is how many feeds it sends over, up to MaxFeeds; 0 means 1.
	Feeds int
	// Disk says how its disk behaves.
	Disk DiskConfig
	// SaveTeams is the time until the positions of teams are saved, once there are any, and
	// between two savings: a process that starts again goes on there. 0: nothing is saved.
	SaveTeams time.Duration
	// Continue lets a process that starts again go on with the offsets of its stream: it asks
	// the group where the last session ended.
	Continue reliable.Continue
	// OnAccept, if set, is called for each message that is accepted.
	OnAccept func(now reliable.Time, offset uint64, payload []byte)

	// OnMember, if set, is called when a subscriber's pace counts from now on, or no
	// longer.
	OnMember func(now reliable.Time, ev *reliable.MemberEvent)

	Wrap func(Sender) Sender // tampers with the machine, in tests of the checker
}

// defaultSocketQueue is how many datagrams of 1,400 B the default receive buffer
// of Linux holds.
const defaultSocketQueue = 92

// WallStart is the made-up wall clock at the start of each run, in Unix
// nanoseconds: 2026-01-01 00:00 UTC.
const WallStart = 1_767_225_600_000_000_000

// VirtualTime returns the time in the run at which the made-up wall clock says t.
func VirtualTime(t time.Time) reliable.Time { return reliable.Time(t.UnixNano() - WallStart) }

// nodeState is whether a node's process runs.
type nodeState uint8

const (
	unborn nodeState = iota // it has not started
	running
	gone      // it crashed, or left
	searching // a publisher asks where its stream ended
)

// Publisher is a process that publishes, one session at a time.
type Publisher struct {
	w     *World
	cfg   PublisherConfig
	index int
	addr  netip.AddrPort
	paths [][]path // by feed and subscriber

	state   nodeState
	lives   int
	session *Session   // the first of streams
	streams []*Session // by partition
	groups  []netip.AddrPort
	m       Sender
	armed   reliable.Time // when the timer fires
	busy    bool          // the socket has a batch
	writes  reliable.Time // when it has taken it
	batch   reliable.Batch
	disks   []simDisk // by partition
	held    []Message // that the producer waits to publish
	freed   uint64    // the machine's count when held was last tried
	turn    uint32    // the partition of the next message that may go to any
	// accepted counts the messages of the session, in all partitions.
	accepted uint64
	holding  hold
	events   [4]reliable.MemberEvent
	// teamEvents are those that are told now.
	teamEvents [4]reliable.TeamEvent
	teamFile   teamFile
	counts     []counted
	asleep     sleep
	clock      clock
	closing    bool

	search *search         // while its process asks where its stream ended
	asks   int             // counts searches
	prev   []reliable.Link // by partition: the session that the next one continues; nil: none
	others []*link.Link    // by publisher: to those that hear the group
}

// AddPublisher adds a publisher.
func (w *World) AddPublisher(cfg PublisherConfig) (*Publisher, error) {
	if len(w.pubs) == maxNodes {
		return nil, fmt.Errorf("testnet: a World has at most %d publishers", maxNodes)
	}
	if cfg.Name == "" {
		cfg.Name = fmt.Sprintf("pub%d", len(w.pubs))
	}
	if cfg.Write < 0 || cfg.SocketQueue < 0 {
		return nil, fmt.Errorf("testnet: %s: Write (%v) and SocketQueue (%d) must not be negative",
			cfg.Name, cfg.Write, cfg.SocketQueue)
	}
	if cfg.SocketQueue == 0 {
		cfg.SocketQueue = defaultSocketQueue
	}
	if cfg.Feeds < 0 || cfg.Feeds > MaxFeeds {
		return nil, fmt.Errorf("testnet: %s: %d feeds are outside 1 to %d", cfg.Name, cfg.Feeds,
			MaxFeeds)
	}
	if err := cfg.Clock.validate(); err != nil {
		return nil, fmt.Errorf("testnet: %s: %w", cfg.Name, err)
	}
	p := &Publisher{w: w, cfg: cfg, index: len(w.pubs), clock: clock{cfg: cfg.Clock},
		paths: make([][]path, max(cfg.Feeds, 1))}
	if _, err := p.senderConfig(w.now).Complete(); err != nil {
		return nil, err
	}
	p.groups = p.groupsOf()
	if w.pubs = append(w.pubs, p); cfg.Continue != reliable.ContinueNever {
		w.seekers++
	}
	for _, g := range w.segments {
		g.connect(p)
	}
	for _, s := range w.subs {
		w.connect(p, s)
	}
	if cfg.At <= w.now {
		p.start()
	} else {
		w.At(cfg.At, p.start)
	}
	return p, nil
}

func (p *Publisher) key() uint64 { return publisherNet<<32 | uint64(p.index) }

// senderConfig returns the machine's configuration for a process that starts now.
func (p *Publisher) senderConfig(now reliable.Time) send.Config {
	cfg := p.cfg.Sender
	cfg.Start = p.clock.machine(now)
	if n := len(p.paths); n > 1 {
		cfg.Controls = make([]netip.AddrPort, n)
		for feed := range n {
			cfg.Controls[feed] = onFeed(p.nextAddr(), feed)
		}
	}
	if cfg.Wall == 0 {
		cfg.Wall = WallStart + int64(now)
	}
	if cfg.Session == 0 || p.lives > 0 {
		cfg.Session = p.w.id(publisherNet, p.index, p.lives)
	}
	if p.prev != nil {
		cfg.Prev = p.prev
	}
	return cfg
}

// nextAddr returns the address of the life that begins.
func (p *Publisher) nextAddr() netip.AddrPort {
	return hostAddr(publisherNet, p.index, firstPort+uint16(p.lives))
}

// start begins a session.
func (p *Publisher) start() {
	w := p.w
	p.clock.begin(w.now)
	cfg := p.senderConfig(w.now)
	m, err := NewSender(cfg)
	if err != nil {
		w.fail("%v doesn't start: %v", p, err)
		return
	}
	p.m = m
	if p.cfg.Wrap != nil {
		p.m = p.cfg.Wrap(m)
	}
	p.addr = p.nextAddr()
	p.streams = nil
	for i := range p.partitions() {
		first, prev := cfg.FirstOffset, reliable.Link{}
		if cfg.Prev != nil {
			prev = cfg.Prev[i]
		}
		if prev != (reliable.Link{}) {
			first = prev.Offset
		}
		one := &Session{
			ID: reliable.SessionID(cfg.Session), Partition: uint32(i), Publisher: p,
			Source: p.addr, Start: w.now, FirstSeq: cfg.FirstSeq, FirstOffset: first,
			Prev: prev, Ended: reliable.Never, Closed: reliable.Never,
			index: len(w.sessions), sent: first,
		}
		p.streams, w.sessions = append(p.streams, one), append(w.sessions, one)
	}
	p.session = p.streams[0]
	p.state, p.armed, p.busy, p.closing = running, reliable.Never, false, false
	p.held, p.asleep, p.counts, p.accepted = nil, sleep{}, nil, 0
	p.disks = make([]simDisk, len(p.streams))
	p.holding.end(w.now)
	p.lives++
	w.trace("start %v session %016x", p, cfg.Session)
	p.restoreTeams()
	p.settle()
}

// String returns the publisher's name.
func (p *Publisher) String() string { return p.cfg.Name }

// Session returns the first stream of the publisher's present session, or of its last one;
// nil before it starts.
func (p *Publisher) Session() *Session { return p.session }

// Streams returns the streams of the publisher's present session, or of its last one, by
// partition; none before it starts.
func (p *Publisher) Streams() []*Session { return p.streams }

// stream returns the stream of a partition; the first one for a partition that there isn't.
func (p *Publisher) stream(partition uint32) *Session {
	if int(partition) < len(p.streams) {
		return p.streams[partition]
	}
	return p.session
}

// partitions returns how many streams a session of the publisher has.
func (p *Publisher) partitions() int { return max(p.cfg.Sender.Layout.Partitions, 1) }

// Stats returns the machine's counters; zero before it starts.
func (p *Publisher) Stats() send.Stats {
	if p.m == nil {
		return send.Stats{}
	}
	return p.m.Stats()
}

// Members returns the subscribers as the machine knows them; none before it starts.
func (p *Publisher) Members() []reliable.Member {
	if p.m == nil {
		return nil
	}
	return p.m.Members()
}

// BlockedFor returns for how long in all the producer had messages that it couldn't
// publish.
func (p *Publisher) BlockedFor() time.Duration { return p.holding.total(p.w.now) }

// DiskMost returns the most frames that its disk has held.
func (p *Publisher) DiskMost() (most int) {
	for i := range p.disks {
		most += p.disks[i].most
	}
	return most
}

// Lives returns how often the process was started.
func (p *Publisher) Lives() int { return p.lives }

// Held returns how many messages the producer waits to publish.
func (p *Publisher) Held() int { return len(p.held) }

// Config returns the publisher's configuration.
func (p *Publisher) Config() PublisherConfig { return p.cfg }

// Datagram returns how many bytes the publisher's interface takes in one datagram.
func (p *Publisher) Datagram() int { return p.m.Datagram() }

// Writing reports whether the socket has yet to take a batch.
func (p *Publisher) Writing() bool { return p.busy }

// Running says whether the process runs; it may be paused.
func (p *Publisher) Running() bool { return p.state == running }

// Flush lets the open frames go.
func (p *Publisher) Flush() {
	if p.state == running && !p.asleep.on {
		for i := range p.streams {
			p.m.Stream(uint32(i)).Flush()
		}
		p.settle()
	}
}

// Close ends the session as a process does that leaves: it sends all it has,
// says BYE, and repairs for a while. What the producer waits to publish is given
// up. A paused process closes when it wakes.
func (p *Publisher) Close() {
	if p.state != running || p.closing {
		return
	}
	p.closing, p.held = true, nil
	p.holding.end(p.w.now)
	for _, s := range p.streams {
		s.Closed = p.w.now
	}
	p.w.trace("close %v", p)
	if !p.asleep.on {
		p.tick()
		p.m.Close(p.now())
		p.settle()
	}
}

// Crash ends the process at once.
func (p *Publisher) Crash() {
	if p.search != nil {
		p.search, p.state = nil, gone
	}
	if p.state != running {
		return
	}
	p.w.trace("crash %v", p)
	for _, s := range p.streams {
		s.Crashed = true
	}
	p.end()
}

// end lets the process be gone.
func (p *Publisher) end() {
	p.state, p.held = gone, nil
	p.holding.end(p.w.now)
	for _, s := range p.streams {
		s.Ended = p.w.now
		p.w.observeEnded(s)
	}
}

// Restart starts the process again, with a new session. One that runs crashes
// first.
func (p *Publisher) Restart() {
	if p.state == unborn {
		return
	}
	if p.lives == maxLives {
		p.w.exceed("%v was started %d times, which is the most: let it restart less often", p,
			maxLives)
		return
	}
	p.Crash()
	if p.cfg.Continue != reliable.ContinueNever {
		p.seek()
		return
	}
	p.start()
}
