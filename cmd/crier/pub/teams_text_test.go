package pub

import (
	"testing"

	"crier/publisher"
)

// The last words name each team, what it gave up, and what it hasn't done.
func TestTeamsText(t *testing.T) {
	list := []teamSummary{
		{Team: "risk", Share: "partition", Members: 3, Spare: 2, Done: 20000},
		{Team: "hedge", Share: "message", Members: 1, Done: 1500, Lag: 12, Redelivered: 9,
			GivenUp:         2,
			GivenUpMessages: []givenUpMessage{{1, 1700, 5}, {1, 1701, 5}},
			Undone:          []undoneMessages{{0, 988, 1000, 12}}},
	}
	want := `  team risk, by partition: 3 members, 2 spare, 20,000 messages done
  team hedge, by message: 1 member, 1,500 messages done, 12 behind, 9 granted again, 2 given up
    given up after 5 attempts: offset 1,700 of partition 1
    given up after 5 attempts: offset 1,701 of partition 1
    not done: 12 messages of partition 0, offsets 988 to 999
`
	if got := teamsText(list); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// It is said at the start where messages are kept for teams, and how far they are isn't.
func TestUnkept(t *testing.T) {
	for _, c := range []struct {
		cfg  publisher.Config
		want bool
	}{
		{publisher.Config{}, false},
		{publisher.Config{Flow: publisher.Flow{Pace: publisher.PaceTeams()}}, true},
		{publisher.Config{Flow: publisher.Flow{Pace: publisher.PaceTeams()},
			Teams: publisher.Teams{Off: true}}, false},
		{publisher.Config{Flow: publisher.Flow{Pace: publisher.PaceTeams()},
			Teams: publisher.Teams{State: publisher.FileTeams("x")}}, false},
	} {
		o := options{cfg: c.cfg}
		if got := o.unkept(); (got != "") != c.want {
			t.Errorf("%+v: %q", c.cfg.Teams, got)
		}
	}
}

// A team without members that leaves messages to be kept is named, and one with members only where
// there is no room.
func TestTeamThatHolds(t *testing.T) {
	u := publisher.Undone{Team: "risk", Partition: 3, First: 100, Next: 1100, Messages: 1000}
	for _, c := range []struct {
		members int
		full    bool
		want    string
	}{
		{2, false, ""},
		{2, true, "team risk leaves no room: it has yet to do 1,000 messages of partition 3, from " +
			"offset 100 on"},
		{0, false, "team risk has no member, and messages are kept for it: it has yet to do 1,000 " +
			"messages of partition 3, from offset 100 on"},
	} {
		h := &holding{Undone: u, members: c.members}
		list := h.troubles(c.full)
		got := ""
		if len(list) > 0 {
			got = list[0].Report(0).Head
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
