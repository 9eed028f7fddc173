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
	wait := 60*time.Millisecond + 4*f.trip.here.best
	var err error
	f.mtuTo = bisect(smallFrame, f.mtu-head, func(sizes []int) []bool {
		return g.tryTo(ctx, sizes, wait)
	})
	f.mtuFrom = bisect(smallFrame, f.there.MTU-head, func(sizes []int) []bool {
		if err != nil {
			return make([]bool, len(sizes))
		}
		_, err = g.ask(ctx, question{What: askSizes, Sizes: sizes})
		return g.arrived(ctx, passMTUBack, sizes, wait)
	})
	return err
}

// tryTo sends datagrams of some sizes to the Host, and reports which it has answered.
func (g *guest) tryTo(ctx context.Context, sizes []int, wait time.Duration) []bool {
	c := &codec{}
	for range copies {
		for _, s := range sizes {
			p := probe{pass: passMTU, reply: replyUnicast, seq: uint32(s)}
			_ = g.port.write(c.append(nil, g.message(opProbe, padded(p.append(nil), s))),
				g.cfg.To)
		}
	}
	return g.arrived(ctx, passMTU, sizes, wait)
}

// arrived waits for datagrams of some sizes, or for the answers to them.
func (g *guest) arrived(
	ctx context.Context, p pass, sizes []int, wait time.Duration,
) []bool {
	deadline := time.Now().Add(wait)
	for {
		h := g.count(p)
		got, all := make([]bool, len(sizes)), true
		for i, s := range sizes {
			got[i] = h.has(uint32(s))
			all = all && got[i]
		}
		if all || time.Now().After(deadline) || ctx.Err() != nil {
			return got
		}
		sleep(ctx, time.Millisecond)
	}
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
