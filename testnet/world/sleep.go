package world

import (
	"time"

	"crier/reliable"
)

// sleep is a process that is paused, as by SIGSTOP: it does nothing, and its
// socket's queue fills up.
type sleep struct {
	on    bool
	since reliable.Time
	until reliable.Time
	turn  int // counts pauses
	queue []*Datagram
	host  bool   // its host is suspended: nothing reaches its socket
	sent  bool   // the kernel has taken a batch meanwhile
	disk  func() // the disk has done a job meanwhile
}

// start begins a pause, and returns when it ends by itself: never if d is 0.
func (s *sleep) start(now reliable.Time, d time.Duration) reliable.Time {
	s.on, s.since, s.until = true, now, reliable.Never
	if d > 0 {
		s.until = now.Add(d)
	}
	s.turn++
	return s.until
}

func (s *sleep) keep(w *World, p *Datagram, limit int) {
	if s.host || len(s.queue) >= limit {
		w.stats.Overflow++
		return
	}
	s.queue = append(s.queue, p)
}

// end returns the packets that waited at the socket.
func (s *sleep) end() []*Datagram {
	queue := s.queue
	s.on, s.host, s.queue = false, false, nil
	return queue
}

// Pause stops the process: it does nothing until d has passed, or until Resume
// if d is 0. What is sent to it waits at its socket, as far as that has room.
func (p *Publisher) Pause(d time.Duration) {
	if p.state != running || p.asleep.on {
		return
	}
	p.w.trace("pause %v", p)
	p.sleep(d)
}

// sleep stands still until d has passed, or for ever if d is 0.
func (p *Publisher) sleep(d time.Duration) {
	if at := p.asleep.start(p.w.now, d); d > 0 {
		p.w.push(at, eventWake, uint32(p.index), nil)
	}
}

// wake ends a pause that was to last until now.
func (p *Publisher) wake() {
	if p.asleep.until == p.w.now {
		p.Resume()
	}
}

// Resume lets a paused process go on.
func (p *Publisher) Resume() {
	if p.state != running || !p.asleep.on {
		return
	}
	w := p.w
	w.trace("resume %v", p)
	if p.asleep.host {
		p.clock.wake(p.asleep.since, w.now)
	}
	w.observeWoke(p, nil, p.asleep.since)
	for _, pkt := range p.asleep.end() {
		p.take(pkt)
	}
	if p.asleep.sent { // until then the machine has nothing more to send, whatever it is asked
		p.asleep.sent = false
		p.m.Sent(p.batch)
	}
	if p.closing {
		p.m.Close(p.now())
	}
	if done := p.asleep.disk; done != nil {
		p.asleep.disk = nil
		done()
	}
	if !p.busy {
		p.retry()
		p.settle()
	}
}

// Paused says whether the process is paused.
func (p *Publisher) Paused() bool { return p.state == running && p.asleep.on }

// Pause stops the process: it does nothing until d has passed, or until Resume
// if d is 0. What is sent to it waits at its socket, as far as that has room.
func (s *Subscriber) Pause(d time.Duration) {
	if s.state != running || s.asleep.on {
		return
	}
	s.w.trace("pause %v", s)
	s.sleep(d)
}

// sleep stands still until d has passed, or for ever if d is 0.
func (s *Subscriber) sleep(d time.Duration) {
	if at := s.asleep.start(s.w.now, d); d > 0 {
		s.w.push(at, eventWake, uint32(s.index)|subscriberTimer, nil)
	}
}

// wake ends a pause that was to last until now.
func (s *Subscriber) wake() {
	if s.asleep.until == s.w.now {
		s.Resume()
	}
}

// Resume lets a paused process go on: it takes the packets that wait at its socket.
func (s *Subscriber) Resume() {
	if s.state != running || !s.asleep.on {
		return
	}
	w := s.w
	w.trace("resume %v", s)
	if s.asleep.host {
		s.clock.wake(s.asleep.since, w.now)
	}
	w.observeWoke(nil, s, s.asleep.since)
	if s.job.stays {
		s.endWork() // on a goroutine of its own, it was faster than the loop
	}
	if s.cfg.TimersFirst {
		s.asleep.on = false
		s.settle()
	}
	for _, pkt := range s.asleep.end() {
		s.take(pkt)
		w.observeSettled(s) // the application hasn't taken yet the messages that it holds now
	}
	if s.recorder != nil {
		s.recorder.wake()
	}
	s.settle()
}

// Paused says whether the process is paused.
func (s *Subscriber) Paused() bool { return s.state == running && s.asleep.on }
