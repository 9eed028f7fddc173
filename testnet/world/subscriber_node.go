package world

import (
	"fmt"
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/survivor"
	"crier/reliable/team/member"
	"crier/testnet/link"
)

// SubscriberConfig configures a simulated subscriber. The zero value listens
// at once, over perfect links.
type SubscriberConfig struct {
	// Name in traces and errors; empty means "sub" and its number.
	Name string
	// At is when it joins.
	At reliable.Time
	// Receiver configures the machine. Joined is set to At; ID and Seed, if 0, are
	// random, from the run's seed.
	Receiver receive.Config
	// Down and Up say how the links from and to each publisher behave. See
	// World.Down and World.Up for the links themselves.
	Down, Up link.Config
	// Segment is the part of the network before its own links that it shares with
	// others; nil: none.
	Segment *Segment
	// Feeds are further networks over which the same comes.
	Feeds []Feed
	// Work is how long the application takes for each message: it takes the next
	// one only then. 0: no time.
	Work time.Duration
	// Team makes it a member of a team. Its Receive and History aren't used: they are here.
	Team member.Config
	// WorkUpTo, if above Work, lets a member's application take a random time between the two.
	WorkUpTo time.Duration
	// TellEvery is how often a member's application says that it still works on a message; 0:
	// never.
	TellEvery time.Duration
	// Finish, if set, says what a member's application does once it has worked on a message.
	Finish func(ev *reliable.Event) Finish
	// SaveAfter is the time from when the application acknowledges a message, which it does
	// when it is done with it, until its position is saved: a process that starts again
	// goes on from there. 0: nothing is saved.
	SaveAfter time.Duration
	// History is how many bytes of what it delivered it keeps for other subscribers, for the
	// time when the publisher is gone. 0: none, and it takes part in no inquest.
	History int
	// CopyFrames lets frames come in one receive buffer that is overwritten, as
	// the kernel's are, instead of sharing the decoded packet with others: slower,
	// and held frames are then copied.
	CopyFrames bool
	// JoinDelay is the time from when it wishes to join a group until packets to that reach it.
	JoinDelay time.Duration
	// Clock says how the clocks of its host go.
	Clock ClockConfig
	// TimersFirst lets a process that was paused look at its timers before it
	// looks at its socket.
	TimersFirst bool
	// SocketQueue is how many datagrams wait at its socket while the process is
	// paused, the rest is lost; 0 means 92, as Linux has by default.
	SocketQueue int
	// OnEvent, if set, gets each event. The payload is a view that is valid during
	// the call. It must not call this subscriber: use World.At for that.
	OnEvent func(now reliable.Time, ev *reliable.Event)

	Wrap       func(Receiver) Receiver // tampers with the machine, in tests of the checker
	WrapMember func(Member) Member     // likewise, of a member of a team
}

// receiver is the part of a receive.Receiver that a World needs.
type Receiver interface {
	Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame)
	Keep()
	Poll(events []reliable.Run) int
	Advance(now reliable.Time)
	Deadline() reliable.Time
	Next(now reliable.Time) (reliable.Batch, bool)
	Sent(b reliable.Batch)
	Close(now reliable.Time)
	Stats() receive.Stats
	Memory() int
	Sessions() []receive.SessionStats
	Memberships() (version uint64, groups []netip.AddrPort)
}

// subscriberTimer marks the node of a timer event as a subscriber.
const subscriberTimer = 1 << 31

// Subscriber is a process that listens to all publishers.
type Subscriber struct {
	// What each delivery looks at comes first, and shares a cache line or two: of a
	// thousand subscribers, most are out of the cache when their turn comes.
	w      *World
	m      Receiver
	armed  reliable.Time // when the timer fires
	index  int
	state  nodeState
	busy   bool                                 // the application works on a message
	left   bool                                 // it was told to leave
	copies bool                                 // cfg.CopyFrames
	works  bool                                 // it takes time for a message
	tell   func(reliable.Time, *reliable.Event) // cfg.OnEvent
	asleep sleep
	groups memberships
	// stranded says that no group's packets reach it.
	stranded bool
	clock    clock
	team     Member // the machine, of a member of a team
	job      job

	addr   netip.AddrPort
	joined reliable.Time
	done   reliable.Time // when the application is done with its message
	lives  int
	moves  int // of its host
	cfg    SubscriberConfig
	aside  aside // its ways to other subscribers

	recorder *Recorder // that it is; nil: it is none
	file     stateFile
	at       reliable.Position // behind the message that the application works on

	buf []byte // with CopyFrames
	dec frame.Decoder
	own frame.Frame
}

