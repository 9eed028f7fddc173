package every

import (
	"flag"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"crier/reliable"
)

var (
	subs    = flag.Int("every.subs", 2, "subscribers")
	frames  = flag.Int("every.frames", 2, "messages, each a frame")
	history = flag.Int("every.history", 0, "KiB that each subscriber keeps for others")
	stays   = flag.Bool("every.stays", false, "the publisher does not leave")
	rules   = flag.String("every.rules", "all", "whose datagrams meet faults: DATA=lost+late* NACK")
	faults  = flag.Int("every.faults", 1, "faults in one schedule; below 0: any number")
	late    = flag.Duration("every.late", 5*time.Millisecond, "by how much a datagram is late")
	crash   = flag.String("every.crash", "pub0", "processes that may crash: pub0@20ms,sub1")
	crashes = flag.Int("every.crashes", 1, "crashes in one schedule")
	until   = flag.Duration("every.until", 100*time.Millisecond, "when choices end")
	seed    = flag.Uint64("every.seed", 1, "the seed of ids and jitter")

	unpruned = flag.Bool("every.unpruned", false, "play each schedule to its end")
	workers  = flag.Int("every.workers", 1, "how many play at once")
	file     = flag.String("every.file", "", "where all that is known is kept, to go on later")
	most     = flag.Duration("every.for", 0, "stop after this time; 0: at the end")
	schedule = flag.String("every.schedule", "", "play only this one, with a trace: 3=lost,17=pub0")
)

// flagged returns what the flags say.
func flagged(t *testing.T) (Small, Config) {
	s := Scope{Faults: *faults, Late: *late, Again: 100 * time.Microsecond,
		Crashes: *crashes, Until: reliable.Time(*until)}
	var err error
	if s.Rules, err = ParseRules(*rules); err != nil {
		t.Fatal(err)
	}
	if s.Crash, err = ParseCrashes(*crash); err != nil {
		t.Fatal(err)
	}
	return Small{Subscribers: *subs, Frames: *frames, History: *history << 10,
			Stays: *stays}, Config{Scope: s, Seed: *seed, Unpruned: *unpruned, Workers: *workers,
			File: *file}
}

// rerun returns the command that plays a schedule again.
func rerun(s Schedule) string {
	command := "go test ./testnet/every -run '^TestEvery$' -v"
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "every.unpruned", "every.workers", "every.file", "every.for", "every.schedule":
		default:
			if len(f.Name) > 6 && f.Name[:6] == "every." {
				command += fmt.Sprintf(" -%s='%v'", f.Name, f.Value)
			}
		}
	})
	return command + " -every.schedule=" + s.String()
}

// TestEvery plays what the flags say.
func TestEvery(t *testing.T) {
	small, cfg := flagged(t)
	if *schedule != "" {
		s, err := Parse(*schedule)
		if err != nil {
			t.Fatal(err)
		}
		broken, err := Replay(small.Game(), cfg, s, func(line string) { t.Log(line) })
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("the schedule:\n%s", s.Words())
		if broken != nil {
			t.Error(broken)
		}
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // most of it is the memory of worlds
	t.Logf("%s; %v", small.Game().Name, &cfg.Scope)
	start := time.Now()
	said := start
	cfg.Progress = func(r Result) bool {
		if time.Since(said) > 30*time.Second {
			said = time.Now()
			t.Logf("after %v: %d states, %d runs", time.Since(start).Round(time.Second), r.States,
				r.Runs)
		}
		return *most == 0 || time.Since(start) < *most
	}
	res, err := Explore(small.Game(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Failures {
		t.Errorf("a schedule breaks the promise: of those with so few faults, the first\n%s%v\n"+
			"play it again, with a trace: %s", f.Schedule.Words(), f.Err, rerun(f.Schedule))
	}
	t.Logf("%v; %d runs, at most %d choices, %v", res, res.Runs, res.Deepest,
		time.Since(start).Round(time.Millisecond))
}
