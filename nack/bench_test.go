package nack

import (
	"fmt"
	"testing"
)

func TestRequesterAllocatesNothing(t *testing.T) {
	r := NewRequester(RequesterConfig{ID: 1})
	r.rtt.Sample(100 * us)
	now, seq := Time(0), uint64(0)
	removed := make([]Range, 0, 16)
	round := func() {
		for range 20 { // every third frame is lost
			r.Missing(now, seq, seq+1)
			seq += 3
		}
		r.Advance(now)
		request, ranges, ok := r.Request(now)
		if !ok || len(ranges) < 20 {
			t.Fatal("no NACK")
		}
		r.Confirmed(now, Range{seq - 60, seq})
		now += Time(200 * us)
		r.Answered(now, request)
		for at := seq - 60; at < seq-6; at += 3 {
			r.Arrived(now, at, true)
		}
		removed = r.Forget(seq-60, seq, removed[:0])
		r.SetLimit(now, seq+1000)
		r.Deadline()
	}
	round()
	if n := testing.AllocsPerRun(200, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestResponderAllocatesNothing(t *testing.T) {
	r := NewResponder(ResponderConfig{Frames: 1000, FrameSize: 1400})
	r.SetGroup(100, ms)
	a, b := &Asker{ID: 1}, &Asker{ID: 2}
	now, held := Time(0), Range{0, 1000}
	round := func() {
		now += Time(20 * ms)
		held.From, held.To = held.From+100, held.To+100
		r.Begin()
		for i := range uint64(30) {
			r.Asked(now, a, 5, now, Range{held.From - 50 + 7*i, held.From - 50 + 7*i + 3}, held)
		}
		r.Answer()
		r.Begin()
		r.Asked(now, b, 5, now, Range{0, held.From + 20}, held)
		r.Answer()
		for {
			if _, ok := take(r, now, held); !ok {
				break
			}
		}
		deadline(r, now, held)
		r.budget.SetDataRate(now, 100<<20)
	}
	round()
	if n := testing.AllocsPerRun(200, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// gapped returns a Requester with n gaps of one frame each.
func gapped(n int) *Requester {
	r := NewRequester(RequesterConfig{ID: 1, MaxAsk: 1 << 40})
	r.rtt.Sample(100 * us)
	for i := range n {
		r.Missing(0, uint64(3*i), uint64(3*i+1))
	}
	return r
}

// One round: all that is missing is asked for, and confirmed.
func BenchmarkRequesterNack(b *testing.B) {
	for _, n := range []int{1, 100, 10000} {
		b.Run(fmt.Sprintf("gaps=%d", n), func(b *testing.B) {
			r := gapped(n)
			now, all := Time(0), Range{0, uint64(3 * n)}
			b.ReportAllocs()
			for b.Loop() {
				asked := 0
				for asked == 0 { // the first deadline is from before the CONFIRM
					now = max(now, r.Deadline())
					r.Advance(now)
					_, ranges, _ := r.Request(now)
					asked = len(ranges)
				}
				if asked != n {
					b.Fatal(asked)
				}
				r.Confirmed(now, all)
			}
		})
	}
}

// One frame is found missing at the end, and one at the front or in the middle
// is repaired.
func BenchmarkRequesterArrived(b *testing.B) {
	for _, n := range []int{1, 100, 10000} {
		for _, where := range []string{"front", "middle"} {
			b.Run(fmt.Sprintf("gaps=%d/%s", n, where), func(b *testing.B) {
				r := gapped(n)
				high := uint64(3 * n)
				b.ReportAllocs()
				for b.Loop() {
					r.Missing(5, high, high+1)
					high += 3
					p := r.gaps.begin()
					if where == "middle" {
						p.block = len(r.gaps.blocks) / 2
						p.index = r.gaps.blocks[p.block].from
					}
					if _, ok := r.Arrived(5, r.gaps.at(p).From, true); !ok {
						b.Fatal("not missing")
					}
				}
			})
		}
	}
}

// BenchmarkRequesterLowestStaysOpen measures a repair while the lowest gap stays open and
// repairs come in order.
func BenchmarkRequesterLowestStaysOpen(b *testing.B) {
	for _, n := range []int{1, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("gaps=%d", n), func(b *testing.B) {
			r := NewRequester(RequesterConfig{ID: 1, MaxAsk: 1 << 40})
			r.Missing(1, 0, 1)
			high := uint64(2)
			b.ReportAllocs()
			for b.Loop() {
				if r.gaps.Len() == 1 {
					for range n {
						r.Missing(1, high, high+1)
						high += 2
					}
				}
				r.Arrived(2, r.gaps.at(r.gaps.next(r.gaps.begin())).From, true)
			}
		})
	}
}

// BenchmarkRequesterInAnyOrder measures a frame of a lost window whose frames come in any
// order.
func BenchmarkRequesterInAnyOrder(b *testing.B) {
	for _, n := range []uint64{128, 1024, 16384} {
		b.Run(fmt.Sprintf("frames=%d", n), func(b *testing.B) {
			r := NewRequester(RequesterConfig{ID: 1, MaxAsk: 1 << 40})
			base, at, left := uint64(0), uint64(0), uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if left == 0 {
					base, left = base+n, n
					r.Missing(1, base, base+n)
				}
				at = (at*5 + 1) % n // each once, in a scattered order
				if _, ok := r.Arrived(2, base+at, true); !ok {
					b.Fatal("not missing")
				}
				left--
			}
		})
	}
}

// Nothing is recovered, and frames may be late by 100 ms, so that thousands of
// gaps are open, each with its own end.
func BenchmarkRequesterNoRecovery(b *testing.B) {
	r := NewRequester(RequesterConfig{ID: 1, Recovery: Recovery{Off: true}})
	now, seq := Time(0), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		now, seq = now+10_000, seq+10
		r.reorder = maxReorder
		r.Missing(now, seq, seq+1)
		if r.Deadline() <= now {
			r.Advance(now)
		}
	}
}

// The same, but all that isn't merely late is asked for and repaired.
func BenchmarkRequesterReordering(b *testing.B) {
	r := NewRequester(RequesterConfig{ID: 1})
	r.rtt.Sample(50 * us)
	now, seq := Time(0), uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		now, seq = now+40_000, seq+20
		r.reorder = maxReorder
		r.Missing(now, seq, seq+1)
		if r.Deadline() > now {
			continue
		}
		r.Advance(now)
		if _, ranges, ok := r.Request(now); ok {
			for _, asked := range ranges {
				for at := asked.From; at < asked.To; at++ {
					r.Arrived(now, at, true)
				}
			}
		}
	}
}

