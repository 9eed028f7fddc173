package nack

import (
	"testing"
	"time"
)

// For random input in random order, each missing frame leaves exactly once: it arrives, is
// given up or is forgotten. Only missing frames with room are requested, at most MaxAsk.
// Advance never asks to be called again in vain, which the harness checks.
func TestRequesterAtRandom(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		start := starts[seed%uint64(len(starts))]
		rand := NewRand(seed, 5)
		cfg := RequesterConfig{ID: 7, Seed: seed, MaxAsk: 1 + rand.Below(60),
			Recovery: Recovery{Silence: time.Duration(1 + rand.Below(uint64(200*ms)))}}
		switch rand.Below(6) {
		case 0:
			cfg.Recovery.Off = true
		case 1:
			cfg.Recovery.MaxWait = time.Duration(1 + rand.Below(uint64(50*ms)))
		}
		s := newSubscriber(t, cfg, start.seq, start.now)
		missing := model{}
		high, limit := uint64(0), ^uint64(0)
		// frames that were due again when a CONFIRM put them off: others may have their room
		confirmed := uint64(0)
		settle := func() {
			for _, l := range s.lost {
				for seq := l.From - s.base; seq < l.To-s.base; seq++ {
					if !missing[seq] {
						t.Fatalf("seed %d: frame %d was given up, and wasn't missing", seed, seq)
					}
					delete(missing, seq)
				}
			}
			s.lost = nil
			n := uint64(0)
			for _, g := range s.r.gaps.all() {
				for seq := g.From - s.base; seq < g.To-s.base; seq++ {
					if !missing[seq] {
						t.Fatalf("seed %d: frame %d is in a gap, and isn't missing", seed, seq)
					}
				}
				n += g.Len()
			}
			if n != uint64(len(missing)) {
				t.Fatalf("seed %d: %d frames are in gaps, want %v", seed, n, missing.ranges())
			}
		}
		step := func(d time.Duration) {
			// One deadline at a time, to see each NACK against what is missing then.
			for end := s.now.Add(d); ; {
				at := max(s.now, s.r.Deadline())
				if at > end {
					s.now = end
					return
				}
				s.advance(at.Sub(s.now))
				settle()
				for _, n := range s.sent {
					asked, last := uint64(0), uint64(0)
					for _, r := range n.ranges {
						if r.From < last || r.Len() == 0 || r.To > limit {
							t.Fatalf("seed %d: asked for %s with a limit of %d", seed,
								s.text(n.ranges), limit-s.base)
						}
						for seq := r.From - s.base; seq < r.To-s.base; seq++ {
							if !missing[seq] {
								t.Fatalf("seed %d: asked for frame %d, which isn't missing", seed,
									seq)
							}
						}
						asked += r.Len()
						last = r.To
					}
					if asked > cfg.MaxAsk || s.r.outstanding > cfg.MaxAsk+confirmed {
						t.Fatalf("seed %d: asked for %d frames, %d outstanding, at most %d", seed,
							asked, s.r.outstanding, cfg.MaxAsk)
					}
				}
				if cfg.Recovery.Off && len(s.sent) > 0 {
					t.Fatalf("seed %d: a NACK without recovery", seed)
				}
				s.sent = nil
			}
		}
		for range 200 {
			switch rand.Below(8) {
			case 0, 1: // a gap above all others
				from := high + 1 + rand.Below(5)
				high = from + 1 + rand.Below(40)
				for seq := from; seq < high; seq++ {
					missing[seq] = true
				}
				s.r.Missing(s.now, s.base+from, s.base+high)
			case 2, 3:
				seq := rand.Below(high + 1)
				if _, ok := s.r.Arrived(s.now, s.base+seq, rand.Below(2) == 0); ok != missing[seq] {
					t.Fatalf("seed %d: frame %d, missing %v, closes a gap: %v", seed, seq,
						missing[seq], ok)
				}
				s.r.Answered(s.now, 7<<32|rand.Below(20))
				if missing[seq] && rand.Below(4) == 0 { // came, but there is no room for it
					s.r.Missing(s.now, s.base+seq, s.base+seq+1)
				} else {
					delete(missing, seq)
				}
			case 4:
				from := rand.Below(high + 1)
				to := from + rand.Below(30)
				for _, r := range s.r.Forget(s.base+from, s.base+to, nil) {
					for seq := r.From - s.base; seq < r.To-s.base; seq++ {
						if !missing[seq] || seq < from || seq >= to {
							t.Fatalf("seed %d: forgot frame %d of %d to %d", seed, seq, from, to)
						}
						delete(missing, seq)
					}
				}
			case 5:
				from := s.base + rand.Below(high+1)
				put := Range{from, from + rand.Below(50)}
				for _, g := range s.r.gaps.all() {
					if g.tries > 0 && g.due <= s.now && g.From < put.To && put.From < g.To {
						confirmed += g.Len()
					}
				}
				s.r.Confirmed(s.now, put)
			case 6:
				limit = s.base + rand.Below(high+50)
				s.r.SetLimit(s.now, limit)
			case 7:
				s.r.SetGroup(int(rand.Below(30)), time.Duration(rand.Below(uint64(5*ms))))
			}
			settle()
			step(time.Duration(rand.Below(uint64(20 * ms))))
		}
		limit = ^uint64(0)
		s.r.SetLimit(s.now, limit)
		step(time.Hour)
		if s.r.gaps.Len() > 0 || s.r.Deadline() != Never {
			t.Fatalf("seed %d: after an hour without an answer %v is still missing", seed,
				missing.ranges())
		}
	}
}
