package sub

import (
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// A member's summary has the partitions that it had, and the ends of others' don't count.
func TestTeamTally(t *testing.T) {
	known := func() []subscriber.Session { return nil }
	grant := &subscriber.Grant{Team: "risk", Epoch: 7, Attempt: 1}
	again := &subscriber.Grant{Team: "risk", Epoch: 7, Attempt: 2, Orphan: true}
	begin := func() *tally {
		tally := newTally()
		tally.team = newTeamTally(&options{cfg: subscriber.Config{Team: "risk"},
			share: subscriber.ByPartition}, "a")
		for p := range uint32(3) {
			tally.note(&subscriber.Event{Kind: subscriber.SessionNew, Session: 1, Partition: p}, known)
		}
		return tally
	}
	note := func(tally *tally, kind subscriber.Kind, partition uint32, g *subscriber.Grant) {
		ev := &subscriber.Event{Kind: kind, Session: 1, Partition: partition, Grant: g}
		switch kind {
		case subscriber.SessionEnded:
			ev.Cause = subscriber.CauseEnded
		case subscriber.Revoked:
			ev.Revocation = subscriber.RevokedGivenBack
		}
		tally.note(ev, known)
	}
	summary := func(tally *tally) (*Summary, int) {
		sum := new(Summary)
		return sum, tally.team.summary(sum, tally.list, new(subscriber.Stats))
	}

	tally := begin()
	note(tally, subscriber.Assigned, 0, grant)
	note(tally, subscriber.Assigned, 1, grant)
	note(tally, subscriber.Message, 0, grant)
	note(tally, subscriber.Message, 0, again)
	note(tally, subscriber.Revoked, 1, grant)
	if tally.allOver() {
		t.Error("all is over while a partition is held")
	}
	note(tally, subscriber.SessionEnded, 0, nil)
	if !tally.allOver() || !tally.byeOfAll() {
		t.Errorf("over %v, by BYE %v, though the publisher has ended", tally.allOver(),
			tally.byeOfAll())
	}
	silent := &subscriber.Event{Kind: subscriber.SessionSilent, Session: 1, Partition: 2}
	if !tally.others(silent) {
		t.Error("the silence of another member's partition is told")
	}
	if !tally.others(&subscriber.Event{Kind: subscriber.SessionEnded, Session: 1, Partition: 2,
		Cause: subscriber.CauseClosed}) {
		t.Error("that another member's partition is left is told")
	}
	note(tally, subscriber.SessionSilent, 2, nil)
	sum, unseen := summary(tally)
	if len(sum.Sessions) != 2 || sum.Sessions[0].End != "bye" ||
		sum.Sessions[1].End != "given-back" || unseen != 0 {
		t.Errorf("%d sessions, %d ends unseen: %+v", len(sum.Sessions), unseen, sum.Sessions)
	}
	want := "team risk, member a: 2 tenures, 0 messages done; 1 came at an attempt above 1; " +
		"1 orphan of a publisher that was silent\n"
	if text := sum.Team.text(); text != want {
		t.Errorf("%q, want %q", text, want)
	}
	if text := summaryText(sum, 0, cli.Sheet{}); !strings.Contains(text, want) {
		t.Errorf("no line of the team in %q", text)
	}

	byMessage := &TeamSummary{Team: "risk", Share: "message", Member: "a", Tenures: 3, Done: 2}
	want = "team risk, member a: 3 granted, 2 messages done\n"
	if text := byMessage.text(); text != want {
		t.Errorf("%q, want %q", text, want)
	}

	// A publisher that was killed: the end of what is held isn't seen.
	tally = begin()
	note(tally, subscriber.Assigned, 0, grant)
	silent.Partition = 0
	if tally.others(silent) {
		t.Error("the silence of a partition that is held isn't told")
	}
	for p := range uint32(3) {
		note(tally, subscriber.SessionSilent, p, nil)
	}
	if _, unseen := summary(tally); unseen != 1 || !tally.allOver() || tally.byeOfAll() {
		t.Errorf("%d ends unseen, over %v, by BYE %v", unseen, tally.allOver(), tally.byeOfAll())
	}

	// A spare member.
	tally = begin()
	if tally.allOver() {
		t.Error("all is over at the start")
	}
	note(tally, subscriber.SessionEnded, 0, nil)
	if sum, unseen := summary(tally); !tally.allOver() || len(sum.Sessions) != 0 || unseen != 0 ||
		!strings.Contains(sum.Team.text(), "nothing was granted to it, a spare") {
		t.Errorf("over %v, %d ends unseen: %+v", tally.allOver(), unseen, sum.Team)
	}
	if err := tally.refusedText(); err != nil {
		t.Errorf("a spare member: %v", err)
	}

	// A member that is refused.
	ev := &subscriber.Event{Kind: subscriber.NotGranted, Session: 1, Refused: subscriber.NameTaken}
	tally.note(ev, known)
	if err := tally.refusedText(); err == nil ||
		!strings.Contains(err.Error(), "another live member has this name") {
		t.Errorf("refused: %v", err)
	}
	if sum, _ := summary(tally); len(sum.Team.Refused) != 1 || sum.Team.Refused[0] != "name-taken" {
		t.Errorf("refused: %+v", sum.Team)
	}
	note(tally, subscriber.Assigned, 0, grant) // the other one has gone
	if err := tally.refusedText(); err != nil {
		t.Errorf("granted after a refusal: %v", err)
	}
}
