package receive

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// wantLast is the longest time between two requests for SESSION.
const wantLast = 500 * time.Millisecond

// report returns the NACK or STATUS that the session sends now, or nil. The
// frame is valid until the next call for any session.
func (s *session) report(now reliable.Time) *frame.Frame {
	if now >= s.leaveDue {
		s.leaveDue = reliable.Never
		return s.farewell(now)
	}
	if s.phase == ended {
		return nil
	}
	f := &s.r.scratch
	if len(s.ask) > 0 && !s.mayAsk(now) {
		s.ask = s.ask[:0]
		s.r.stats.Withheld++
	}
	if len(s.ask) > 0 {
		fit := frame.FitRanges(frame.Nack, s.ask, s.r.cfg.Datagram)
		s.fill(f, now, frame.Nack)
		f.Request, f.Ranges = s.askRequest, s.ask[:fit]
		s.ask = s.ask[fit:]
		s.stats.Nacks++
		return f
	}
	if now < s.statusDue && now < s.wantDue {
		return nil
	}
	s.fill(f, now, frame.Status)
	f.Name = s.r.name
	s.where(f)
	s.statusLast = now
	if now >= s.wantDue {
		f.Flags = frame.WantSession
		s.wantDue = now.Add(s.r.rand.Jitter(s.wantWait))
		s.wantWait = min(2*s.wantWait, wantLast)
	}
	if now >= s.statusDue {
		s.statusDue = now.Add(s.r.rand.Jitter(reliable.StatusEvery(s.req.GroupSize())))
	}
	return f
}

const (
	// coldNacks is how many NACKs a session draws at once to an address that no data came
	// from yet, and coldEvery how long each further one takes.
	coldNacks = 16
	coldEvery = time.Second
)

// mayAsk says whether a NACK may be sent. A word alone, which says that there is something
// to ask for, draws few.
func (s *session) mayAsk(now reliable.Time) bool {
	if s.proven {
		return true
	}
	if more := int(min(now.Sub(s.coldAt)/coldEvery, coldNacks)); more > 0 {
		s.cold, s.coldAt = min(s.cold+more, coldNacks), now
	}
	if s.cold == 0 {
		return false
	}
	s.cold--
	return true
}

// farewell tells a publisher that this subscriber leaves, or has everything, and how far it has
// come. Without it, a publisher that waits for its subscribers would wait for the stall timeout,
// and any other would end with a position that is up to half a second old.
func (s *session) farewell(now reliable.Time) *frame.Frame {
	f := &s.r.scratch
	s.fill(f, now, frame.Status)
	f.Flags = frame.Leaving
	s.where(f)
	s.statusLast = now
	return f
}

// where fills in who this is, and how far.
func (s *session) where(f *frame.Frame) {
	f.Name = s.r.name
	f.Position = s.position()
	f.Room = uint64(max(0, s.r.cfg.Buffer-s.win.bytes))
	s.reported, s.reportAt = f.Position, nowhere
	if s.every != 0 {
		s.reportAt = f.Position + s.every
	}
}

// fill starts a frame of the session's.
func (s *session) fill(f *frame.Frame, now reliable.Time, kind frame.Kind) {
	*f = frame.Frame{
		Kind: kind, Session: s.id, Channel: s.r.cfg.Channel,
		Subscriber: s.r.cfg.ID, Echo: s.echo,
	}
	if s.echo != 0 {
		f.Held = now.Sub(s.echoAt)
	}
}
