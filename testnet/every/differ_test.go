package every

import (
	"flag"
	"fmt"
	"sort"
	"testing"
	"time"

	"crier/reliable"
	"crier/testnet/world"
)

var differ = flag.String("every.differ", "", "two schedules, and a time: \"none;3=1;50ms\"")

// TestDiffer prints in what two states differ.
func TestDiffer(t *testing.T) {
	if *differ == "" {
		t.Skip("no -every.differ")
	}
	var a, b, at string
	for i, part := range splitN(*differ) {
		switch i {
		case 0:
			a = part
		case 1:
			b = part
		case 2:
			at = part
		}
	}
	d, err := time.ParseDuration(at)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Seed: 1, Scope: Scope{Rules: All(), Late: 5 * time.Millisecond,
		Again: 100 * time.Microsecond, Faults: -1, Crash: []Crash{{Name: "pub0"}}, Crashes: 1,
		Until: reliable.Time(100 * time.Millisecond)}}
	if *differHistory > 0 {
		cfg.Scope.Rules, _ = ParseRules("DATA DIGEST NACK REPAIR")
		cfg.Scope.Until = 4000 * milli
		cfg.Scope.Crash[0].Until = 16 * milli
	}
	var maps [2]map[string]string
	for i, text := range []string{a, b} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		g := Small{Subscribers: *differSubs, Frames: 2, History: *differHistory << 10, Stays: *differHistory > 0}.Game()
		g.End = reliable.Time(d)
		x := newExplorer(g, &cfg)
		x.replay = &replay{schedule: s}
		if i == 0 && *choices {
			x.replay.each = func(n int, opts []option, next *world.Next) {
				for i := range opts {
					t.Log(n, opts[i].what(), opts[i].text(x.play.World.Now(), next))
				}
			}
		}
		trace := func(line string) { t.Log(line) }
		if !*lines {
			trace = nil
		}
		if _, err := x.playOne(trace); err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		n := 0
		x.hash.state(x.play)
		x.hash.note = func(path string, v uint64) { n++; m[path] += fmt.Sprintf(" %d", v) }
		x.hash.state(x.play)
		maps[i] = m
		t.Logf("%s: %d words", text, n)
	}
	var keys []string
	for k := range maps[0] {
		keys = append(keys, k)
	}
	for k := range maps[1] {
		if _, ok := maps[0][k]; !ok {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		if maps[0][k] != maps[1][k] {
			t.Logf("%s: %.200s | %.200s", k, maps[0][k], maps[1][k])
		}
	}
}

var choices = flag.Bool("every.choices", false, "print all choices")

var lines = flag.Bool("every.lines", false, "print traces")

func splitN(s string) (list []string) {
	for {
		i := 0
		for i < len(s) && s[i] != ';' {
			i++
		}
		list = append(list, s[:i])
		if i == len(s) {
			return list
		}
		s = s[i+1:]
	}
}

var (
	differSubs    = flag.Int("every.differ.subs", 2, "")
	differHistory = flag.Int("every.differ.history", 0, "")
)
