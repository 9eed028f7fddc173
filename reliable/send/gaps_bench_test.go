package send

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// lone returns a Sender that has sent so many messages of so many bytes, each in a frame
// of its own.
func lone(tb testing.TB, cfg Config, size int, messages uint64) *Sender {
	cfg.Session = 1
	s, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	for message := make([]byte, size); s.Stream(0).packer.nextOffset < messages; {
		sendLone(tb, s, message)
	}
	return s
}

func sendLone(tb testing.TB, s *Sender, message []byte) {
	if _, err := s.Stream(0).Publish(0, message); err != nil {
		tb.Fatal(err)
	}
	for batch, ok := s.Next(0); ok; batch, ok = s.Next(0) {
		s.Sent(batch)
	}
}

// BenchmarkSendLone is BenchmarkSend for messages that each go out at once, in a frame
// and a batch of their own.
func BenchmarkSendLone(b *testing.B) {
	for _, ring := range []int{1 << 20, 64 << 20, 1 << 30} {
		b.Run("64B/ring"+sizeName(ring), func(b *testing.B) {
			s := lone(b, Config{Retention: Retention{ResendBuffer: ring}}, 64, 1)
			message := make([]byte, 64)
			b.ReportAllocs()
			for b.Loop() {
				sendLone(b, s, message)
			}
		})
	}
}

// BenchmarkRepair is what a publisher does for each frame that is asked for, with resend
// buffers that are full: NACKs name frames from anywhere in them.
func BenchmarkRepair(b *testing.B) {
	for _, size := range []int64{1 << 20, 64 << 20, 1 << 30, 4 << 30} {
		ring := int(size)
		if int64(ring) != size {
			continue // more than this machine has addresses for
		}
		b.Run("ring"+sizeName(ring), func(b *testing.B) {
			s := lone(b, Config{Retention: Retention{ResendBuffer: ring},
				Repair: Repair{Floor: 8 * (1 << 32)}},
				1300, uint64(ring)/1300)
			rng := rand.New(rand.NewPCG(1, 2))
			held := s.Stream(0).store.Held()
			asked := make([]uint64, 100)
			v := serveBench{tb: b, s: s, now: 1}
			each(b, len(asked), func() {
				for i := range asked {
					asked[i] = held.From + rng.Uint64N(held.Len())
				}
				slices.Sort(asked)
				v.serve(asked)
			})
		})
	}
}

// each measures rounds of so many operations, after one to warm up; a last round that
// b.N doesn't fill is counted whole.
func each(b *testing.B, operations int, round func()) {
	round()
	b.ReportAllocs()
	b.ResetTimer()
	done := 0
	for done < b.N {
		round()
		done += operations
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/op")
}

// BenchmarkServeGaps is what a publisher does for each of so many gaps, of which its
// subscriber tells at the same time, a hundred in a NACK.
func BenchmarkServeGaps(b *testing.B) {
	for _, gaps := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(gaps), func(b *testing.B) {
			s := lone(b, Config{Repair: Repair{Floor: 8 * (1 << 32)}}, 1300, 20001)
			asked := make([]uint64, gaps)
			for i := range asked {
				asked[i] = uint64(2 * i)
			}
			v := serveBench{tb: b, s: s, now: 1}
			each(b, gaps, func() { v.serve(asked) })
		})
	}
}

// serveBench asks a Sender for repairs.
type serveBench struct {
	tb   testing.TB
	s    *Sender
	now  reliable.Time
	nack frame.Frame
}

// serve has frames repeated that are asked for in ascending order.
func (v *serveBench) serve(asked []uint64) {
	v.now = v.now.Add(1e9) // what was repeated before may be repeated again
	v.nack.Kind, v.nack.Session, v.nack.Subscriber = frame.Nack, 1, 7
	before := v.s.stats.Repairs
	want := uint64(0)
	for len(asked) > 0 {
		n := min(100, len(asked))
		v.nack.Request++
		v.nack.Ranges = v.nack.Ranges[:0]
		for i, seq := range asked[:n] {
			if i == 0 || seq != asked[i-1] {
				v.nack.Ranges = append(v.nack.Ranges, nack.Range{From: seq, To: seq + 1})
				want++
			}
		}
		asked = asked[n:]
		v.s.Handle(v.now, rig.SubscriberAddr, &v.nack)
		for tries := 0; v.s.stats.Repairs-before < want; tries++ {
			for batch, ok := v.s.Next(v.now); ok; batch, ok = v.s.Next(v.now) {
				v.s.Sent(batch)
			}
			v.now = v.now.Add(10_000) // which fills the repairs' budget
			if tries > 1000 {
				v.tb.Fatalf("%d of %d frames were repeated", v.s.stats.Repairs-before, want)
			}
		}
	}
}
