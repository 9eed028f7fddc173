package send

import (
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/rate"
)

// A Sender is the publisher's end of one session: its subscribers, its start and end, and
// the streams that share its rate limit and its socket.
type Sender struct {
	cfg   Config
	clock clock
	// streams has one for each channel.
	streams []*Stream
	gather  gather
	// schedule knows which of them have something to do.
	schedule schedule
	members  members
	events   events

	limit *rate.Limit
	// budget is that of the repairs of all streams.
	budget *nack.Budget
	// rate is the rate of the data of all streams.
	rate    dataRate
	offload offload
	// most is the largest datagram that the network takes, which may be less than 256
	// bytes.
	most int

	announce announce
	sweepDue reliable.Time
	welcomes welcomes
	finds    finds
	teams    teams
	closing  closing
	control  control
	turn     turn
	// properties is the memory of the last ones encoded.
	properties []byte
	stats      Stats
}

// New returns a Sender that has sent nothing yet.
func New(cfg Config) (*Sender, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, err
	}
	s := &Sender{
		cfg: cfg, clock: clock{start: cfg.Start, now: cfg.Start, armed: reliable.Never},
		members: newMembers(cfg.MaxMembers), most: cfg.Datagram,
		limit:  rate.New(cfg.Flow.MaxRate.Bytes(), cfg.Flow.MaxBurst),
		budget: cfg.Repair.budget(cfg.Flow.MaxRate), rate: dataRate{from: cfg.Start},
		offload:  offload{may: cfg.Cut, rand: nack.NewRand(cfg.Seed, cfg.Session)},
		sweepDue: cfg.Start.Add(time.Second),
	}
	channels := cfg.Layout.Partitions
	s.events.most = maxMemberEvents * channels
	s.gather = newGather(&s.cfg, &s.members)
	s.announce = newAnnounce(cfg.Start, channels)
	s.welcomes = newWelcomes(cfg.Seed)
	s.finds = newFinds(channels, cfg.Seed)
	s.control = control{session: cfg.Session, limit: s.limit}
	s.offload.begin(cfg.Start)
	s.streams = make([]*Stream, channels)
	for channel := range s.streams {
		s.streams[channel] = newStream(s, uint32(channel))
	}
	s.schedule = newSchedule(s.streams)
	return s, nil
}

// Rivals returns how often subscribers told of another publisher of the same name.
func (s *Sender) Rivals() uint64 { return s.stats.Rivals }

// Session returns the session's id.
func (s *Sender) Session() uint64 { return s.cfg.Session }

// Stream returns the stream of a channel, or nil if the session has none.
func (s *Sender) Stream(channel uint32) *Stream {
	if channel < uint32(len(s.streams)) {
		return s.streams[channel]
	}
	return nil
}

// tick notes the time of a call.
func (s *Sender) tick(now reliable.Time) {
	s.clock.tick(now)
	s.gather.look(now)
}

// Advance lets time pass.
func (s *Sender) Advance(now reliable.Time) {
	s.tick(now)
	all := now >= s.sweepDue || now >= s.announce.due || now >= s.gather.due()
	if now >= s.sweepDue {
		if gone := s.members.sweep(now, s.patience); len(gone) > 0 {
			for _, m := range gone {
				s.gone(m, false)
			}
			s.refloor(now)
		}
		s.members.settle(now)
		for _, st := range s.streams {
			st.regroup()
		}
		s.sweepDue = now.Add(time.Second)
	}
	if s.rate.pass(now) {
		s.budget.SetDataRate(now, s.rate.rate)
		for _, st := range s.streams {
			if !st.repairer.Idle() {
				s.schedule.touch(st)
			}
		}
	}
	if now >= s.teams.due() {
		s.teams.arbiter.Advance(s.teams.lease(now))
		s.refloorTeams(now)
	}
	s.schedule.deadline(now)
	for st := s.schedule.wake(now); st != nil; st = s.schedule.wake(now) {
		st.advance(now)
	}
	if all {
		for _, st := range s.streams {
			st.advance(now)
		}
	}
}

// Deadline returns when Advance, and then Next, must be called.
func (s *Sender) Deadline(now reliable.Time) reliable.Time {
	s.clock.notice(now) // before the last deadline is forgotten
	if s.Finished(now) {
		return reliable.Never
	}
	at := min(s.sweepDue, s.gather.due(), s.teams.due())
	if !s.closing.on {
		at = min(at, s.announce.due)
	} else if end := s.drainEnd(); end > now {
		at = min(at, end)
	}
	if s.schedule.lines[limited].first != nil {
		at = min(at, s.limit.Ready())
	}
	at = min(at, s.schedule.deadline(now))
	s.clock.armed = max(at, now)
	return at
}
