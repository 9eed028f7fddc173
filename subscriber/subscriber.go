package subscriber

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"crier/multicast"
	"crier/multicast/memory"
	"crier/reliable"
	"crier/reliable/receive"
	"crier/reliable/survivor"
	"crier/reliable/team/member"
	"crier/reliable/topic"
)

// Subscriber listens to one or several groups.
type Subscriber struct {
	cfg Config
	// conns are the sockets of the groups that are joined from the start, by feed.
	conns []multicast.Conn
	// members are all groups that are joined, by feed.
	members []*multicast.Memberships
	// back is the socket that sends NACKs and receives unicast repairs.
	back  multicast.Conn
	loop  *multicast.Loop
	start time.Time

	// The loop's lock guards the fields from here to failed.

	receiver *member.Member
	// finder follows the topics of a pattern; it is nil without one.
	finder *finder
	// region is the memory of its history, or nil.
	region  *memory.Region
	machine machine
	// delivering says that a goroutine is in the Handler, or about to call it.
	delivering bool
	// idle says that a range over Messages waits for events.
	idle   bool
	closed bool
	// cut says that the interface has no link, or no usable address.
	cut     bool
	lagging lagWatch
	absent  absent
	// failed is the reason why the Subscriber closed itself, or nil.
	failed error

	// The goroutine that delivers, or that ranges over Messages, owns the fields from here
	// to log.

	// events[next:have] are the events that a range has yet to yield.
	events     [eventBatch]reliable.Run
	next, have int
	// begun says that the first message of events[next] was yielded.
	begun bool
	// pending is the number of messages of the events that weren't begun.
	pending atomic.Int64
	log     log

	// places are the consumer's positions, or nil.
	places *places
	// team is this member's work in a team, or nil.
	team *teamwork

	// ranging says that a range over Messages runs.
	ranging atomic.Bool
	ended   atomic.Pointer[rangeEnd]
	// more wakes a range that waits for events.
	more chan struct{}

	lagNews chan struct{}
	// opened is closed when New has opened the sockets, or failed to.
	opened chan struct{}
	// told is closed when all publishers are told that the Subscriber leaves.
	told chan struct{}
	// gone is closed when the loop is closed.
	gone chan struct{}
	// helpers counts the Subscriber's own goroutines.
	helpers sync.WaitGroup

	closing sync.Once
	// closeErr is the result of Close.
	closeErr error
}

// eventBatch is the number of events that are taken at once.
const eventBatch = 64

// New opens the sockets and starts to listen. An error about the configuration is a
// *config.Error with the field's name and the reason. Other errors are the system's.
func New(cfg Config) (*Subscriber, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Subscriber{
		cfg: cfg, more: make(chan struct{}, 1), log: log{to: cfg.Logger},
		lagNews: make(chan struct{}, 1), gone: make(chan struct{}),
		opened: make(chan struct{}), told: make(chan struct{}),
	}
	positions, others, err := cfg.load()
	if err == nil {
		if cfg.resumes() {
			s.places = newPlaces(&cfg, positions, others)
		}
		err = s.open(positions)
	}
	close(s.opened)
	if err != nil {
		return nil, errors.Join(err, s.closeConns())
	}
	if cfg.WarnLag > 0 {
		s.helpers.Add(1)
		go s.tellLag()
	}
	if s.places != nil {
		s.helpers.Go(func() { s.places.saver(s.gone) })
	}
	return s, nil
}

