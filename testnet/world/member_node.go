package world

import (
	"time"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/random"
)

// A subscriber that is a member of a team: its machine says of each message whether it may be
// handed out, and is told what became of it.

// Member is the part of a member.Member that a World needs besides a Receiver.
type Member interface {
	Receiver
	// Shift says by how much the lease clock is ahead, before the machine is called.
	Shift(d time.Duration)
	HandOut(now reliable.Time, ev *reliable.Event) bool
	Busy(now reliable.Time, ev *reliable.Event)
	Idle(now reliable.Time)
	Done(now reliable.Time, g *reliable.Grant, offset, seq uint64) error
	Release(now reliable.Time, g *reliable.Grant, offset uint64, after time.Duration) error
	Working(now reliable.Time, g *reliable.Grant, offset uint64) error
	// Leave begins to leave: nothing more is handed out. Left reports whether all is given back.
	Leave(now reliable.Time)
	Left() bool
}

// Finish is what a member's application does once it has worked on a message. The zero Finish is
// done with it.
type Finish struct {
	// LetGo gives the message back, to be granted again After a time.
	LetGo bool
	After time.Duration
	// Never forgets it: it is neither done nor given back.
	Never bool
}

// job is what a member's application has at hand.
type job struct {
	run   [1]reliable.Run
	more  bool // run has a message, or another event, that wasn't looked at
	stays bool // the work ended while the process was paused
	rand  random.Generator
	leave bool          // it leaves once all is given back
	prod  reliable.Time // when it says next that it still works
}

// workKey stands in seeds for the time that work takes.
const workKey = 6 << 32

// employ prepares the application of a life.
func (s *Subscriber) employ() {
	s.job = job{rand: random.New(link.Seed(s.w.cfg.Seed, s.key(), workKey|uint64(s.lives)))}
}

// tick says to a member's machine what its lease clock shows.
func (s *Subscriber) tick() {
	if s.team != nil {
		s.team.Shift(s.clock.shift(s.w.now))
	}
}

// workFor returns how long the application works on the next message.
func (s *Subscriber) workFor() time.Duration {
	if s.cfg.WorkUpTo <= s.cfg.Work {
		return s.cfg.Work
	}
	return s.cfg.Work + time.Duration(s.job.rand.UpTo(int64(s.cfg.WorkUpTo-s.cfg.Work)))
}

// pollMember hands events to the application of a member, until there are no more or, if working,
// until it has work to do.
func (s *Subscriber) pollMember(working bool) {
	for !s.busy {
		if !s.job.more && s.m.Poll(s.job.run[:]) == 0 {
			return
		}
		s.job.more = true
		if s.give(&s.job.run[0].Event, working) {
			return
		}
		s.next()
	}
}

// next goes to the next message that the application has at hand.
func (s *Subscriber) next() { s.job.more = s.job.run[0].Next() }

// give hands an event to the application, and reports whether it works on it now.
func (s *Subscriber) give(ev *reliable.Event, working bool) bool {
	if ev.Grant == nil || ev.Kind != reliable.Message && ev.Kind != reliable.Loss {
		s.hand(ev)
		return false
	}
	if !s.team.HandOut(s.now(), ev) {
		if s.w.cfg.Trace != nil {
			s.w.trace("%v doesn't take %v offset %d: it is its own no longer", s, ev.Session,
				ev.Offset)
		}
		s.w.observeWithheld(s, ev)
		return false
	}
	s.hand(ev)
	if ev.Kind == reliable.Loss {
		return false // it is done with that
	}
	if working {
		if work := s.workFor(); work > 0 {
			s.team.Busy(s.now(), ev)
			s.busy, s.done = true, s.w.now.Add(work)
			s.job.prod = reliable.Never
			if every := s.cfg.TellEvery; every > 0 {
				s.job.prod = s.w.now.Add(every)
			}
			s.w.push(min(s.done, s.job.prod), eventConsume, uint32(s.index), nil)
			return true
		}
	}
	s.finish(ev)
	return false
}

// finish ends the work on a message.
func (s *Subscriber) finish(ev *reliable.Event) {
	end := Finish{}
	if s.cfg.Finish != nil {
		end = s.cfg.Finish(ev)
	}
	offset := ev.Offset
	switch now := s.now(); {
	case end.Never:
		s.w.trace("%v forgets %v offset %d", s, ev.Session, offset)
	case end.LetGo:
		err := s.team.Release(now, ev.Grant, offset, end.After)
		s.traceEnd("lets go", ev, offset, err)
		s.w.observeLetGo(s, ev.Grant, offset, end.After, err)
	default:
		err := s.team.Done(now, ev.Grant, offset, ev.Seq)
		s.traceEnd("is done with", ev, offset, err)
		s.w.observeFinished(s, ev.Grant, offset, err)
	}
}

func (s *Subscriber) traceEnd(verb string, ev *reliable.Event, offset uint64, err error) {
	if s.w.cfg.Trace == nil {
		return
	}
	what := ""
	if err != nil {
		what = ": " + err.Error()
	}
	s.w.trace("%v %s %v/%d offset %d, epoch %d, attempt %d%s", s, verb, ev.Session, ev.Partition,
		offset, ev.Epoch(), ev.Attempt(), what)
}

// worked goes on when the application of a member is done with a message, or says that it still
// works on it.
func (s *Subscriber) worked() {
	switch {
	case !s.busy || s.w.now != s.done && s.w.now != s.job.prod:
		return // another life's
	case s.state != running:
		return
	case s.w.now < s.done:
		s.job.prod = s.w.now.Add(s.cfg.TellEvery)
		s.w.push(min(s.done, s.job.prod), eventConsume, uint32(s.index), nil)
		if !s.asleep.on {
			s.tick()
			ev := &s.job.run[0].Event
			s.traceEnd("still works on", ev, ev.Offset, s.team.Working(s.now(), ev.Grant, ev.Offset))
			s.settle()
		}
		return
	case s.asleep.on:
		s.job.stays = true
		return
	}
	s.endWork()
	s.settle()
}

// endWork ends the work on the message at hand.
func (s *Subscriber) endWork() {
	s.tick()
	s.finish(&s.job.run[0].Event)
	s.busy, s.job.stays = false, false
	s.team.Idle(s.now())
	s.next()
}

// departs ends the process of a member that was told to leave, once all is given back.
func (s *Subscriber) departs() {
	if s.job.leave && !s.busy && s.team.Left() {
		s.close()
	}
}

// InTeam reports whether the subscriber is a member of a team.
func (s *Subscriber) InTeam() bool { return s.cfg.Team.Team != "" && s.recorder == nil }