// AddSubscriber adds a subscriber.
func (w *World) AddSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	return w.addSubscriber(cfg, nil)
}

// addSubscriber adds a subscriber, or the process of a recorder.
func (w *World) addSubscriber(cfg SubscriberConfig, r *Recorder) (*Subscriber, error) {
	if len(w.subs) == maxNodes {
		return nil, fmt.Errorf("testnet: a World has at most %d subscribers and recorders",
			maxNodes)
	}
	if cfg.Name == "" {
		cfg.Name = fmt.Sprintf("sub%d", len(w.subs))
	}
	if cfg.Work < 0 || cfg.SocketQueue < 0 || cfg.History < 0 || cfg.JoinDelay < 0 {
		return nil, fmt.Errorf("testnet: %s: Work (%v), SocketQueue (%d), History (%d) and "+
			"JoinDelay (%v) must not be negative", cfg.Name, cfg.Work, cfg.SocketQueue,
			cfg.History, cfg.JoinDelay)
	}
	if err := w.validateFeeds(&cfg); err != nil {
		return nil, err
	}
	if cfg.SocketQueue == 0 {
		cfg.SocketQueue = defaultSocketQueue
	}
	if err := cfg.Clock.validate(); err != nil {
		return nil, fmt.Errorf("testnet: %s: %w", cfg.Name, err)
	}
	s := &Subscriber{w: w, cfg: cfg, index: len(w.subs), armed: reliable.Never,
		clock: clock{cfg: cfg.Clock},
		aside: aside{down: cfg.Down, up: cfg.Up}, recorder: r,
		file: stateFile{after: cfg.SaveAfter}}
	if r != nil {
		r.Subscriber = s
	}
	s.copies, s.works, s.tell = cfg.CopyFrames, max(cfg.Work, cfg.WorkUpTo) > 0, cfg.OnEvent
	if err := s.be(max(cfg.At, w.now)); err != nil {
		return nil, err
	}
	if w.subs = append(w.subs, s); r != nil {
		w.recorders = append(w.recorders, r)
	} else {
		w.listeners = append(w.listeners, s)
	}
	for feed := range cfg.feeds() {
		if g := cfg.segment(feed); g != nil {
			g.subs, g.feed = append(g.subs, s), feed
		} else {
			w.direct[feed] = append(w.direct[feed], s)
		}
	}
	for _, p := range w.pubs {
		w.connect(p, s)
	}
	if cfg.At <= w.now {
		s.start()
	} else {
		w.At(cfg.At, s.start)
	}
	return s, nil
}

// Survives reports whether the subscriber keeps a history, and takes part in inquests.
func (s *Subscriber) Survives() bool { return s.cfg.History > 0 && s.recorder == nil }

func (s *Subscriber) key() uint64 { return subscriberNet<<32 | uint64(s.index) }

// be gives the process of this life, which starts at a time, its machine, address and ids.
func (s *Subscriber) be(at reliable.Time) error {
	w := s.w
	s.addr = hostAddr(subscriberNet, s.index, firstPort+uint16(s.lives))
	for range s.moves {
		s.addr = moved(s.addr)
	}
	rc := &s.cfg.Receiver
	if rc.ID == 0 || s.lives > 0 {
		rc.ID = w.id(subscriberNet, s.index, 2*s.lives)
	}
	if rc.Seed == 0 || s.lives > 0 {
		rc.Seed = w.id(subscriberNet, s.index, 2*s.lives+1)
	}
	s.clock.begin(at)
	rc.Epoch, rc.Joined = time.Unix(0, WallStart), s.clock.machine(at)
	if n := s.cfg.feeds(); n > 1 {
		rc.Feeds = n
	}
	if s.cfg.SaveAfter > 0 {
		rc.Positions = s.file.load()
	}
	var err error
	s.team = nil
	if s.m, err = s.machine(); err != nil {
		return err
	}
	if s.team != nil && s.cfg.WrapMember != nil {
		s.team = s.cfg.WrapMember(s.team)
		s.m = s.team
	}
	if s.cfg.Wrap != nil {
		s.m = s.cfg.Wrap(s.m)
	}
	s.employ()
	s.armed, s.busy, s.asleep = reliable.Never, false, sleep{turn: s.asleep.turn}
	s.groups = memberships{known: s.follows()}
	s.lives++
	return nil
}

