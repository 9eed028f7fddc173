package world_test

import (
	"fmt"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/topic"
	"crier/testnet/checker"
	"crier/testnet/random"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// Many publishers start within one second; the Checker holds the directory to its bounds,
// and who asks right after the storm, and at rest, to what it must list.
func TestDirectoryStorm(t *testing.T) {
	const n = 300
	w := world.New(world.Config{Seed: 1})
	c := checker.New(w)
	r := random.New(1)
	for i := range n {
		_, err := w.AddEntry(world.EntryConfig{Name: fmt.Sprint("entry", i),
			At:    reliable.Time(r.Below(uint64(time.Second))),
			Topic: fmt.Sprint("t.", i), Link: story.Near(nil)})
		if err != nil {
			t.Fatal(err)
		}
	}
	all, _ := topic.ParsePattern("*")
	var listers []*world.Lister
	for _, at := range []time.Duration{time.Second, 20 * time.Second} {
		l, err := w.AddLister(world.ListerConfig{Name: "ls", At: reliable.Time(at), Pattern: all,
			Link: story.Near(nil)})
		if err != nil {
			t.Fatal(err)
		}
		listers = append(listers, l)
	}
	if err := w.Run(reliable.Time(24 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := c.Finish(reliable.Time(time.Second)); err != nil {
		t.Error(err)
	}
	for _, l := range listers {
		if got := l.Listed(w.Now()); got < n {
			t.Errorf("%v listed %d of %d", l.Config().At, got, n)
		}
	}
}
