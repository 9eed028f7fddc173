package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A History holds the latest frames that came, whatever their order, and says of every
// other that it is absent.
func TestHistoryHoldsTheLatest(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		size := 1 + rng.Uint64N(40)
		h := NewHistory(int(size))
		first := []uint64{0, 90, 1<<63 - 5}[seed%3]
		came, high := map[uint64]bool{}, first
		var s Store = h
		for range 400 {
			seq := max(first, high+rng.Uint64N(6)-min(high, rng.Uint64N(2*size)))
			if rng.IntN(60) == 0 {
				seq += 1 << 40
			}
			high = max(high, seq+1)
			h.Put(seq, 2*seq, 2*seq+2, fmt.Append(nil, "frame ", seq))
			if seq >= high-min(high, size) {
				came[seq] = true
			}
			if rng.IntN(50) == 0 {
				low := high - min(high, rng.Uint64N(size+1))
				h.Trim(low)
				for seq := range came {
					if seq < low {
						delete(came, seq)
					}
				}
			}
			for seq := high - min(high, 3*size); seq < high+3; seq++ {
				want := came[seq] && seq >= high-min(high, size)
				if got := s.Look(seq) == InMemory; got != want {
					t.Fatalf("seed %d, size %d: frame %d of %d is held: %v, want %v", seed, size,
						seq, high, got, want)
				}
				if want && (!bytes.Equal(s.Frame(seq), fmt.Append(nil, "frame ", seq)) ||
					s.Start(seq) != 2*seq) {
					t.Fatalf("seed %d: frame %d is %q and starts at %d", seed, seq, s.Frame(seq),
						s.Start(seq))
				}
			}
		}
	}
}
