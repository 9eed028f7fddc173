package world_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"crier/reliable"
	"crier/testnet/link"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

func TestLostMessagesComeBack(t *testing.T) {
	w, pub, subs := story.NewWorld(t, world.Config{Seed: 1}, 3, link.Bernoulli{P: 0.05})
	story.Every(w, 0, story.Milli, 1000, func(i int) {
		if _, err := pub.Publish(fmt.Appendf(nil, "message %d", i)); err != nil {
			t.Fatal(err)
		}
	})
	w.At(1100*story.Milli, pub.Close)
	if err := w.Run(5000 * story.Milli); err != nil {
		t.Fatal(err)
	}
	for _, s := range subs {
		st := s.Sessions()
		if len(st) != 1 || st[0].Delivered != 1000 || st[0].Lost != 0 || st[0].Recovered == 0 ||
			st[0].End != reliable.EndBye {
			t.Errorf("%v: %+v", s, st)
		}
	}
}

// TestSameSeedSameBytes compares whole traces.
func TestSameSeedSameBytes(t *testing.T) {
	trace := func(seed uint64) string {
		h := sha256.New()
		w, pub, _ := story.NewWorld(t, world.Config{Seed: seed,
			Trace: func(line string) { fmt.Fprintln(h, line) }}, 5, link.Bernoulli{P: 0.1})
		story.Every(w, 0, story.Milli, 300, func(i int) { pub.Publish(make([]byte, i*i%4000)) })
		if err := w.Run(3000 * story.Milli); err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	if first, again := trace(1), trace(1); first != again {
		t.Error("two runs of one seed differ")
	}
	if trace(1) == trace(2) {
		t.Error("runs of two seeds are the same")
	}
}
