package echo

import (
	"context"
	"time"
)

// measureMTU finds the largest datagrams that pass whole, each way.
func (g *guest) measureMTU(ctx context.Context, f *figures) error {
	if !probesMTU {
		return nil
	}
	head := headers(g.local)
	var err error
	f.mtuTo = bisect(smallFrame, f.mtu-head, func(sizes []int) []bool {
		return g.tryTo(ctx, sizes)
	})
	f.mtuFrom = bisect(smallFrame, f.there.MTU-head, func(sizes []int) []bool {
		// The answer comes behind them, by the same socket.
		if _, e := g.ask(ctx, question{What: askSizes, Sizes: sizes}); e != nil {
			err = e
		}
		return g.arrived(passMTUBack, sizes)
	})
	return err
}

// tryTo sends datagrams of some sizes to the Host, and reports which it has answered.
func (g *guest) tryTo(ctx context.Context, sizes []int) []bool {
	c := &codec{}
	g.mu.Lock()
	g.heard[passMTU].ended = false
	g.mu.Unlock()
	send := func(seq uint32, size int) {
		p := probe{pass: passMTU, reply: replyUnicast, seq: seq}
		d := c.append(nil, g.message(opProbe, padded(p.append(nil), size)))
		_ = g.port.write(d, g.cfg.To) // a refused one isn't answered
	}
	for range copies {
		for _, s := range sizes {
			send(uint32(s), s)
		}
	}
	for end := time.Now().Add(stalled); time.Now().Before(end) && ctx.Err() == nil; {
		send(endSeq, smallFrame)
		for wait := time.Now().Add(pauses); time.Now().Before(wait); {
			sleep(ctx, time.Millisecond)
			if g.count(passMTU).ended {
				return g.arrived(passMTU, sizes)
			}
		}
	}
	return g.arrived(passMTU, sizes)
}

// arrived reports which sizes of datagrams were heard, or answered.
func (g *guest) arrived(p pass, sizes []int) []bool {
	h := g.count(p)
	got := make([]bool, len(sizes))
	for i, s := range sizes {
		got[i] = h.has(uint32(s))
	}
	return got
}

// bisect returns the largest size between least and most that passes, or 0 if none does. It
// tries several sizes at once: try reports which of them passed.
func bisect(least, most int, try func(sizes []int) []bool) int {
	low := least - 1 // all up to low pass, and none above most
	for low < most {
		sizes := []int{most}
		if low < least {
			sizes = append(sizes, least)
			for _, s := range []int{1452, 1472} { // the common ones
				if s > least && s < most {
					sizes = append(sizes, s)
				}
			}
		}
		for i, n := 1, maxSizes-len(sizes)+1; i < n; i++ {
			if s := low + (most-low)*i/n; s > low && s < most {
				sizes = append(sizes, s)
			}
		}
		passed := try(sizes)
		for i, s := range sizes {
			if passed[i] {
				low = max(low, s)
			}
		}
		for i, s := range sizes {
			if !passed[i] && s > low {
				most = min(most, s-1)
			}
		}
	}
	if low < least {
		return 0
	}
	return low
}
