package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable/frame"
)

// A made-up frame of a stream of so many bytes.
func made(session, seq uint64, size int) *frame.Frame {
	raw := append(fmt.Append(nil, session, " ", seq, " "), make([]byte, size)...)
	return &frame.Frame{
		Kind: frame.Data, Seq: seq, Offset: 2 * seq, Chunks: make([]frame.Chunk, 2), Raw: raw[:size],
	}
}

// Histories hold the latest frames of each stream, whatever their order, within their memory, and
// say of every other that it is absent.
func TestHistoriesHoldTheLatest(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 3))
		limit := MinHistories + rng.IntN(1<<20)
		h := NewHistories(limit)
		h.Furnish(make([]byte, int(seed%3)<<19))
		most := []int{40, 1500, 60000}[seed%3]
		sizes := map[[2]uint64]int{}
		next := [3]uint64{0, 90, 1<<63 - 5}
		first := next
		for range 800 {
			session := rng.IntN(3)
			seq := next[session]
			switch rng.IntN(20) {
			case 0:
				seq += rng.Uint64N(5)
			case 1, 2:
				seq -= min(seq-first[session], rng.Uint64N(50))
			case 3:
				if rng.IntN(50) == 0 {
					h.Forget(uint64(session), 7)
					for key := range sizes {
						if key[0] == uint64(session) {
							delete(sizes, key)
						}
					}
				}
			}
			next[session] = max(next[session], seq+1)
			key := [2]uint64{uint64(session), seq}
			if _, again := sizes[key]; !again || h.History(key[0], 7).Frame(seq) == nil {
				sizes[key] = 30 + rng.IntN(most)
			}
			h.Keep(key[0], 7, made(key[0], seq, sizes[key]))
			if h.History(key[0], 7).Frame(seq) == nil {
				t.Fatalf("seed %d: frame %d of %d isn't there", seed, seq, session)
			}
			if h.Memory() > limit {
				t.Fatalf("seed %d: %d bytes of %d", seed, h.Memory(), limit)
			}
		}
		held := 0
		for session := range uint64(3) {
			held += check(t, seed, h, session, first[session], next[session], sizes)
		}
		if most > 1000 && held < limit/4 {
			t.Errorf("seed %d: %d bytes of %d are held", seed, held, limit)
		}
	}
}

// check holds the views of a History to each other and to what came, and returns how many bytes
// are held.
func check(t *testing.T, seed uint64, h *Histories, session, from, to uint64,
	sizes map[[2]uint64]int) (bytesHeld int) {
	t.Helper()
	var s Store = h.History(session, 7)
	var absent []nack.Range
	lowest, known := to+3, false
	start := s.Start(to)
	for seq := to + 3; seq > from; {
		seq--
		f := s.Frame(seq)
		size, came := sizes[[2]uint64{session, seq}]
		if (f != nil) != (s.Look(seq) == InMemory) || f != nil && !came {
			t.Fatalf("seed %d: frame %d of %d: %q, %v", seed, seq, session, f, s.Look(seq))
		}
		if f == nil {
			absent = append(absent, nack.Range{From: seq, To: seq + 1})
		} else {
			if !bytes.Equal(f, made(session, seq, size).Raw) {
				t.Fatalf("seed %d: frame %d of %d is %q", seed, seq, session, f)
			}
			lowest, known, start = seq, true, 2*seq
			bytesHeld += size
		}
		if s.Start(seq) != start {
			t.Fatalf("seed %d: frame %d starts at %d, want %d", seed, seq, s.Start(seq), start)
		}
	}
	slices.Reverse(absent)
	got := h.Absent(session, 7, nack.Range{From: from, To: to + 3}, nil)
	if !slices.Equal(got, nack.Normalize(absent)) {
		t.Fatalf("seed %d: %v are absent, want %v", seed, got, absent)
	}
	if seq, offset, ok := h.Oldest(session, 7); ok != known || ok &&
		(seq != lowest || offset != 2*seq || s.Held() != nack.Range{From: lowest, To: to}) {
		t.Fatalf("seed %d: oldest is %d at %d, %v, want %d; %v", seed, seq, offset, ok, lowest,
			s.Held())
	}
	return bytesHeld
}

// A busy stream doesn't take the share of one that is quiet, and many leave something to each.
func TestHistoriesAreFair(t *testing.T) {
	const limit = 4 << 20
	h := NewHistories(limit)
	for seq := range uint64(10000) {
		h.Keep(1, 0, made(1, seq, 1472))
	}
	for seq := range uint64(30000) {
		h.Keep(2, 0, made(2, seq, 1472))
	}
	if n := h.look(1, 0).blocks.Memory(); n < limit/2-2*LargestBlock() {
		t.Errorf("%d bytes are left of a quiet stream", n)
	}
	for seq := range uint64(1000) {
		for session := range uint64(20) {
			h.Keep(session, 0, made(session, seq+200000, 1472))
		}
	}
	for session := range uint64(20) {
		if n := h.look(session, 0).blocks.Memory(); n < limit/20/2 {
			t.Errorf("stream %d has %d bytes", session, n)
		}
	}
}

// Keep makes no garbage once the memory is in use.
func TestHistoriesAllocateNothing(t *testing.T) {
	h := NewHistories(4 << 20)
	h.Furnish(make([]byte, 2<<20))
	f, seq := made(1, 0, 1472), uint64(0)
	keep := func() {
		f.Seq = seq
		h.Keep(1, 0, f)
		seq++
	}
	for range 10000 {
		keep()
	}
	if n := testing.AllocsPerRun(1000, func() {
		for range 200 {
			keep()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Streams that nobody forgets are bounded.
func TestHistoriesBoundStreams(t *testing.T) {
	h := NewHistories(MinHistories)
	for session := range uint64(3 * maxHistories) {
		h.Keep(session, 0, made(session, 5, 100))
	}
	if n := len(h.list); n > maxHistories || len(h.of) != n {
		t.Errorf("%d streams, %d by key", n, len(h.of))
	}
	if seq, _, ok := h.Oldest(3*maxHistories-1, 0); !ok || seq != 5 {
		t.Errorf("%d, %v of the last one", seq, ok)
	}
}

func BenchmarkKeep(b *testing.B) {
	for _, size := range []int{16 << 20, 8 << 20, 512 << 10} {
		b.Run(fmt.Sprint(size>>10, "KiB"), func(b *testing.B) {
			h := NewHistories(size)
			f := made(1, 0, 1472)
			b.SetBytes(1472)
			for seq := range uint64(b.N) {
				f.Seq = seq
				h.Keep(1, 0, f)
			}
		})
	}
}
