package subscriber

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"crier/multicast"
	"crier/reliable"
)

// Subscriber listens to one or several groups.
type Subscriber struct {
	cfg   Config
	conns []multicast.Conn // of the groups
	back  multicast.Conn   // NACKs go out here, unicast repairs come in
	loop  *multicast.Loop
	start time.Time
	log   log

	// Guarded by the loop's lock.
	receiver   *reliable.Receiver
	machine    machine
	delivering bool              // a goroutine is in Handler
	borrowed   *multicast.Packet // the last datagram, which the receiver may view
	events     [eventBatch]reliable.Event
	next, have int           // of events, not yet taken from Messages
	idle       bool          // Messages waits for more
	more       chan struct{} // tells it that there is
	closed     bool
}

// eventBatch is how many events are taken at once.
const eventBatch = 64

// New opens the sockets and begins to listen.
func New(cfg Config) (*Subscriber, error) {
	cfg.setDefaults()
	s := &Subscriber{cfg: cfg, more: make(chan struct{}, 1), log: log{to: cfg.Logger}}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.closeConns())
	}
	return s, nil
}

// open makes the sockets and starts the loop.
func (s *Subscriber) open() error {
	for _, group := range s.cfg.Groups {
		if group.Addr().Is4() != s.cfg.Groups[0].Addr().Is4() {
			return fmt.Errorf("subscriber: groups %v and %v are of different address families; use one subscriber for each",
				s.cfg.Groups[0], group)
		}
		conn, err := s.cfg.Network.Group(multicast.GroupConfig{
			Group: group, Interface: s.cfg.Interface, Source: s.cfg.Source,
			ReadBuffer: s.cfg.ReadBuffer, Logger: s.cfg.Logger,
		})
		if err != nil {
			return err
		}
		s.conns = append(s.conns, conn)
	}
	var err error
	s.back, err = s.cfg.Network.Socket(multicast.SocketConfig{
		Interface: s.cfg.Interface, Group: s.cfg.Groups[0], TTL: 1,
		ReadBuffer: s.cfg.ReadBuffer, Logger: s.cfg.Logger,
	})
	if err != nil {
		return err
	}
	var ids [16]byte
	if _, err := rand.Read(ids[:]); err != nil {
		return fmt.Errorf("subscriber: no random id: %w", err)
	}
	s.start = time.Now()
	s.receiver, err = reliable.NewReceiver(reliable.ReceiverConfig{
		ID: binary.NativeEndian.Uint64(ids[:8]) | 1, Seed: binary.NativeEndian.Uint64(ids[8:]),
		Name: s.cfg.Name, Start: s.cfg.Start, Order: s.cfg.Order,
		NoRecovery: s.cfg.NoRecovery, MaxWait: s.cfg.MaxWait, Silence: s.cfg.Silence,
		Buffer: s.cfg.Buffer, MaxMemory: s.cfg.MaxMemory, MaxSessions: s.cfg.MaxSessions,
	})
	if err != nil {
		return err
	}
	timer, err := s.cfg.Network.Timer()
	if err != nil {
		return err
	}
	s.machine.s = s
	cfg := multicast.LoopConfig{
		Machine: &s.machine, Out: s.back, In: s.conns, Timer: timer, Start: s.start, Logger: s.cfg.Logger,
	}
	if s.cfg.Handler != nil {
		cfg.Deliver = s.deliver
	}
	s.loop = multicast.NewLoop(cfg)
	s.loop.Run()
	return nil
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

// deliver calls the Handler for all there is, unless another goroutine is at it.
// The caller's datagram may be viewed until it returns; another's may not.
func (s *Subscriber) deliver(own *multicast.Packet) {
	s.loop.Lock()
	if s.delivering || s.borrowed != own {
		s.receiver.Hold()
	}
	if s.delivering {
		s.loop.Unlock()
		return
	}
	n := s.receiver.Poll(s.events[:])
	if n == 0 {
		s.loop.Unlock()
		return
	}
	s.delivering = true
	for n > 0 {
		s.loop.Settle() // delivery may have made room to ask for more
		for i := range s.events[:n] {
			ev := s.event(&s.events[i])
			s.log.note(&ev)
			s.cfg.Handler(&ev)
		}
		s.loop.Lock()
		n = s.receiver.Poll(s.events[:])
	}
	s.delivering = false
	s.loop.Unlock()
}

// event gives a receiver's event the times that an application knows.
func (s *Subscriber) event(from *reliable.Event) Event {
	ev := Event{
		Kind: from.Kind, Session: from.Session, Source: from.Source,
		Offset: from.Offset, Payload: from.Payload,
		Received:  s.start.Add(time.Duration(from.Received)),
		Recovered: from.Recovered, Recovery: from.Recovery,
		Lost: from.Lost, Cause: from.Cause,
	}
	if from.Sent != 0 {
		ev.Sent = time.Unix(0, from.Sent)
	}
	return ev
}

// Close stops listening. What is missing then is reported lost; those last
// events go to the Handler before Close returns, or are what is left to take
// from Messages, which then ends. No goroutine is left when Close returns.
func (s *Subscriber) Close() error {
	s.loop.Lock()
	if s.closed {
		s.loop.Unlock()
		return nil
	}
	s.closed = true
	s.receiver.Close(reliable.Time(s.loop.Now()))
	s.loop.Unlock()
	err := s.loop.Close()
	if s.cfg.Handler != nil {
		s.deliver(nil)
	}
	s.loop.Lock()
	s.wake()
	s.loop.Unlock()
	return err
}
