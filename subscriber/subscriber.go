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
	"crier/reliable"
	"crier/reliable/receive"
)

// Subscriber listens to one or several groups.
type Subscriber struct {
	cfg   Config
	conns []multicast.Conn // of the groups
	back  multicast.Conn   // NACKs go out here, unicast repairs come in
	loop  *multicast.Loop
	start time.Time

	// Guarded by the loop's lock.
	receiver   *receive.Receiver
	machine    machine
	delivering bool // a goroutine is in Handler, or about to be
	idle       bool // Messages waits for more
	closed     bool
	cut        bool          // the interface has no link, or no address that can be used
	told       chan struct{} // closed when publishers have been told that it leaves
	lagging    lagWatch

	// Of the goroutine that is delivering, or that ranges over Messages.
	events     [eventBatch]reliable.Run
	next, have int          // of events, not yet taken from Messages
	begun      bool         // the first message of events[next] was handed out
	pending    atomic.Int64 // messages of events that were not begun with
	log        log

	ranging atomic.Bool // a range over Messages is under way
	ended   atomic.Pointer[rangeEnd]
	more    chan struct{} // tells it that there is more

	lagNews chan struct{}
	opened  chan struct{} // closed when it is open, or could not be
	gone    chan struct{} // closed when it closes
	helpers sync.WaitGroup

	closing  sync.Once
	failed   error // guarded by the loop's lock
	closeErr error
}

// eventBatch is how many events are taken at once.
const eventBatch = 64

// New opens the sockets and begins to listen.
func New(cfg Config) (*Subscriber, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Subscriber{
		cfg: cfg, more: make(chan struct{}, 1), log: log{to: cfg.Logger},
		lagNews: make(chan struct{}, 1), gone: make(chan struct{}), opened: make(chan struct{}), told: make(chan struct{}),
	}
	err := s.open()
	close(s.opened)
	if err != nil {
		return nil, errors.Join(err, s.closeConns())
	}
	if cfg.WarnLag > 0 {
		s.helpers.Add(1)
		go s.tellLag()
	}
	return s, nil
}

