package main

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestSynth(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 15, 16, 17, 64, 1400, feedMaxMessage} {
		f := newSynthFeed(synthOptions{Size: n, Count: 3, Seed: 7})
		got, err := drainFeed(f)
		if err != nil || len(got) != 3 {
			t.Fatalf("size %d: %d messages, %v", n, len(got), err)
		}
		for i, m := range got {
			b := []byte(m.payload)
			if len(b) != n || m.at != -1 {
				t.Fatalf("size %d: got %d bytes at %v", n, len(b), m.at)
			}
			if !bytes.Equal(b, appendSynth(nil, 7, uint64(i), n)) {
				t.Errorf("size %d: message %d does not follow from its index", n, i)
			}
			index, ok := verifySynth(b, 7)
			if ok != (n >= synthIndex) || ok && index != uint64(i) {
				t.Errorf("size %d: message %d is verified as %d, %v", n, i, index, ok)
			}
			if n == synthIndex {
				continue // all of it is the index
			}
			if _, ok := verifySynth(b, 8); ok && n > synthIndex {
				t.Errorf("size %d: it passes for another seed's", n)
			}
			for _, at := range []int{0, n / 2, n - 1} {
				if n > synthIndex {
					b[at] ^= 1
					if _, ok := verifySynth(b, 7); ok {
						t.Errorf("size %d: a change at %d is not seen", n, at)
					}
					b[at] ^= 1
				}
			}
		}
	}
}

// A message is the same on any machine and in any version: others verify it.
func TestSynthBytes(t *testing.T) {
	const want = "00000000000000022423175776f87250a7478a87"
	if got := hex.EncodeToString(appendSynth(nil, 1, 2, 20)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSynthWithoutEndMakesNoGarbage(t *testing.T) {
	wantNoAllocs(t, newSynthFeed(synthOptions{Size: 61}))
}
