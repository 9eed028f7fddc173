package every_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/every"
)

var (
	subs     = flag.Int("every.subs", 2, "subscribers")
	history  = flag.Int("every.history", 0, "KiB that each subscriber keeps for others")
	stays    = flag.Bool("every.stays", false, "the publisher does not leave")
	frames   = flag.Int("every.frames", 2, "frames")
	faults   = flag.Int("every.faults", 1, "faults in one schedule; below 0: any number")
	free     = flag.String("every.free", "", "kinds whose faults don't count, such as DATA,NACK")
	kinds    = flag.String("every.kinds", "", "kinds that may meet a fault; empty: all")
	until    = flag.Duration("every.until", 100*time.Millisecond, "when choices end")
	crashes  = flag.Int("every.crashes", 1, "crashes in one schedule")
	crash    = flag.String("every.crash", "pub0", "processes that may crash, such as pub0@20ms,sub1")
	without  = flag.String("every.without", "", "faults that don't happen, such as twice,late")
	unpruned = flag.Bool("every.unpruned", false, "play each schedule")
	workers  = flag.Int("every.workers", 1, "how many play at once")
	file     = flag.String("every.file", "", "where what is known is kept, to go on later")
	most     = flag.Duration("every.most", 0, "stop after this time; 0: at the end")
	seed     = flag.Uint64("every.seed", 1, "the seed of ids and jitter")
)

func kindsOf(t *testing.T, text string) (list []frame.Kind) {
	for name := range strings.SplitSeq(text, ",") {
		found := text == ""
		for _, k := range every.All {
			if k.String() == name {
				list, found = append(list, k), true
			}
		}
		if !found {
			t.Fatalf("no frame is of kind %q", name)
		}
	}
	return list
}

// TestEvery plays what the flags say.
func TestEvery(t *testing.T) {
	s := scope(*faults)
	s.Until, s.Crashes = reliable.Time(*until), *crashes
	s.Crash = nil
	for part := range strings.SplitSeq(*crash, ",") {
		name, at, timed := strings.Cut(part, "@")
		c := every.Crash{Name: name}
		if timed {
			d, err := time.ParseDuration(at)
			if err != nil {
				t.Fatal(err)
			}
			c.Until = reliable.Time(d)
		}
		s.Crash = append(s.Crash, c)
	}
	s.Free = kindsOf(t, *free)
	if *kinds != "" {
		s.Kinds = kindsOf(t, *kinds)
	}
	if *without != "" {
		for f := range strings.SplitSeq(*without, ",") {
			s.Without = append(s.Without, every.Fault(f))
		}
	}
	g := every.Small{Subscribers: *subs, Frames: *frames, History: *history << 10, Stays: *stays}.Game()
	t.Logf("%s; %v", g.Name, &s)
	start := time.Now()
	res, err := every.Explore(g, every.Config{Seed: *seed, Scope: s, Unpruned: *unpruned,
		Workers: *workers, File: *file,
		Progress: func(r every.Result) bool {
			if r.Runs%65536 == 0 {
				t.Logf("%v: %d states, %d runs", time.Since(start), r.States, r.Runs)
			}
			return *most == 0 || time.Since(start) < *most
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Failures {
		t.Errorf("%v: %v\n%s", f.Schedule, f.Err, f.Schedule.Words())
	}
	t.Logf("%v; %d runs, deepest %d, %v", res, res.Runs, res.Deepest, time.Since(start))
}
