package every_test

import (
	"flag"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/every"
	"crier/testnet/world"
)

var teamFaults = flag.Int("every.teams", 0,
	"faults in a schedule of a team in which a member crashes or stands still; 1 takes a minute")

// ofTeams is a scope of a team: CLAIMs and GRANTs meet faults, and one member crashes or stands
// still for longer than its lease.
func ofTeams(t *testing.T, rules string, faults, crashes int) every.Scope {
	t.Helper()
	list, err := every.ParseRules(rules)
	if err != nil {
		t.Fatal(err)
	}
	return every.Scope{Rules: list, Late: 250 * time.Millisecond, Again: 50 * time.Millisecond,
		Faults: faults, Crashes: crashes, Until: reliable.Time(300 * time.Millisecond),
		Crash: []every.Crash{{Name: "sub0"}, {Name: "sub1", Pause: 300 * time.Millisecond}}}
}

// couple is a team of two.
var couple = every.Team{Members: 2, Messages: 2, Burst: 2, Begin: 30 * time.Millisecond,
	Apart: 60 * time.Millisecond, Work: 3 * time.Millisecond, End: 9 * time.Second,
	Clocks: []int{0, 30_000, -30_000}}

// TestTeams plays every schedule of a team in which a member crashes or stands still, or a CLAIM,
// a GRANT or data is lost, late or comes twice; with -every.teams both.
func TestTeams(t *testing.T) {
	for _, scope := range []every.Scope{
		ofTeams(t, "CLAIM GRANT DATA=lost", *teamFaults, 1),
		ofTeams(t, "CLAIM GRANT DATA=lost", 1, 0),
	} {
		res, err := every.Explore(couple.Game(), every.Config{Seed: 1, Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range res.Failures {
			t.Errorf("%v breaks the promise:\n%s%v", f.Schedule, f.Schedule.Words(), f.Err)
		}
		t.Logf("%v, in %d runs", res, res.Runs)
	}
}

// eager hands out whatever its machine told of.
type eager struct{ world.Member }

func (e eager) HandOut(now reliable.Time, ev *reliable.Event) bool {
	e.Member.HandOut(now, ev)
	return true
}

// TestTeamsFindAnEager breaks a team whose members don't look at their leases: some schedule in
// which one stands still shows it.
func TestTeamsFindAnEager(t *testing.T) {
	team := couple
	team.Messages, team.Burst = 3, 4
	team.Member = func(m world.Member) world.Member { return eager{m} }
	res, err := every.Explore(team.Game(), every.Config{Seed: 1, Scope: ofTeams(t, "", 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Failures) == 0 {
		t.Errorf("%v", res)
	} else {
		t.Logf("%v", res.Failures[0].Err)
	}
}
