package receive

import (
	"bytes"
	"runtime"
	"testing"

	"crier/reliable"
	"crier/reliable/rig"
	"crier/reliable/send"
)

// A message that nearly fills the memory costs what any other of its size does: what
// comes isn't copied again and again for want of room to grow.
func TestAMessageNearTheMemoryLimitIsPutTogetherOnce(t *testing.T) {
	const size = 11 << 20
	s, err := send.New(send.Config{Session: 1, Retention: send.Retention{ResendBuffer: 2 * size}})
	if err != nil {
		t.Fatal(err)
	}
	message := make([]byte, size)
	for i := range message {
		message[i] = byte(i >> 4)
	}
	if _, err := s.Stream(0).Publish(0, message); err != nil {
		t.Fatal(err)
	}
	rb := &receiveBench{tb: t, frames: sendFrames(s)}
	for _, limit := range []int{size + 1<<20, 4 * size} {
		rb.again()
		rb.r.mem.limit = limit
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := range rb.frames {
			if err := rb.dec.Decode(rb.frames[i], &rb.frame); err != nil {
				t.Fatal(err)
			}
			rb.r.Handle(0, rig.PublisherAddr, &rb.frame)
			for _, ev := range rb.events[:rb.r.Poll(rb.events[:])] {
				if ev.Kind == reliable.Message && bytes.Equal(ev.Payload, message) {
					rb.got++
				}
			}
			if used := rb.r.mem.used; used > limit {
				t.Fatalf("%d bytes are held, and %d may be", used, limit)
			}
		}
		runtime.ReadMemStats(&after)
		if rb.got != 1 {
			t.Fatalf("with %d bytes for it, a message of %d didn't come as it was sent", limit,
				size)
		}
		if most, took := uint64(5*size/2), after.TotalAlloc-before.TotalAlloc; took > most {
			t.Errorf("with %d bytes for it, a message of %d took %d, and %d would do", limit, size,
				took, most)
		}
	}
}

// A queue that is full, and from which as much is taken as comes, isn't moved as a
// whole each time.
func TestQueuesMoveWhatTheyHoldSeldom(t *testing.T) {
	const held, rounds = 1000, 5000
	var frames ahead
	var given offsets
	var lost window
	for name, q := range map[string]struct {
		put   func(n uint64)
		take  func()
		first func() int
	}{
		"frames ahead": {frames.arrive, frames.pass, func() int { return frames.first }},
		"offsets given": {
			func(n uint64) { given.add(2 * n) }, func() { given.skip(given.next()) },
			func() int { return given.first },
		},
		"frames lost": {
			func(n uint64) { lost.lose(2*n, 2*n+1, reliable.CauseGone) },
			func() { lost.next = lost.lost[lost.first].from; lost.takeLost() },
			func() int { return lost.first },
		},
	} {
		t.Run(name, func(t *testing.T) {
			moved, n := 0, uint64(0)
			for ; n < held; n++ {
				q.put(n)
			}
			for range rounds {
				q.take()
				before := q.first()
				q.put(n)
				if n++; q.first() < before {
					moved += held
				}
			}
			if moved > 2*rounds {
				t.Errorf("%d entries were moved, to put %d", moved, rounds)
			}
		})
	}
}