// open opens the sockets and starts the loop. Sessions go on from the positions.
func (s *Subscriber) open(positions []Position) error {
	var ids [16]byte
	rand.Read(ids[:]) // never fails
	groups, topics := s.cfg.listened()
	config, err := receive.Config{
		ID: binary.NativeEndian.Uint64(ids[:8]) | 1, Seed: binary.NativeEndian.Uint64(ids[8:]),
		Name: s.cfg.Name, Groups: groups, Topics: topics, Selects: topic.IsPattern(s.cfg.Topic),
		Runs: true, Feeds: len(s.cfg.Feeds),
		Start: s.cfg.otherwise(), Until: s.cfg.Until, Positions: positions,
		Logs: s.cfg.logs(), Order: s.cfg.Order, Overload: s.cfg.Overload,
		Recovery: s.cfg.Recovery, Memory: s.cfg.Memory,
	}.Complete()
	if err != nil {
		return err
	}
	if _, err := s.member(config, survivor.History{}).Complete(); err != nil {
		return err
	}
	if err := s.openGroups(); err != nil {
		return err
	}
	s.back, err = s.cfg.Link.Fan(multicast.SocketConfig{
		Interface: s.cfg.Interface, Group: s.cfg.Groups[0],
		Changed: s.relink, Logger: s.cfg.Logger,
	}, s.cfg.Feeds)
	if err != nil {
		return err
	}
	timer, err := s.cfg.Link.Network.Timer()
	if err != nil {
		return err
	}
	// All groups are joined, so sessions that begin from now on are heard from their start.
	s.start = time.Now()
	config.Epoch = s.start
	history := s.cfg.history()
	s.furnish(&history)
	if s.receiver, err = member.New(s.member(config, history)); err != nil {
		return err
	}
	if s.finder, err = newFinder(s, config.ID, config.Seed, positions); err != nil {
		return err
	}
	s.machine.s, s.absent.watched = s, s.cfg.Partitions != nil
	if s.cfg.Team != "" {
		s.team = &teamwork{s: s, m: s.receiver}
	}
	cfg := multicast.LoopConfig{
		LeaseClock: s.cfg.Link.LeaseClock(), Machine: &s.machine, Out: s.back, In: s.conns, Timer: timer, Memberships: s.members,
		Wait: s.cfg.Link.Wait, Start: s.start, Logger: s.cfg.Logger,
	}
	if s.direct() {
		cfg.Deliver = s.deliver
	}
	link := multicast.Link{MTU: s.back.Stats().MTU, Local: s.back.LocalAddr()}
	if most := link.Datagram(); most > 0 {
		s.receiver.SetDatagram(min(most, reliable.DefaultDatagram))
	}
	s.loop = multicast.NewLoop(cfg)
	s.loop.Run()
	if s.team != nil && s.cfg.Handler != nil {
		s.helpers.Go(s.team.work)
	}
	return nil
}

// direct reports whether the Handler runs on the goroutines that read.
func (s *Subscriber) direct() bool { return s.cfg.Handler != nil && s.team == nil }

// openGroups joins the groups on each feed.
func (s *Subscriber) openGroups() error {
	for feed := range max(1, len(s.cfg.Feeds)) {
		m := s.cfg.Link.Memberships(multicast.GroupConfig{
			Interface: s.cfg.Interface, Feed: feed, Source: s.cfg.Source, Logger: s.cfg.Logger,
		}, s.cfg.Feeds)
		s.members = append(s.members, m)
		for index, group := range s.cfg.Groups {
			if topic.IsPattern(s.cfg.Topic) {
				index = directoryIndex
			}
			conn, err := m.Open(group, index)
			if err != nil {
				return err
			}
			s.conns = append(s.conns, conn)
		}
	}
	return nil
}

// relink adapts to a change of the interface. While the interface is down, silence is not
// held against publishers.
func (s *Subscriber) relink(l multicast.Link) {
	if <-s.opened; s.loop == nil {
		return // New failed
	}
	s.loop.Lock()
	if most := l.Datagram(); most > 0 {
		s.receiver.SetDatagram(min(most, reliable.DefaultDatagram))
	}
	s.cut = !l.Up
	if l.Up && s.finder != nil {
		s.finder.listener.Ask(reliable.Time(s.loop.Now()))
	}
	s.hearing(s.loop.Now())
	s.loop.Settle()
}

// hearing tells the receiver whether datagrams are read at present. The caller holds the
// lock.
func (s *Subscriber) hearing(now int64) {
	s.receiver.Deaf(reliable.Time(now), s.delivering || s.cut)
}

// LocalAddr returns the source of NACKs, which is also the address for unicast repairs.
func (s *Subscriber) LocalAddr() netip.AddrPort { return s.back.LocalAddr() }

// Name returns the Subscriber's name for publishers: in a team it always has one.
func (s *Subscriber) Name() string { return s.cfg.Name }

// ErrGoexit is returned by Close if a Handler or OnLag ended its goroutine, by
// runtime.Goexit or a test's FailNow. Nothing can be delivered after that, so the
// Subscriber has closed itself.
var ErrGoexit = errors.New("a Handler or OnLag called runtime.Goexit (or a test's FailNow), " +
	"which ended the goroutine that delivers: the Subscriber has closed itself")

