package link

import (
	"fmt"
	"math/bits"
	"time"

	"crier/testnet/random"
)

// Delay is a model of how long datagrams travel: [FixedDelay], [UniformDelay],
// [ParetoDelay] or [TraceDelay]. Like [Loss] it is a value that links may
// share, and is asked about every datagram handed to the link.
type Delay interface {
	validate() error
	start() delayState
}

// delayState is one link's place in a model.
type delayState interface {
	// delay is of the datagram that leaves the queue at now: nanoseconds, 0 to
	// MaxDelay.
	delay(now int64, r *random.Generator) int64
}

func validateDelay(d Delay) error {
	if d == nil {
		return nil
	}
	return d.validate()
}

func startDelay(d Delay) delayState {
	if d == nil {
		return FixedDelay(0)
	}
	if s, ok := d.(delayState); ok {
		return s // it has no state: all links share it
	}
	return d.start()
}

// FixedDelay is the same for all datagrams, from 0 to [MaxDelay].
type FixedDelay time.Duration

func (d FixedDelay) validate() error {
	return validDelay("FixedDelay", time.Duration(d))
}

func (d FixedDelay) start() delayState { return d }

func (d FixedDelay) delay(int64, *random.Generator) int64 { return int64(d) }

// UniformDelay is anything from Min to Max, each as likely.
type UniformDelay struct {
	Min, Max time.Duration
}

func (m UniformDelay) validate() error {
	if err := validDelay("UniformDelay.Min", m.Min); err != nil {
		return err
	}
	if err := validDelay("UniformDelay.Max", m.Max); err != nil {
		return err
	}
	if m.Max < m.Min {
		return fmt.Errorf("testnet: UniformDelay.Max (%v) must not be below Min (%v)", m.Max, m.Min)
	}
	return nil
}

func (m UniformDelay) start() delayState { return m }

func (m UniformDelay) delay(_ int64, r *random.Generator) int64 {
	return int64(m.Min) + r.UpTo(int64(m.Max-m.Min))
}

// ParetoDelay has a heavy tail: to Min comes an excess X of a Pareto (Lomax)
// distribution with shape 2, P(X > x) = 1/(1+x/Mean)^2. Half the datagrams
// exceed 0.41 Mean, one in a hundred 9 Mean, one in ten thousand 99 Mean. The
// sum is cut at Max.
type ParetoDelay struct {
	Min  time.Duration
	Mean time.Duration // of the excess, if Max is far away
	Max  time.Duration
}

func (m ParetoDelay) validate() error {
	if err := validDelay("ParetoDelay.Min", m.Min); err != nil {
		return err
	}
	if err := validDelay("ParetoDelay.Mean", m.Mean); err != nil {
		return err
	}
	if err := validDelay("ParetoDelay.Max", m.Max); err != nil {
		return err
	}
	if m.Mean == 0 || m.Max <= m.Min {
		return fmt.Errorf("testnet: ParetoDelay needs a Mean above 0 and a Max (%v) above Min (%v)",
			m.Max, m.Min)
	}
	return nil
}

func (m ParetoDelay) start() delayState { return m }

// The lesser of two Lomax variables of shape 1 is one of shape 2, and shape 1
// needs no root and no logarithm: P(mean*(1-u)/u > x) = 1/(1+x/mean).
func (m ParetoDelay) delay(_ int64, r *random.Generator) int64 {
	limit := uint64(m.Max - m.Min)
	x := min(lomax(uint64(m.Mean), limit, r.Uint64()), lomax(uint64(m.Mean), limit, r.Uint64()))
	return int64(m.Min) + int64(x)
}

// lomax returns scale*(1-u)/u, where u is the draw as a fraction of 2^64, or
// limit if that is less.
func lomax(scale, limit, draw uint64) uint64 {
	hi, lo := bits.Mul64(scale, -draw)
	if hi >= draw { // the quotient exceeds 64 bits, or the draw is 0
		return limit
	}
	q, _ := bits.Div64(hi, lo, draw)
	return min(q, limit)
}
