package every

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"crier/reliable"
	"crier/testnet/world"
)

var (
	differ = flag.String("every.differ", "", "two schedules, \"none;57=lost\": print how their "+
		"states differ at -every.until")
	choices = flag.Bool("every.choices", false, "with it, print all choices of the first")
)

// TestDiffer tells why of two schedules both are played on: it prints in what their states
// differ.
func TestDiffer(t *testing.T) {
	first, second, two := strings.Cut(*differ, ";")
	if !two {
		t.Skip("there are no two schedules in -every.differ")
	}
	small, cfg := flagged(t)
	var states [2]map[string][]uint64
	for i, text := range []string{first, second} {
		s, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		g := small.Game()
		g.End = reliable.Time(*until)
		x := newExplorer(g, &cfg)
		x.replay = &replay{schedule: s}
		if i == 0 && *choices {
			x.replay.each = func(event int, opts []option, next *world.Next) {
				for _, o := range opts[1:] {
					t.Logf("%d=%s: %s", event, o.what(), o.text(x.play.World.Now(), next))
				}
			}
		}
		if _, err := x.playOne(nil); err != nil {
			t.Fatal(err)
		}
		x.hash.state(x.play) // it knows all types from now on
		state := map[string][]uint64{}
		x.hash.note = func(path string, x uint64) { state[path] = append(state[path], x) }
		x.hash.state(x.play)
		states[i] = state
	}
	paths := slices.Collect(maps.Keys(states[0]))
	paths = slices.AppendSeq(paths, maps.Keys(states[1]))
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		if a, b := states[0][path], states[1][path]; !slices.Equal(a, b) {
			t.Logf("%s: %d and %d", path, a, b)
		}
	}
}
