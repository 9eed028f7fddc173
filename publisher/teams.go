package publisher

import (
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/team"
)

// Teams configures how messages are shared among subscribers that are members of teams. The zero
// value grants messages to whoever joins one.
type Teams struct {
	// Off refuses all members.
	Off bool
	// Lease is for how long a member holds what it was granted without hearing from the
	// publisher, from 200 ms to a minute; 0 means 2 s. Another one takes the place of a member
	// that died once a lease and a 16th of it have passed.
	Lease time.Duration
	// WorkTime is how long a member may work on a message, where work is shared by message,
	// before another one gets it, from 10 ms to a day; 0 means 30 s.
	WorkTime time.Duration
	// Attempts is how often a message is granted, where work is shared by message, before it is
	// given up; 0 means 5.
	Attempts int
	// Expiry is how long a team without members is kept; 0 means for as long as the session.
	Expiry time.Duration
}

// config returns the configuration of the arbiter.
func (t *Teams) config() team.Config {
	return team.Config{Off: t.Off, Lease: t.Lease, WorkTime: t.WorkTime, Attempts: t.Attempts,
		Expiry: t.Expiry}
}

// take takes over the defaults.
func (t *Teams) take(c team.Config) {
	t.Lease, t.WorkTime, t.Attempts, t.Expiry = c.Lease, c.WorkTime, c.Attempts, c.Expiry
}

// teams tells what happens to teams. It has a goroutine of its own once there is one.
type teams struct {
	p *Publisher
	// running says that the goroutine runs. The loop's lock guards it.
	running bool
	// ready says that there may be events.
	ready chan struct{}
}

func newTeams(p *Publisher) teams { return teams{p: p, ready: make(chan struct{}, 1)} }

// look starts the goroutine once there is a team, and wakes it when something has happened. The
// caller holds the lock.
func (t *teams) look() {
	a := t.p.sender.Teams()
	if a == nil || !a.HasEvents() {
		return
	}
	if !t.running && !t.p.stopping {
		t.running = true
		t.p.working.Go(t.run)
	}
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

// run tells events until the Publisher stops.
func (t *teams) run() {
	for {
		select {
		case <-t.ready:
			t.tell()
		case <-t.p.stopped:
			t.tell()
			return
		}
	}
}

// tell logs the events so far.
func (t *teams) tell() {
	var events [16]reliable.TeamEvent
	for {
		t.p.loop.Lock()
		n := t.p.sender.Teams().Poll(events[:])
		t.p.loop.Unlock()
		if n == 0 {
			return
		}
		for i := range events[:n] {
			t.log(&events[i])
		}
	}
}

// refusals are the reasons for which a member is refused, in words, with the remedy.
var refusals = map[frame.Refusal][2]string{
	frame.NameTaken: {"another live member has its name",
		"give each member a Name of its own (crier sub --name); one that was restarted waits for " +
			"the end of its old lease"},
	frame.OtherShare: {"the team shares its work in the other way",
		"give all members of a team the same Share (crier sub --share)"},
	frame.TooMany: {"there are too many teams, or members of this one", "start fewer members"},
	frame.NoTeams: {"this publisher grants nothing", "leave out Teams.Off (crier pub --no-teams)"},
	frame.NoTeam:  {"the team is being forgotten", "start it again in a moment"},
}

// log logs an event by its kind.
func (t *teams) log(ev *reliable.TeamEvent) {
	log := t.p.cfg.Logger.With("team", ev.Team)
	switch ev.Kind {
	case reliable.TeamNew:
		log.Info("crier: a team shares the messages from now on", "share", ev.Share.String())
		if t.p.cfg.Flow.Pace.Kind != reliable.PaceTeams {
			log.Warn("crier: messages that the team hasn't done aren't kept for it: a member that "+
				"takes over another one's work may find them gone",
				"hint", "keep them with Pace PaceTeams (crier pub --pace teams)")
		}
	case reliable.TeamEmpty:
		log.Info("crier: the team has no member any more")
	case reliable.TeamForgotten:
		log.Info("crier: the team is forgotten")
	case reliable.TeamRefused:
		why := refusals[ev.Refused]
		log.Warn("crier: a member of the team was refused", "member", ev.Member, "reason", why[0],
			"hint", why[1])
	case reliable.MemberJoined:
		log.Info("crier: a member joined the team", "member", ev.Member)
	case reliable.MemberLeft:
		log.Info("crier: a member left the team", "member", ev.Member)
	case reliable.MemberLapsed:
		log.Warn("crier: a member of the team isn't heard any more: others get its work",
			"member", ev.Member)
	case reliable.PartitionGranted:
		log.Debug("crier: a member works on a partition", "member", ev.Member,
			"partition", ev.Partition, "epoch", ev.Epoch, "offset", ev.Offset,
			"attempts", ev.Attempt)
	case reliable.PartitionReleased:
		log.Debug("crier: a member works on a partition no longer", "member", ev.Member,
			"partition", ev.Partition, "epoch", ev.Epoch, "offset", ev.Offset)
	case reliable.MessageGivenUp:
		log.Error("crier: a message was granted as often as it may be, and nobody has done it: "+
			"the team gives it up", "partition", ev.Partition, "offset", ev.Offset,
			"attempts", ev.Attempt)
	case reliable.MessageRedelivered:
		log.Debug("crier: a message is granted again", "partition", ev.Partition,
			"offset", ev.Offset, "attempts", ev.Attempt)
	case reliable.ClockBack:
		log.Warn("crier: the wall clock is behind that of an earlier session: epochs go on after "+
			"the last one of the team's", "partition", ev.Partition, "epoch", ev.Epoch)
	}
}
