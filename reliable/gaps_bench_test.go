package reliable

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"crier/nack"
	"crier/reliable/frame"
)

// lone returns a Sender that has sent so many messages of so many bytes, each in a frame
// of its own.
func lone(tb testing.TB, cfg SenderConfig, size int, messages uint64) *Sender {
	cfg.Session = 1
	s, err := NewSender(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	for message := make([]byte, size); s.nextOffset < messages; {
		sendLone(tb, s, message)
	}
	return s
}

func sendLone(tb testing.TB, s *Sender, message []byte) {
	if _, err := s.Publish(0, message); err != nil {
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
			s := lone(b, SenderConfig{ResendBuffer: ring}, 64, 1)
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
	for _, ring := range []int{1 << 20, 64 << 20, 1 << 30, 4 << 30} {
		b.Run("ring"+sizeName(ring), func(b *testing.B) {
			s := lone(b, SenderConfig{ResendBuffer: ring, RepairFloor: 1 << 32}, 1300, uint64(ring)/1300)
			rng := rand.New(rand.NewPCG(1, 2))
			held := s.held()
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
	perOperation(b, done)
}

// BenchmarkServeGaps is what a publisher does for each of so many gaps, of which its
// subscriber tells at the same time, a hundred in a NACK.
func BenchmarkServeGaps(b *testing.B) {
	for _, gaps := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(gaps), func(b *testing.B) {
			s := lone(b, SenderConfig{RepairFloor: 1 << 32}, 1300, 20001)
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
	now  Time
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
		v.s.Handle(v.now, receiverAddr, &v.nack)
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

// BenchmarkGaps is what a subscriber does for each of so many gaps that are open at the
// same time, from the frame that comes behind it to its repair: an operation is a gap.
func BenchmarkGaps(b *testing.B) {
	for _, order := range []Order{InOrder, OnArrival} {
		for _, gaps := range []int{1, 10, 100, 1000, 10000} {
			name := []string{"in-order", "on-arrival"}[order]
			b.Run(fmt.Sprint(name, "/", gaps), func(b *testing.B) {
				g := gapBench{tb: b, order: order}
				s := lone(b, SenderConfig{}, 64, 20001)
				for seq := range s.next {
					g.frames = append(g.frames, s.ring.frame(seq))
				}
				each(b, gaps, func() { g.round(gaps) })
			})
		}
	}
}

// gapBench loses every other frame, some at a time, and has them repaired.
type gapBench struct {
	tb     testing.TB
	order  Order
	frames [][]byte

	r             *Receiver
	dec           frame.Decoder
	enc           frame.Encoder
	frame, inner  frame.Frame
	packet        []byte
	events        [64]Event
	now           Time
	at, got, want int // frames that were used, messages that came, and should have
}

// begin makes a Receiver that has heard nothing, which takes its buffers from the one
// before.
func (g *gapBench) begin() {
	r, err := NewReceiver(ReceiverConfig{ID: 2, Order: g.order, Buffer: 128 << 20, Runs: true})
	if err != nil {
		g.tb.Fatal(err)
	}
	if g.r != nil {
		g.r.mem.reuse()
		r.mem.spare = g.r.mem.spare
	}
	g.r, g.now, g.at, g.got, g.want = r, 0, 0, 0, 0
	g.handle(g.enc.Append(nil, &frame.Frame{Kind: frame.Session, Session: 1, Channels: 1}))
}

func (g *gapBench) handle(packet []byte) {
	if err := g.dec.Decode(packet, &g.frame); err != nil {
		g.tb.Fatal(err)
	}
	if f := &g.frame; f.Kind == frame.Repair {
		if err := g.dec.Decode(f.Inner, &g.inner); err != nil {
			g.tb.Fatal(err)
		}
		f.Data = &g.inner
	}
	g.r.Handle(g.now, senderAddr, &g.frame)
	for n := g.r.Poll(g.events[:]); n > 0; n = g.r.Poll(g.events[:]) {
		for i := range g.events[:n] {
			if ev := &g.events[i]; ev.Kind == Message {
				g.got += ev.Run()
			}
		}
	}
}

func (g *gapBench) round(gaps int) {
	if g.r == nil || g.at+2*gaps+1 > len(g.frames) {
		g.begin()
	}
	for i := 0; i <= gaps; i++ {
		g.handle(g.frames[g.at+2*i])
	}
	g.at += 2*gaps + 1
	g.want += 2*gaps + 1
	for tries := 0; g.got < g.want; tries++ {
		if tries > 10*gaps+100 {
			g.tb.Fatalf("%d of %d messages came", g.got, g.want)
		}
		g.now = max(g.now, g.r.Deadline())
		g.r.Advance(g.now)
		for batch, ok := g.r.Next(g.now); ok; batch, ok = g.r.Next(g.now) {
			if err := g.dec.Decode(batch.Datagram(0), &g.frame); err != nil {
				g.tb.Fatal(err)
			}
			request, ranges := g.frame.Request, slices.Clone(g.frame.Ranges)
			g.r.Sent(batch)
			if g.frame.Kind != frame.Nack {
				continue
			}
			g.now = g.now.Add(50_000)
			for _, r := range ranges {
				for seq := r.From; seq < r.To; seq++ {
					g.packet = g.enc.AppendRepair(g.packet[:0], 1, 0, 1, request, g.frames[seq])
					g.handle(g.packet)
				}
			}
		}
	}
}
