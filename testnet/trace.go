package testnet

import (
	"errors"
	"fmt"
	"time"
)

// TraceLoss replays a recorded loss pattern, one datagram after the other.
type TraceLoss struct {
	Lost []bool // one a datagram; shared, never changed
	Loop bool   // start the record again at its end; otherwise nothing is lost after it
}

func (m TraceLoss) validate() error {
	if len(m.Lost) == 0 {
		return errors.New("testnet: TraceLoss.Lost is empty; read a record with ReadBits")
	}
	return nil
}

func (m TraceLoss) start() lossState { return &traceLoss{TraceLoss: m} }

type traceLoss struct {
	TraceLoss
	next int
}

func (t *traceLoss) lose(int64, *random) bool {
	i, ok := step(&t.next, len(t.Lost), t.Loop)
	return ok && t.Lost[i]
}

// TraceDelay replays recorded delays, one datagram after the other, the lost
// ones included. The link must be Unordered for the recorded reordering to
// happen.
type TraceDelay struct {
	Delays []time.Duration // one a datagram, 0 to MaxDelay; shared, never changed
	Loop   bool            // start the record again at its end; otherwise its last delay stays
}

func (m TraceDelay) validate() error {
	if len(m.Delays) == 0 {
		return errors.New("testnet: TraceDelay.Delays is empty; read a record with ReadDelays")
	}
	for i, d := range m.Delays {
		if d < 0 || d > MaxDelay {
			return fmt.Errorf("testnet: TraceDelay.Delays[%d] is from 0 to %v, not %v", i, MaxDelay, d)
		}
	}
	return nil
}

func (m TraceDelay) start() delayState { return &traceDelay{TraceDelay: m} }

type traceDelay struct {
	TraceDelay
	next int
}

func (t *traceDelay) delay(*random) int64 {
	i, ok := step(&t.next, len(t.Delays), t.Loop)
	if !ok {
		i = len(t.Delays) - 1
	}
	return int64(t.Delays[i])
}

// step returns the next place in a record of n, and false behind its end.
func step(next *int, n int, loop bool) (int, bool) {
	i := *next
	if i == n {
		if !loop {
			return 0, false
		}
		i = 0
	}
	*next = i + 1
	return i, true
}