// A NACK of 50 ranges, and its repairs; then a second one that crossed them.
func BenchmarkResponder(b *testing.B) {
	const frames = 47000 // of 64 MiB
	r := NewResponder(ResponderConfig{Frames: frames, FrameSize: 1472,
		Budget: budget(1<<40, 1<<30)})
	r.SetGroup(1000, ms)
	a, other := &Asker{ID: 1}, &Asker{ID: 2}
	now, held := Time(0), Range{0, frames}
	b.ReportAllocs()
	for b.Loop() {
		now += Time(ms)
		held.From, held.To = held.From+300, held.To+300
		for _, who := range []*Asker{a, other} {
			r.Begin()
			for i := range uint64(50) {
				from := held.To - 300 + 6*i
				r.Asked(now, who, 1, now-1, Range{from, from + 2}, held)
			}
			for {
				if _, ok := take(r, now, held); !ok {
					break
				}
			}
		}
	}
}

// BenchmarkResponderHostileNack measures a NACK for everything, where all that it may ask
// for is queued already, and one that comes after too many of them.
func BenchmarkResponderHostileNack(b *testing.B) {
	const frames = 47000
	for what, looks := range map[string]uint64{"looked=4096": 1 << 50, "looked=0": 1} {
		b.Run(what, func(b *testing.B) {
			r := NewResponder(ResponderConfig{Frames: frames, FrameSize: 1472, ScanRate: looks})
			a, now := &Asker{ID: 1}, Time(5)
			b.ReportAllocs()
			for b.Loop() {
				r.Begin()
				r.Asked(now, a, 1, now, Range{0, 1 << 63}, Range{0, frames})
				now++
			}
		})
	}
}

// Nothing may go out, for want of quota, though one asker has thousands of runs.
func BenchmarkResponderThrottled(b *testing.B) {
	r := NewResponder(ResponderConfig{Frames: 10000, FrameSize: 1472, Budget: budget(1, 0)})
	r.SetGroup(2, ms)
	a, held := &Asker{ID: 1}, Range{0, 10000}
	for i := range uint64(4096) {
		r.Asked(0, a, 1, 0, Range{2 * i, 2*i + 1}, held)
	}
	b.ReportAllocs()
	for b.Loop() {
		for {
			if _, ok := take(r, 0, held); !ok {
				break
			}
		}
		if deadline(r, 0, held) <= 0 {
			b.Fatal("not throttled")
		}
	}
}
