package send

import (
	"net/netip"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/team"
)

// teams is what a Sender has for teams. Without any, it is next to nothing.
type teams struct {
	// arbiter is nil before the first CLAIM.
	arbiter *team.Arbiter
	// shift is by how much the lease clock is ahead.
	shift time.Duration
	// shares bounds the answers to those that watch.
	shares shares
}

// watchRate and watchBurst bound the answers to those that watch teams, in bytes a second and
// bytes: the source may be forged.
const watchRate, watchBurst = 256 << 10, 1 << 20

// lease returns a time on the lease clock.
func (t *teams) lease(now reliable.Time) reliable.Time { return now.Add(t.shift) }

// due returns the deadline of the arbiter.
func (t *teams) due() reliable.Time {
	if t.arbiter == nil || t.arbiter.Deadline() == reliable.Never {
		return reliable.Never
	}
	return max(0, t.arbiter.Deadline().Add(-t.shift))
}

// Shift says by how much the lease clock, which goes on while the machine sleeps, has got ahead of
// the times that are passed since the start of the session. A driver says it before the other
// calls of a turn, if Teams isn't nil, and never lets it fall but where its lease clock is slower.
func (s *Sender) Shift(d time.Duration) { s.teams.shift = d }

// Teams returns what grants messages to teams, or nil while no subscriber is in one. All times that
// it takes and returns are those of the lease clock.
func (s *Sender) Teams() *team.Arbiter { return s.teams.arbiter }

// Lease returns a time on the lease clock.
func (s *Sender) Lease(now reliable.Time) reliable.Time { return s.teams.lease(now) }

// arbitrate returns the arbiter, which it makes if there is none.
func (s *Sender) arbitrate() *team.Arbiter {
	if s.teams.arbiter == nil {
		s.teams.arbiter = team.New(s.cfg.Teams, team.Session{ID: s.cfg.Session,
			Wall: s.cfg.Wall, Seed: s.cfg.Seed, Topic: s.cfg.Topic, Publisher: s.cfg.Name}, streams{s})
		s.teams.shares = newShares(watchRate, watchBurst, s.cfg.Seed)
	}
	return s.teams.arbiter
}

// handleClaim takes a CLAIM.
func (s *Sender) handleClaim(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Claim == nil {
		return
	}
	a := s.arbitrate()
	if f.Claim.Share == frame.Watch &&
		!s.teams.shares.take(now, from.Addr(), uint64(a.Answers(f)*s.cfg.Datagram)) {
		a.Unanswered()
		return
	}
	a.Claim(s.teams.lease(now), from, f)
	s.refloorMoved(now)
}

// tells reports whether members have yet to hear that their team has done all. A time bounds it.
func (t *teams) tells(now reliable.Time, most time.Duration) bool {
	return t.arbiter != nil && t.arbiter.Tells(t.lease(now), most)
}

// TeamPositions returns how far the teams are, for a session that continues this one.
func (s *Sender) TeamPositions() []reliable.TeamPosition {
	if s.teams.arbiter == nil {
		return nil
	}
	return s.teams.arbiter.Positions()
}

// RestoreTeams makes the teams of an earlier session known. It must come before the first Handle.
func (s *Sender) RestoreTeams(list []reliable.TeamPosition) {
	if len(list) > 0 {
		s.arbitrate().Restore(s.teams.lease(s.clock.now), list)
		s.refloorTeams(s.clock.now)
	}
}

// idle reports whether a subscriber is a member of a team, and all teams have done all of a stream:
// it lacks what others had, and asks for nothing.
func (t *teams) idle(st *Stream, subscriber uint64) bool {
	if t.arbiter == nil || !t.arbiter.Has(subscriber) {
		return false
	}
	floor, ok := t.arbiter.Floor(st.channel)
	return ok && floor >= st.packer.nextOffset
}

// ForgetTeam has a team forgotten, as soon as its members hold nothing any more. Nothing is kept
// for it from now on. It reports false if there is no such team.
func (s *Sender) ForgetTeam(now reliable.Time, name string) bool {
	if s.teams.arbiter == nil || !s.teams.arbiter.Forget(s.teams.lease(now), name) {
		return false
	}
	s.refloorTeams(now)
	return true
}

// published says that data of a stream was sent.
func (s *Sender) published(st *Stream) {
	if s.teams.arbiter != nil {
		s.teams.arbiter.Published(s.teams.lease(s.clock.now), st.channel)
	}
}

// nextGrant makes b of the next GRANT or TEAM.
func (s *Sender) nextGrant(now reliable.Time, b *outgoing) bool {
	if s.teams.arbiter == nil {
		return false
	}
	to, f, ok := s.teams.arbiter.Next(s.teams.lease(now))
	if ok {
		s.control.batch(to, *f, b)
	}
	return ok
}

// streams are a Sender's streams, as teams see them: no other name for its memory, so that what
// looks at all of a state meets it once.
type streams struct{ *Sender }

// Partitions returns the number of streams.
func (s streams) Partitions() int { return len(s.streams) }

// Closed reports whether the session was closed.
func (s streams) Closed() bool { return s.closing.on }

// Next returns the offset of the next message of a channel, and the frame that it starts in or
// an earlier one.
func (s streams) Next(channel uint32) (seq, offset uint64) {
	st := s.streams[channel]
	return st.store.Next(), st.packer.nextOffset
}

// Oldest returns the first message that is held, and its frame.
func (s streams) Oldest(channel uint32) (seq, offset uint64) {
	store := s.streams[channel].store
	return store.Oldest(), store.Start(store.Oldest())
}

// Sent returns the first frame of a channel that wasn't sent, and the first message that starts
// there or later.
func (s streams) Sent(channel uint32) (seq, offset uint64) {
	store := s.streams[channel].store
	return store.Sent(), store.Start(store.Sent())
}

// Locate returns a frame in which the message at an offset starts, or an earlier one.
func (s streams) Locate(channel uint32, offset uint64) (seq uint64) {
	st := s.streams[channel]
	if offset >= st.packer.nextOffset {
		return st.store.Next()
	}
	return st.seqOf(st.store.Oldest(), st.store.Next(), offset)
}
