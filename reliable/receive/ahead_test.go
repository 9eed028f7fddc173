package receive

import (
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// A publisher that lies gives one offset to several messages, and goes back with its
// offsets: no offset is told of twice, and the sum is right.
func TestOnArrivalOffsetsThatGoBack(t *testing.T) {
	for seed := range uint64(2000) {
		rand := nack.NewRand(seed, 2)
		l := newListener(t, Config{Order: reliable.OnArrival})
		told := make(map[uint64]bool)
		poll := func() {
			var events [4]reliable.Run
			for n := len(events); n == len(events); {
				n = l.Poll(events[:])
				for _, ev := range events[:n] {
					from, to := ev.Offset, ev.Offset
					switch ev.Kind {
					case reliable.Message:
						to++
					case reliable.Loss:
						from, to = ev.Lost.From, ev.Lost.To
					}
					for ; from < to; from++ {
						if told[from] {
							t.Fatalf("seed %d: offset %d is told of twice", seed, from)
						}
						told[from] = true
					}
				}
			}
		}
		for range 12 {
			var b frame.Builder
			b.Open(make([]byte, 0, 512), 1, 0, 1+uint64(rand.Below(8)), uint64(rand.Below(40)),
				1<<60)
			b.Add(nil)
			for range rand.Below(4) {
				if rand.Below(3) == 0 {
					b.Skip(1 + uint64(rand.Below(5)))
				}
				b.Add(nil)
			}
			l.Handle(l.now, rig.PublisherAddr, rig.Decoded(t, b.Seal(false)))
			if rand.Below(3) > 0 {
				poll()
			}
			l.Keep()
		}
		l.Close(l.now)
		poll()
		st := l.Sessions()[0]
		if n := uint64(len(told)); n != st.NextOffset-st.FirstOffset || n != st.Delivered+st.Lost {
			t.Fatalf("seed %d: %d offsets are told of: %+v", seed, n, st)
		}
	}
}

// The set of offsets behaves as a map of them does.
func TestOffsets(t *testing.T) {
	rand := nack.NewRand(1, 3)
	var set offsets
	in := make(map[uint64]bool)
	at := uint64(0)
	for i := range 100_000 {
		if rand.Below(10) == 0 {
			at = set.skip(at + uint64(rand.Below(20)))
			for from := range in {
				if from < at {
					delete(in, from)
				}
			}
			if in[at] {
				t.Fatalf("step %d: stands at %d, which is in the set", i, at)
			}
			continue
		}
		offset := at + 1 + uint64(rand.Below(100))
		if added := set.add(offset); added == in[offset] {
			t.Fatalf("step %d: add(%d) = %v", i, offset, added)
		}
		in[offset] = true
		n := uint64(0)
		for j, r := range set.runs[set.first:] {
			if n += r.To - r.From; j > 0 && r.From <= set.runs[set.first+j-1].To || r.From >= r.To {
				t.Fatalf("step %d: %v", i, set.runs[set.first:])
			}
		}
		if n != uint64(len(in)) || !in[set.next()] || !in[set.end()-1] {
			t.Fatalf("step %d: %d offsets, want %d", i, n, len(in))
		}
	}
}

// The queue of what came ahead is never empty while more comes as fast as it is looked
// at; what was looked at is forgotten all the same, and the rest stays in order.
func TestAheadForgetsWhatWasLookedAt(t *testing.T) {
	const waiting, all = 100, 100_000
	var a ahead
	for seq := range uint64(all) {
		a.arrive(seq)
		if seq < waiting {
			continue
		}
		if got := a.frames[a.first]; got != seq-waiting {
			t.Fatalf("frame %d is looked at, and not %d", got, seq-waiting)
		}
		a.pass()
	}
	if n := len(a.frames) - a.first; n != waiting {
		t.Errorf("%d frames wait, and not %d", n, waiting)
	}
	if cap(a.frames) > 4*waiting {
		t.Errorf("there is room for %d frames, where %d wait", cap(a.frames), waiting)
	}
}
