package every_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/every"
)

// scope is small.
func scope(faults int) every.Scope {
	return every.Scope{Rules: every.All(), Late: 5 * time.Millisecond,
		Again: 100 * time.Microsecond, Faults: faults,
		Crash: []every.Crash{{Name: "pub0"}}, Crashes: 1,
		Until: reliable.Time(60 * time.Millisecond)}
}

// survivors is a scope of an inquest: any number of frames are lost in the burst in which the
// publisher crashes, and some datagrams of the survivors.
func survivors(t *testing.T, rules string, faults int) every.Scope {
	t.Helper()
	list, err := every.ParseRules(rules)
	if err != nil {
		t.Fatal(err)
	}
	return every.Scope{Rules: list, Late: 5 * time.Millisecond, Again: 100 * time.Microsecond,
		Faults: faults, Crashes: 1, Until: reliable.Time(4 * time.Second),
		Crash: []every.Crash{{Name: "pub0", Until: reliable.Time(16 * time.Millisecond)}}}
}

// explore plays a world, which must keep the promise.
func explore(t *testing.T, small every.Small, cfg every.Config) *every.Result {
	t.Helper()
	res, err := every.Explore(small.Game(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Failures {
		t.Errorf("%v breaks the promise:\n%s%v", f.Schedule, f.Schedule.Words(), f.Err)
	}
	t.Logf("%v, in %d runs", res, res.Runs)
	return res
}

// TestPruned plays two worlds' schedules with and without pruning.
func TestPruned(t *testing.T) {
	for _, one := range []struct {
		small every.Small
		scope every.Scope
	}{
		{every.Small{Subscribers: 2, Frames: 1}, scope(1)},
		{every.Small{Subscribers: 3, Frames: 1, History: 128 << 10, Stays: true},
			survivors(t, "DATA* DIGEST NACK REPAIR", 0)},
	} {
		whole := explore(t, one.small, every.Config{Seed: 1, Scope: one.scope, Unpruned: true})
		res := explore(t, one.small, every.Config{Seed: 1, Scope: one.scope})
		if whole.Schedules != res.Schedules || whole.Runs <= res.Runs || !whole.Whole ||
			!res.Whole {
			t.Errorf("without pruning %+v, with it %+v", whole, res)
		}
	}
}

// TestPrunedFindsAsMuch breaks worlds in which much is pruned: as many schedules are broken with
// pruning as without it.
func TestPrunedFindsAsMuch(t *testing.T) {
	for _, broken := range []func(*reliable.Event) bool{
		func(ev *reliable.Event) bool { return ev.Kind == reliable.Message && ev.Recovered },
		func(ev *reliable.Event) bool { return ev.Kind == reliable.SessionSilent },
		func(ev *reliable.Event) bool { return ev.Kind == reliable.SessionEnded },
	} {
		few := scope(1)
		for i := range few.Rules {
			few.Rules[i].Faults = []every.Fault{every.Lost}
		}
		var found [2]*every.Result
		for i := range found {
			small := every.Small{Subscribers: 2, Frames: 1, Hide: broken}
			res, err := every.Explore(small.Game(), every.Config{Seed: 1, Scope: few,
				Unpruned: i == 0, All: true})
			if err != nil {
				t.Fatal(err)
			}
			found[i] = res
		}
		if a, b := found[0], found[1]; a.Schedules != b.Schedules || a.Broken != b.Broken ||
			a.Broken == (every.Count{}) || a.Broken == a.Schedules || a.Runs <= b.Runs {
			t.Errorf("without pruning %v, with it %v", a, b)
		}
	}
}

// TestInquest plays an inquest of three survivors, whatever each of them had heard.
func TestInquest(t *testing.T) {
	explore(t, every.Small{Subscribers: 3, Frames: 2, History: 128 << 10, Stays: true},
		every.Config{Seed: 1, Scope: survivors(t, "DATA=lost* DIGEST NACK REPAIR", 0)})
}

// TestWorkers asks whether several that play find as much as one, and whether that of a part
// that was kept in a file does.
func TestWorkers(t *testing.T) {
	small := every.Small{Subscribers: 2, Frames: 1}
	one := explore(t, small, every.Config{Seed: 1, Scope: scope(1)})
	three := explore(t, small, every.Config{Seed: 1, Scope: scope(1), Workers: 3})
	file := filepath.Join(t.TempDir(), "known")
	cfg := every.Config{Seed: 1, Scope: scope(1), File: file,
		Progress: func(every.Result) bool { return false }}
	parts := 0
	var kept *every.Result
	for kept == nil || !kept.Whole {
		if kept = explore(t, small, cfg); parts > 100 {
			t.Fatal("it doesn't come to an end")
		}
		parts++
	}
	for _, res := range []*every.Result{three, kept} {
		if res.Schedules != one.Schedules || res.States != one.States {
			t.Errorf("one finds %v, and otherwise it is %v", one, res)
		}
	}
	if parts < 2 {
		t.Error("it was never stopped")
	}
	cfg.Seed = 2
	if _, err := every.Explore(small.Game(), cfg); err == nil ||
		!strings.Contains(err.Error(), "is of another world, scope or code") {
		t.Errorf("the file of another seed: %v", err)
	}
}

// TestReplay plays a schedule again that breaks the promise, by what is printed of it.
func TestReplay(t *testing.T) {
	small := every.Small{Subscribers: 2, Frames: 2, Hide: func(ev *reliable.Event) bool {
		return ev.Kind == reliable.Message && ev.Recovered
	}}
	cfg := every.Config{Seed: 1, Scope: scope(1)}
	res, err := every.Explore(small.Game(), cfg)
	if err != nil || len(res.Failures) != 1 || len(res.Failures[0].Schedule) != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	first := res.Failures[0]
	s, err := every.Parse(first.Schedule.String())
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	broken, err := every.Replay(small.Game(), cfg, s, func(string) { lines++ })
	if err != nil || broken == nil || broken.Error() != first.Err.Error() || lines == 0 ||
		s.Words() != first.Schedule.Words() {
		t.Errorf("again it breaks %v (%v), and did %v", broken, err, first.Err)
	}
	if !strings.Contains(s.Words(), "lost at sub") {
		t.Errorf("in words: %s", s.Words())
	}
	for _, wrong := range []string{"", "1", "3=", "4=lost,4=lost", "x=lost", "9999=lost",
		"3=pub7"} {
		s, err := every.Parse(wrong)
		if err == nil {
			_, err = every.Replay(small.Game(), cfg, s, nil)
		}
		if err == nil {
			t.Errorf("%q is a schedule", wrong)
		}
	}
}

func TestParseRules(t *testing.T) {
	const text = "DATA=lost+late* NACK REPAIR=twice DIGEST*"
	list, err := every.ParseRules(text)
	if err != nil {
		t.Fatal(err)
	}
	var back []string
	for _, r := range list {
		back = append(back, r.String())
	}
	if got := strings.Join(back, " "); got != text {
		t.Errorf("%q is read as %q", text, got)
	}
	for _, wrong := range []string{"WORD", "DATA=gone", "DATA="} {
		if _, err := every.ParseRules(wrong); err == nil {
			t.Errorf("%q is a rule", wrong)
		}
	}
	crashes, err := every.ParseCrashes("pub0@20ms,sub1/250ms@30ms,sub0/1s")
	if err != nil || fmt.Sprint(crashes) != "[pub0@20ms sub1/250ms@30ms sub0/1s]" {
		t.Errorf("crashes are %v, %v", crashes, err)
	}
	if _, err := every.ParseCrashes("pub0/x"); err == nil {
		t.Error("a pause without a time is one")
	}
	if _, err := every.ParseCrashes("pub0@20"); err == nil {
		t.Error("a time without a unit is one")
	}
}
