package publisher

import (
	"log/slog"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// tell logs the events so far.
func (t *teams) tell() {
	var events [16]reliable.TeamEvent
	for {
		t.p.loop.Lock()
		n := t.p.sender.Teams().Poll(events[:])
		for i := range events[:n] {
			if ev := &events[i]; ev.Kind == reliable.MessageGivenUp && len(t.givenUp) < maxGivenUp {
				t.givenUp = append(t.givenUp, GivenUp{ev.Team, ev.Partition, ev.Offset, ev.Attempt})
			}
		}
		t.p.loop.Unlock()
		if n == 0 {
			return
		}
		for i := range events[:n] {
			if t.lines.tells(time.Now(), &events[i]) {
				t.tellLeftOut()
				t.log(&events[i])
			}
		}
	}
}

// tellLeftOut tells how much was left out of the log.
func (t *teams) tellLeftOut() {
	if n := t.lines.leftOut(); n > 0 {
		t.p.cfg.Logger.Warn("crier: teams and members come, go and are refused too often to tell "+
			"of each", "reports", n)
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
		t.tellUnkept(slog.LevelWarn)
	case reliable.TeamEmpty:
		log.Info("crier: the team has no member any more")
	case reliable.TeamForgotten:
		t.spare = slices.DeleteFunc(t.spare, func(name string) bool { return name == ev.Team })
		log.Warn("crier: the team is forgotten, and nothing is kept for it: one that comes again " +
			"under its name begins anew")
	case reliable.TeamRefused:
		why := refusals[ev.Refused]
		log.Warn("crier: a member of the team was refused", "member", ev.Member, "reason", why[0],
			"hint", why[1])
	case reliable.MemberJoined:
		log.Info("crier: a member joined the team", "member", ev.Member)
		t.tellSpare(ev.Team)
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
			"the last one of the team's", "epoch", ev.Epoch)
	}
}