// watch is deferred around calls of the application. It closes the Subscriber if a call
// doesn't return: otherwise the Subscriber would be deaf, and hold back publishers that keep
// its pace.
func (s *Subscriber) watch(returned *bool) {
	if *returned {
		return
	}
	go func() { // the current goroutine ends; a panic ends the process
		s.loop.Lock()
		s.failed = ErrGoexit
		s.loop.Unlock()
		s.cfg.Logger.Error(ErrGoexit.Error())
		s.Close()
	}()
}

func (s *Subscriber) closeConns() error {
	var errs []error
	for _, c := range s.conns {
		errs = append(errs, c.Close())
	}
	if s.back != nil {
		errs = append(errs, s.back.Close())
	}
	return errors.Join(errs...)
}

// deliver calls the Handler with all events. With received set, Receive has claimed the
// delivery for this goroutine, with events that view the datagrams. Otherwise deliver claims
// it, or returns if another goroutine has it, which then delivers these events too.
func (s *Subscriber) deliver(received bool) {
	if !received {
		s.loop.Lock()
		if s.delivering {
			s.loop.Unlock()
			return
		}
		s.delivering = true
		s.have = s.receiver.Poll(s.events[:])
		s.loop.Settle() // taking events may have made room for requests
	}
	returned := false
	defer s.watch(&returned)
	for {
		for i := range s.events[:s.have] {
			s.hand(&s.events[i])
		}
		s.loop.Lock()
		if s.have = s.receiver.Poll(s.events[:]); s.have == 0 {
			break
		}
		s.loop.Settle()
	}
	returned = true
	s.delivering = false
	s.hearing(s.loop.Now())
	s.unlock()
}

// hand calls the Handler with an event, message by message.
func (s *Subscriber) hand(run *reliable.Run) {
	s.log.note(&run.Event)
	s.places.deliver(&run.Event)
	for more := true; more; more = run.Next() {
		s.cfg.Handler(&run.Event)
		s.places.taken(&run.Event)
	}
}

// unlock unlocks the loop, and logs losses that are due. Only the goroutine that delivers
// calls it.
func (s *Subscriber) unlock() {
	sum, due := s.log.due(s.start, s.loop.Now)
	s.loop.Unlock()
	if due {
		s.log.tell(&sum)
	}
}

// farewellWait bounds the time that Close waits for the socket to take the farewells.
const farewellWait = 100 * time.Millisecond

// sayFarewell waits until all publishers that wait for the Subscriber are told that it
// leaves, or farewellWait is over.
func (s *Subscriber) sayFarewell() {
	timer := time.NewTimer(farewellWait)
	defer timer.Stop()
	select {
	case <-s.told:
	case <-timer.C:
	}
}

// allSent notes that nothing is left to send. The caller holds the lock.
func (s *Subscriber) allSent() {
	if s.team != nil {
		s.team.checkLeft()
	}
	if !s.closed {
		return
	}
	select {
	case <-s.told:
	default:
		close(s.told)
	}
}

// Close stops listening, and reports missing messages lost. A Handler gets these last events
// before Close returns. A range over Messages yields them, and then ends. No goroutine is
// left when Close returns. Several callers may close at once, and all of them wait.
//
// A member of a team hands out nothing more. It waits for up to 30 s until the running step has
// ended, and until all else that it handed out, with ManualDone, is done or released, as long as
// its grant holds. Then it gives back what it was granted: what isn't done comes to others with the
// next attempt. So a step that closes waits in vain for itself, and its message isn't done: leave
// the range first, or close on another goroutine.
func (s *Subscriber) Close() error {
	s.closing.Do(func() {
		if s.team != nil {
			s.team.leave()
		}
		s.loop.Lock()
		if s.absent.watched { // a session may have been shorter than the time between two looks
			s.lookForAbsent(s.loop.Now())
		}
		s.receiver.Close(reliable.Time(s.loop.Now()))
		s.closed = true
		failed := s.failed
		s.loop.SettleNow()
		s.sayFarewell()
		s.closeErr = errors.Join(failed, s.loop.Close())
		close(s.gone)
		if s.direct() {
			s.deliver(false)
		}
		s.loop.Lock()
		s.wake()
		s.loop.Unlock()
		s.helpers.Wait()
		if s.region != nil {
			s.region.Discard() // nothing is kept or served any more
		}
		if s.places != nil {
			s.places.closed.Store(true)
			s.closeErr = errors.Join(s.closeErr, s.places.flush())
		}
	})
	return s.closeErr
}