// machine makes the machine of a life.
func (s *Subscriber) machine() (Receiver, error) {
	if s.recorder != nil {
		return s.recorder.begin(s.cfg.Receiver)
	}
	if s.InTeam() {
		cfg := s.cfg.Team
		cfg.Receive, cfg.History = s.cfg.Receiver, survivor.History{Bytes: s.cfg.History}
		if cfg.Name == "" && cfg.Receive.Name == "" {
			cfg.Name = s.cfg.Name
		}
		m, err := member.New(cfg)
		if err != nil {
			return nil, err
		}
		s.team = m
		return m, nil
	}
	if s.cfg.History == 0 {
		return receive.New(s.cfg.Receiver)
	}
	m, err := survivor.New(s.cfg.Receiver, survivor.History{Bytes: s.cfg.History})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (s *Subscriber) start() {
	s.state, s.joined = running, s.w.now
	s.w.trace("start %v", s)
	s.w.observeStarted(s)
	s.join()
	s.settle()
}

// Restart starts the process again, with another id and from another port. One that runs
// crashes first.
func (s *Subscriber) Restart() {
	if s.state == unborn {
		return
	}
	if s.lives == maxLives {
		s.w.exceed("%v was started %d times, which is the most: let it restart less often", s,
			maxLives)
		return
	}
	s.Crash()
	if err := s.be(s.w.now); err != nil {
		if s.recorder == nil {
			s.w.fail("%v doesn't start: %v", s, err)
			return
		}
		s.w.trace("%v doesn't start: %v", s, err)
		s.w.At(s.w.now.Add(startAgain), func() {
			if s.state == gone {
				s.Restart()
			}
		})
		return
	}
	s.left = false
	s.start()
}

// startAgain is the time after which a process is started again whose disk failed.
const startAgain = 100 * time.Millisecond

// Lives returns how often the process was started.
func (s *Subscriber) Lives() int { return s.lives }

// String returns the subscriber's name.
func (s *Subscriber) String() string { return s.cfg.Name }

// Config returns the subscriber's configuration, with its id and seed.
func (s *Subscriber) Config() SubscriberConfig { return s.cfg }

// ID returns the id that the process has in this life.
func (s *Subscriber) ID() uint64 { return s.cfg.Receiver.ID }

// Stats returns the machine's counters.
func (s *Subscriber) Stats() receive.Stats { return s.m.Stats() }

// Sessions returns the machine's counters for each session.
func (s *Subscriber) Sessions() []receive.SessionStats { return s.m.Sessions() }

// Memory returns the bytes that the machine holds.
func (s *Subscriber) Memory() int { return s.m.Memory() }

// Joined returns when the process started.
func (s *Subscriber) Joined() reliable.Time { return s.joined }

// Left reports whether the subscriber was told to leave, and did.
func (s *Subscriber) Left() bool { return s.left }

// Working reports whether the application works on a message.
func (s *Subscriber) Working() bool { return s.busy }

// Pauses returns how often the process was paused.
func (s *Subscriber) Pauses() int { return s.asleep.turn }

// Running says whether the process runs; it may be paused.
func (s *Subscriber) Running() bool { return s.state == running }

// Leave ends the process as one that is told to: held messages are delivered, missing
// ones reported lost. A paused process leaves when it wakes.
func (s *Subscriber) Leave() {
	if s.state != running {
		return
	}
	if s.asleep.on {
		s.Resume()
	}
	if s.job.leave {
		return
	}
	s.w.trace("leave %v", s)
	s.tick()
	s.left = true
	if s.team != nil {
		s.job.leave = true
		s.team.Leave(s.now())
		s.settle()
		return
	}
	s.close()
}

// close ends the process as one that has nothing more to do.
func (s *Subscriber) close() {
	if s.recorder != nil {
		s.recorder.leave()
	} else {
		s.m.Close(s.now())
		s.poll(len(s.w.events), false)
		s.drain()
		s.file.save()
	}
	s.state = gone
}

// Crash ends the process at once.
func (s *Subscriber) Crash() { s.end(false) }

// end ends the process at once, or its machine.
func (s *Subscriber) end(power bool) {
	if s.state != running {
		return
	}
	verb := "crash"
	if power {
		verb = "power loss"
	}
	s.w.trace("%s %v", verb, s)
	s.state = gone
	if s.recorder != nil {
		s.recorder.power = power
		s.recorder.log.die(power)
	}
}