// open makes the sockets and starts the loop.
func (s *Subscriber) open() error {
	var ids [16]byte
	rand.Read(ids[:]) // never fails
	config, err := receive.Config{
		ID: binary.NativeEndian.Uint64(ids[:8]) | 1, Seed: binary.NativeEndian.Uint64(ids[8:]),
		Name: s.cfg.Name, Groups: s.cfg.Groups, Runs: true,
		Start: s.cfg.Start, Order: s.cfg.Order, Overload: s.cfg.Overload,
		Recovery: s.cfg.Recovery, Memory: s.cfg.Memory,
	}.Complete()
	if err != nil {
		return err
	}
	for feed, group := range s.cfg.Groups {
		conn, err := s.cfg.Link.Group(multicast.GroupConfig{
			Group: group, Feed: feed, Interface: s.cfg.Interface, Source: s.cfg.Source, Logger: s.cfg.Logger,
		})
		if err != nil {
			return err
		}
		s.conns = append(s.conns, conn)
	}
	s.back, err = s.cfg.Link.Socket(multicast.SocketConfig{
		Interface: s.cfg.Interface, Group: s.cfg.Groups[0], Changed: s.relink, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	timer, err := s.cfg.Link.Network.Timer()
	if err != nil {
		return err
	}
	s.start = time.Now() // all groups are joined: what begins now is heard from its start
	config.Epoch = s.start
	if s.receiver, err = receive.New(config); err != nil {
		return err
	}
	s.machine.s = s
	cfg := multicast.LoopConfig{
		Machine: &s.machine, Out: s.back, In: s.conns, Timer: timer, Wait: s.cfg.Link.Wait, Start: s.start, Logger: s.cfg.Logger,
	}
	if s.cfg.Handler != nil {
		cfg.Deliver = s.deliver
	}
	link := multicast.Link{MTU: s.back.Stats().MTU, Local: s.back.LocalAddr()}
	if most := link.Datagram(); most > 0 {
		s.receiver.SetDatagram(min(most, reliable.DefaultDatagram))
	}
	s.loop = multicast.NewLoop(cfg)
	s.loop.Run()
	return nil
}

// relink takes in how the sockets stand with their interface: while nothing can come
// or leave, that says nothing about publishers.
func (s *Subscriber) relink(l multicast.Link) {
	if <-s.opened; s.loop == nil {
		return // it could not be opened
	}
	s.loop.Lock()
	if most := l.Datagram(); most > 0 {
		s.receiver.SetDatagram(min(most, reliable.DefaultDatagram))
	}
	s.cut = !l.Up
	s.hearing(s.loop.Now())
	s.loop.Settle()
}

// hearing tells the receiver whether anybody hears, with the lock held.
func (s *Subscriber) hearing(now int64) {
	s.receiver.Deaf(reliable.Time(now), s.delivering || s.cut)
}

// LocalAddr returns where NACKs come from and unicast repairs go.
func (s *Subscriber) LocalAddr() netip.AddrPort { return s.back.LocalAddr() }

// ErrGoexit is returned by Close where a Handler, or OnLag, ended the goroutine that
// called it, by runtime.Goexit or, in a test, by FailNow: nothing can be delivered after
// that, so the Subscriber has closed itself.
var ErrGoexit = errors.New("a Handler or OnLag called runtime.Goexit (or a test's FailNow), which ended the goroutine that delivers: the Subscriber has closed itself")

// watch is deferred by those who call the application. One that doesn't return ends the
// Subscriber, which would else be deaf and hold back publishers that keep its pace.
func (s *Subscriber) watch(returned *bool) {
	if *returned {
		return
	}
	go func() { // this goroutine ends now; a panic ends the process
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

// deliver calls the Handler for all there is. Where received says so, the caller
// has just become the one who delivers, with events that view what it received;
// else it becomes that unless another goroutine is at it, who then takes all.
func (s *Subscriber) deliver(received bool) {
	if !received {
		s.loop.Lock()
		if s.delivering {
			s.loop.Unlock()
			return
		}
		s.delivering = true
		s.have = s.receiver.Poll(s.events[:])
		s.loop.Settle() // taking events may have made room to ask for more
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

// hand gives an event, message by message, to the Handler.
func (s *Subscriber) hand(run *reliable.Run) {
	s.log.note(&run.Event)
	for more := true; more; more = run.Next() {
		s.cfg.Handler(&run.Event)
	}
}

// unlock gives the loop's lock back, and has the log tell what is due. The caller
// is the one who delivers.
func (s *Subscriber) unlock() {
	sum, due := s.log.due(s.start, s.loop.Now)
	s.loop.Unlock()
	if due {
		s.log.tell(&sum)
	}
}

// farewellWait is how long Close waits for a socket to take what tells publishers.
const farewellWait = 100 * time.Millisecond

// sayFarewell waits until all publishers that wait for it are told that it leaves.
func (s *Subscriber) sayFarewell() {
	timer := time.NewTimer(farewellWait)
	defer timer.Stop()
	select {
	case <-s.told:
	case <-timer.C:
	}
}

// allSent notes, with the lock held, that nothing is left to send.
func (s *Subscriber) allSent() {
	if !s.closed {
		return
	}
	select {
	case <-s.told:
	default:
		close(s.told)
	}
}

// Close stops listening. What is missing then is reported lost; those last
// events go to the Handler before Close returns, or are what is left to take
// from Messages, which then ends. No goroutine is left when Close returns, to
// any of several callers.
func (s *Subscriber) Close() error {
	s.closing.Do(func() {
		s.loop.Lock()
		s.receiver.Close(reliable.Time(s.loop.Now()))
		s.closed = true
		failed := s.failed
		s.loop.SettleNow()
		s.sayFarewell()
		s.closeErr = errors.Join(failed, s.loop.Close())
		close(s.gone)
		if s.cfg.Handler != nil {
			s.deliver(false)
		}
		s.loop.Lock()
		s.wake()
		s.loop.Unlock()
		s.helpers.Wait()
	})
	return s.closeErr
}
