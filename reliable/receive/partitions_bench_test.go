package receive

import (
	"fmt"
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// BenchmarkPartitions takes frames of 20 messages of 64 bytes in turn from so many partitions, and
// looks after each eight of them for what there is to do, as a driver does.
func BenchmarkPartitions(b *testing.B) {
	for _, partitions := range []int{1, 16, 256} {
		b.Run(fmt.Sprint(partitions), func(b *testing.B) {
			var told []*frame.Frame
			for c := range uint32(partitions) {
				told = append(told, rig.Made(b, frame.Frame{Kind: frame.Session, Session: 1,
					Channel: c, Channels: uint32(partitions)}))
			}
			begin := func() *Receiver {
				r, err := New(Config{ID: 2, Runs: true})
				if err != nil {
					b.Fatal(err)
				}
				for _, f := range told {
					r.Handle(0, rig.PublisherAddr, f)
				}
				return r
			}
			r := begin()
			const rounds = 1 << 14
			var frames [][]byte
			var build frame.Builder
			for i := range rounds {
				seq := uint64(i / partitions)
				build.Open(make([]byte, 0, 1472), 1, uint32(i%partitions), seq, 20*seq, 0)
				for range 20 {
					build.Add(make([]byte, 64))
				}
				frames = append(frames, build.Seal(false))
			}
			var dec frame.Decoder
			var f frame.Frame
			var events [64]reliable.Run
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; b.Loop(); n++ {
				if n%rounds == 0 && n > 0 { // anew: the numbers begin again
					b.StopTimer()
					r = begin()
					b.StartTimer()
				}
				if err := dec.Decode(frames[n%rounds], &f); err != nil {
					b.Fatal(err)
				}
				r.Handle(reliable.Time(n), rig.PublisherAddr, &f)
				for r.Poll(events[:]) > 0 {
				}
				if n%8 == 7 {
					if now := reliable.Time(n); r.Deadline() <= now {
						r.Advance(now)
					}
					for p, ok := r.Next(reliable.Time(n)); ok; p, ok = r.Next(reliable.Time(n)) {
						r.Sent(p)
					}
				}
			}
		})
	}
}
