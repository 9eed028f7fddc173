package testnet

import (
	"time"

	"crier/testnet/link"
)

// loss is how a link or a segment loses, if it does.
func (s *scenario) loss() link.Loss {
	switch s.r.Below(4) {
	case 0:
		return link.Bernoulli{P: s.share(1, 50)}
	case 1:
		return link.Bernoulli{P: s.share(50, 300)}
	case 2:
		return link.GilbertElliott{GoodToBad: s.share(1, 50), BadToGood: s.share(20, 500),
			LossBad: s.share(300, 1000)}
	}
	return nil
}

func (s *scenario) link() link.Config {
	c := link.Config{Loss: s.loss()}
	switch s.r.Below(5) {
	case 0:
		c.Delay = link.FixedDelay(s.span(0, time.Millisecond))
	case 1:
		a := s.span(0, time.Millisecond)
		c.Delay = link.UniformDelay{Min: a, Max: a + s.span(0, 5*time.Millisecond)}
	case 2:
		a := s.span(0, time.Millisecond)
		c.Delay = link.ParetoDelay{Min: a, Mean: s.span(1, time.Millisecond),
			Max: a + s.span(time.Millisecond, 100*time.Millisecond)}
	case 3:
		c.Delay = link.FixedDelay(s.span(time.Millisecond, 100*time.Millisecond))
	}
	c.Unordered = s.one(3)
	if s.one(4) {
		c.Reorder, c.ReorderDelay = s.share(1, 100), s.span(1, 5*time.Millisecond)
	}
	if s.one(4) {
		c.Duplicate, c.DuplicateDelay = s.share(1, 200), s.span(0, 5*time.Millisecond)
	}
	if s.one(4) {
		c.Corrupt = s.share(1, 50)
	}
	if s.one(6) {
		c.Rate = int64(1e6 + s.r.Below(100e6))
		c.Queue = 16<<10 + int(s.r.Below(200<<10))
	}
	return c
}
