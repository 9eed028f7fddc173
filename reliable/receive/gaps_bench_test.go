package receive

import (
	"fmt"
	"slices"
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/send"
)

// BenchmarkGaps is what a subscriber does for each of so many gaps that are open at the
// same time, from the frame that comes behind it to its repair: an operation is a gap.
func BenchmarkGaps(b *testing.B) {
	for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
		for _, gaps := range []int{1, 10, 100, 1000, 10000} {
			name := []string{"in-order", "on-arrival"}[order]
			b.Run(fmt.Sprint(name, "/", gaps), func(b *testing.B) {
				g := gapBench{tb: b, order: order}
				g.frames = loneFrames(b, 20001)
				g.round(gaps)
				b.ReportAllocs()
				b.ResetTimer()
				done := 0
				for ; done < b.N; done += gaps {
					g.round(gaps)
				}
				perOperation(b, done)
			})
		}
	}
}

// gapBench loses every other frame, some at a time, and has them repaired.
type gapBench struct {
	tb     testing.TB
	order  reliable.Order
	frames [][]byte

	r             *Receiver
	dec           frame.Decoder
	enc           frame.Encoder
	frame, inner  frame.Frame
	packet        []byte
	events        [64]reliable.Run
	now           reliable.Time
	at, got, want int // frames that were used, messages that came, and should have
}

// begin makes a Receiver that has heard nothing, which takes its buffers from the one
// before.
func (g *gapBench) begin() {
	r, err := New(Config{ID: 2, Order: g.order, Memory: Memory{Buffer: 128 << 20}, Runs: true})
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
	g.r.Handle(g.now, rig.PublisherAddr, &g.frame)
	for n := g.r.Poll(g.events[:]); n > 0; n = g.r.Poll(g.events[:]) {
		for i := range g.events[:n] {
			if ev := &g.events[i]; ev.Kind == reliable.Message {
				g.got += ev.Len()
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

// loneFrames returns DATA frames of one message each.
func loneFrames(tb testing.TB, frames int) (list [][]byte) {
	s, err := send.New(send.Config{Session: 1})
	if err != nil {
		tb.Fatal(err)
	}
	message := make([]byte, 64)
	for len(list) < frames {
		if _, err := s.Stream(0).Publish(0, message); err != nil {
			tb.Fatal(err)
		}
		list = append(list, sendFrames(s)...)
	}
	return list
}
