package send

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rate"
)

// A Sender is the publisher's end of one session: its subscribers, its start and end, and
// the streams that share its rate limit and its socket.
type Sender struct {
	cfg Config
	// now is the time of the last call that passed it.
	now reliable.Time
	*Stream
	members members
	limit   *rate.Limit
	// rate is the rate of the session's data.
	rate    dataRate
	offload offload
	// most is the largest datagram that the network takes, which may be less than 256
	// bytes.
	most int

	// armed is the last deadline.
	armed reliable.Time
	// woke is when this process resumed after it had been suspended.
	woke reliable.Time

	announceDue reliable.Time
	sweepDue    reliable.Time
	welcomes    welcomes
	closing     closing

	encode  frame.Encoder
	arena   []byte
	scratch frame.Frame
	turn    turn
	stats   Stats
}

// New returns a Sender that has sent nothing yet.
func New(cfg Config) (*Sender, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	s := &Sender{
		cfg: cfg, now: cfg.Start, most: cfg.Datagram, armed: reliable.Never,
		members: newMembers(cfg.MaxMembers), limit: rate.New(cfg.Flow.MaxRate, cfg.Flow.Burst),
		announceDue: cfg.Start, sweepDue: cfg.Start.Add(time.Second),
		closing: closing{due: reliable.Never, said: reliable.Never},
		offload: offload{may: cfg.Cut, rand: nack.NewRand(cfg.Seed, cfg.Session)},
	}
	s.rate.from = cfg.Start
	s.offload.begin(cfg.Start)
	s.Stream = newStream(s, cfg.Channel)
	return s, nil
}

// Session returns the session's id.
func (s *Sender) Session() uint64 { return s.cfg.Session }

// sessionTime returns now on the wire's clock.
func (s *Sender) sessionTime(now reliable.Time) uint64 { return sinceStart(s.cfg.Start, now) }

// sinceStart returns now on the clock of a session that began at start.
func sinceStart(start, now reliable.Time) uint64 { return uint64(max(0, now.Sub(start))) }

// tick notes the time of a call.
func (s *Sender) tick(now reliable.Time) {
	s.notice(now)
	s.now = now
	if s.window.gathering {
		s.gather(now)
	}
}

// notice checks whether this process was suspended.
func (s *Sender) notice(now reliable.Time) {
	if s.armed != reliable.Never && now.Sub(s.armed) > reliable.Suspended {
		s.woke, s.armed = now, now
	}
}

// Advance lets time pass.
func (s *Sender) Advance(now reliable.Time) {
	s.tick(now)
	if now >= s.sweepDue {
		gone := s.members.sweep(now, s.pace.patience)
		for _, m := range gone {
			s.account.depart(m, false)
			s.gone(m)
		}
		if len(gone) > 0 {
			s.refloor(now)
		}
		s.regroup(now)
		s.sweepDue = now.Add(time.Second)
	}
	if s.rate.pass(now) {
		s.repairer.SetDataRate(now, s.rate.rate)
	}
	s.repairer.Advance(now)
	if s.window.full && s.pace.evict(now) {
		s.refloor(now)
	}
}

// Deadline returns when Advance, and then Next, must be called.
func (s *Sender) Deadline(now reliable.Time) reliable.Time {
	s.notice(now) // before the last deadline is forgotten
	if s.Finished(now) {
		return reliable.Never
	}
	at := min(s.announceDue, s.sweepDue)
	if s.closing.on {
		at = min(s.sweepDue, s.closing.due)
		if s.Pending() {
			at = min(s.sweepDue, s.beats.due)
		}
		if end := s.drainEnd(); end > now {
			at = min(at, end)
		}
	} else {
		at = min(at, s.beats.due)
	}
	if s.window.gathering && s.cfg.Flow.WaitFor == 0 {
		at = min(at, s.window.gathered)
	}
	if s.window.full {
		at = min(at, s.pace.stallDue())
	}
	data := reliable.Never // when the next data, or repair, may go
	if s.packer.filling() {
		data = s.packer.due
	}
	if s.limit.Bounds() && s.store.Sent() != s.store.Next() {
		data = now
	}
	data = min(data, s.repairer.Deadline(now))
	if s.limit.Bounds() && data != reliable.Never {
		data = max(data, s.limit.Ready())
	}
	at = min(at, data)
	s.armed = max(at, now)
	return at
}
