package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// written is a frame as a test wrote it.
type written struct {
	seq  uint64
	size int
}

func fill(b []byte, seq uint64) {
	for i := range b {
		b[i] = byte(seq + uint64(i)*7)
	}
}

// Frames of any sizes go round and round a ring. Every frame that it claims to hold is
// there, byte for byte, and they are at least as many as full ones fit. Frames that fit
// don't replace any that must stay.
func TestRingKeepsWhatItHolds(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			stride := 40 + rng.IntN(300)
			first := []uint64{0, 90, 1<<63 - 5}[seed%3]
			r := newRing(Memory{}, stride*(MinFrames+rng.IntN(40)), stride, first)
			var all []written
			next, low := first, first // frames from low on must stay
			for range 2000 {
				frames := uint64(1 + rng.IntN(4))
				if !r.fits(frames, low, next) {
					if low == next {
						t.Fatalf("%d frames don't fit where nothing must stay", frames)
					}
					if next-low+frames <= r.slots && next-low+frames < uint64(len(r.index)) {
						t.Fatalf("%d frames don't fit beside %d, and %d full ones do", frames,
							next-low, r.slots)
					}
					low = min(next, low+1+uint64(rng.IntN(8)))
					continue
				}
				for range frames {
					room := r.open(next, next*2, false)
					if len(room) != stride || cap(room) != stride {
						t.Fatalf("a frame has %d bytes of room, want %d", cap(room), stride)
					}
					if r.oldest > low {
						t.Fatalf("frame %d took the place of %d, which must stay", next, low)
					}
					size := stride
					if kind := rng.IntN(3); kind > 0 {
						size = 1 + rng.IntN(stride/kind)
					}
					fill(room, ^next) // a frame that is sealed may have been longer
					fill(room[:size], next)
					r.seal(next, size)
					all = append(all, written{next, size})
					next++
				}
				if held := next - r.oldest; held < min(r.slots, next-first) {
					t.Fatalf("%d frames are held, and %d full ones fit", held, r.slots)
				}
				for _, w := range all[r.oldest-first:] {
					want := make([]byte, w.size)
					if fill(want, w.seq); !bytes.Equal(r.frame(w.seq), want) {
						t.Fatalf("frame %d is not what was written", w.seq)
					}
					if r.of(w.seq).start() != 2*w.seq {
						t.Fatalf("frame %d starts at %d", w.seq, r.of(w.seq).start())
					}
				}
			}
			if uint64(len(all)) < 3*r.slots {
				t.Errorf("only %d frames in a ring of %d", len(all), r.slots)
			}
		})
	}
}

// Batches and pieces are the frames that they stand for, each once and in order.
func TestRingHandsOutRuns(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 2))
		const stride = 100
		r := newRing(Memory{}, stride*50, stride, 0)
		next := uint64(0)
		for range 300 {
			from := next
			for range 1 + rng.IntN(20) {
				room := r.open(next, next, false)
				size := []int{stride, stride, 60, 1 + rng.IntN(stride)}[rng.IntN(4)]
				fill(room[:size], next)
				r.seal(next, size)
				next++
			}
			most := 1 + rng.IntN(1000)
			for seq := from; seq < next; {
				data, segment, frames := r.run(seq, next, most)
				if frames == 0 || frames > r.most || len(data) > most && frames > 1 {
					t.Fatalf("a batch of %d frames and %d bytes, at most %d", frames, len(data),
						most)
				}
				for i := range frames {
					f := r.frame(seq + i)
					if i < frames-1 && len(f) != segment || len(f) > segment ||
						!bytes.Equal(data[:len(f)], f) {
						t.Fatalf("frame %d of %d in a batch of segments of %d differs: %d bytes",
							i, frames, segment, len(f))
					}
					data = data[len(f):]
				}
				if len(data) > 0 {
					t.Fatalf("%d bytes too many in a batch", len(data))
				}
				seq += frames
			}
			leave := rng.IntN(500)
			room := stride + rng.IntN(9*stride)
			data, sizes := r.piece(from, next, 10, room, leave, nil)
			if len(data) > room {
				t.Fatalf("a piece of %d bytes, and it may have %d", len(data), room)
			}
			for i, size := range sizes {
				if f := r.frame(from + uint64(i)); len(f) != int(size) ||
					!bytes.Equal(data[:size], f) {
					t.Fatalf("frame %d of a piece differs", i)
				}
				data = data[size:]
			}
			if left := r.span(from+uint64(len(sizes)), next); len(sizes) > 0 && left < leave ||
				len(sizes) > 10 || len(data) > 0 {
				t.Fatalf("a piece of %d frames leaves %d bytes, want %d", len(sizes), left, leave)
			}
		}
	}
}
