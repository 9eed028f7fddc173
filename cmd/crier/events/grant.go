package events

import (
	"fmt"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// grant fills in what makes an event a team's.
func (l *Line) grant(ev *subscriber.Event) {
	if ev.Kind == subscriber.NotGranted {
		l.Reason = RefusalWord(ev.Refused)
	}
	g := ev.Grant
	if g == nil {
		return
	}
	l.Team, l.Epoch = g.Team, g.Epoch
	switch ev.Kind {
	case subscriber.Message, subscriber.Loss:
		l.Attempt, l.Orphan = g.Attempt, g.Orphan
	case subscriber.Revoked:
		l.Reason = ev.Revocation.String()
	}
}

// refusals are the words for the reasons of a not-granted, and what to do about them.
var refusals = map[subscriber.Refusal]struct{ word, text string }{
	0: {"no-answer", "it doesn't answer: is it an older crier?"},
	subscriber.NameTaken: {"name-taken", "another live member has this name; give each its own " +
		"--name. The name of one that was killed is free once its lease is over"},
	subscriber.OtherShare: {"other-share", "the team shares its work in the other way: give the " +
		"same --share to all members, or another --team"},
	subscriber.TooMany: {"too-many", "it has too many teams, or the team too many members"},
	subscriber.NoTeams: {"no-teams", "it grants nothing to teams: see crier pub --no-teams"},
	subscriber.NoTeam:  {"no-team", "the team was forgotten"},
}

// RefusalWord returns the reason of a not-granted.
func RefusalWord(r subscriber.Refusal) string { return refusals[r].word }

// RefusalText tells what a publisher that grants nothing says, or does.
func RefusalText(r subscriber.Refusal) string { return refusals[r].text }

// grantText describes a change of what is granted.
func (p *Printer) grantText(ev *subscriber.Event) string {
	epoch := fmt.Sprintf("epoch %d", ev.Epoch())
	switch ev.Kind {
	case subscriber.Assigned:
		return p.sheet.Paint(cli.Good, "assigned") + " to this member, " + epoch
	case subscriber.Revoking:
		return "is to be given back, once all that came of it is done, " + epoch
	}
	switch ev.Revocation {
	case subscriber.RevokedGivenBack:
		return "given back, " + epoch
	case subscriber.RevokedLapsed:
		return p.sheet.Paint(cli.Noted, "revoked") + ": the publisher didn't renew the lease in " +
			"time; another member may get again what isn't done, " + epoch
	case subscriber.RevokedSuperseded:
		return p.sheet.Paint(cli.Noted, "revoked") + ": another member has it, " + epoch
	}
	if n := ev.Lost.Len(); n > 0 {
		return p.sheet.Paint(cli.Noted, "over") + " in the middle of " +
			cli.Counted(n, "message", "messages") + ", which others may get again, " + epoch
	}
	return "over: all that came to this member is done, " + epoch
}
