package send

import (
	"crier/reliable"
	"crier/reliable/store"
)

// A teampace is what a pacekeeper knows of the teams, if their pace counts: each is one more
// subscriber, whose position is the frame with the first message that it hasn't done.
type teampace struct {
	teams *teams
	// slowest is the team that is furthest behind, at floor.
	slowest string
	floor   uint64
	// done grows with what it does, at last at movedAt.
	done    uint64
	movedAt reliable.Time
	// asked says that it had to give up what stalls since then.
	asked bool
}

// refloorTeams updates the frames that must be kept, after teams moved.
func (s *Sender) refloorTeams(now reliable.Time) {
	for _, st := range s.streams {
		s.refloorTeam(now, st)
	}
}

// refloorMoved is refloorTeams for the streams in which a team has moved.
func (s *Sender) refloorMoved(now reliable.Time) {
	for {
		channel, ok := s.teams.arbiter.Moved()
		if !ok {
			return
		}
		s.refloorTeam(now, s.streams[channel])
	}
}

// refloorTeam is refloorTeams for a stream.
func (s *Sender) refloorTeam(now reliable.Time, st *Stream) {
	if s.cfg.Flow.Pace.Kind != reliable.PaceTeams {
		return
	}
	if before := st.store.Retained(); st.pace.teams.look(now, st.channel) ||
		before != st.store.Next()-min(st.store.Next(), st.pace.teams.needed()) {
		st.pace.refloor(now)
		s.schedule.touch(st)
	}
}

// look notes how far the slowest team is, and reports whether that has changed.
func (p *teampace) look(now reliable.Time, channel uint32) bool {
	lowest, name, progress := store.None, "", uint64(0)
	p.teams.arbiter.Floors(channel, func(team string, seq, done uint64) {
		if name == "" || seq < lowest {
			lowest, name, progress = seq, team, done
		}
	})
	if name != p.slowest || progress > p.done {
		p.movedAt, p.asked = now, false
	}
	p.done = progress
	if name == p.slowest && lowest == p.floor {
		return false
	}
	p.slowest, p.floor = name, lowest
	return true
}

// needed returns the lowest frame that a team has yet to do.
func (p *teampace) needed() uint64 {
	if p.slowest == "" {
		return store.None
	}
	return p.floor
}

// count returns the number of teams whose pace counts.
func (k *pacekeeper) countTeams() int {
	if k.cfg.Flow.Pace.Kind != reliable.PaceTeams || k.teams.teams.arbiter == nil {
		return 0
	}
	return k.teams.teams.arbiter.Teams()
}

// stallsTeam reports whether a team leaves no room for the message that found none.
func (k *pacekeeper) stallsTeam() bool {
	return k.teams.slowest != "" && !k.teams.asked && k.window.waits() &&
		k.window.by == reliable.BySubscribers
}

// teamStallEnd returns when a team that makes no progress is to have others go on.
func (k *pacekeeper) teamStallEnd() reliable.Time {
	return max(k.window.since, k.teams.movedAt).Add(k.cfg.Flow.StallTimeout)
}

// urgeTeam has a team's member that holds up the publisher give back what it holds.
func (k *pacekeeper) urgeTeam(now reliable.Time) {
	if k.stallsTeam() && now >= k.teamStallEnd() {
		k.teams.asked = true
		t := k.teams.teams
		t.arbiter.Stalled(t.lease(now), k.audience.channel, k.teams.slowest)
	}
}

// owesTeam reports whether a team has yet to do something, and still makes progress.
func (k *pacekeeper) owesTeam(now, closed reliable.Time) bool {
	if k.teams.slowest == "" || k.teams.floor >= k.store.Next() {
		return false
	}
	patience := max(k.cfg.Flow.StallTimeout, k.teams.teams.arbiter.Patience(k.teams.slowest))
	return now < max(k.teams.movedAt, closed).Add(patience)
}
