package link

import (
	"errors"
	"fmt"
	"time"

	"crier/testnet/random"
)

// TraceLoss replays a recorded loss pattern: one datagram after the other, or, with
// an Interval, by the time of the run.
type TraceLoss struct {
	Lost []bool // shared, never changed
	Loop bool   // start the record again at its end; otherwise nothing is lost after it
	// Interval is the time from one sample to the next: what leaves the queue
	// meanwhile shares one's fate. 0: a sample is a datagram.
	Interval time.Duration
}

func (m TraceLoss) validate() error {
	if len(m.Lost) == 0 {
		return errors.New("testnet: TraceLoss.Lost is empty; read a record with ReadBits")
	}
	return validDelay("TraceLoss.Interval", m.Interval)
}

func (m TraceLoss) start() lossState { return &traceLoss{TraceLoss: m} }

type traceLoss struct {
	TraceLoss
	next int
}

func (t *traceLoss) lose(now int64, _ *random.Generator) bool {
	i, ok := step(&t.next, len(t.Lost), t.Loop, now, t.Interval)
	return ok && t.Lost[i]
}

// TraceDelay replays recorded delays: one datagram after the other, the lost ones
// included, or, with an Interval, by the time of the run. The link must be
// Unordered for the recorded reordering to happen.
type TraceDelay struct {
	Delays []time.Duration // 0 to MaxDelay; shared, never changed
	Loop   bool            // start the record again at its end; otherwise its last delay stays
	// Interval is the time from one sample to the next, as in TraceLoss.
	Interval time.Duration
}

func (m TraceDelay) validate() error {
	if len(m.Delays) == 0 {
		return errors.New("testnet: TraceDelay.Delays is empty; read a record with ReadDelays")
	}
	for i, d := range m.Delays {
		if d < 0 || d > MaxDelay {
			return fmt.Errorf("testnet: TraceDelay.Delays[%d] is from 0 to %v, not %v", i, MaxDelay,
				d)
		}
	}
	return validDelay("TraceDelay.Interval", m.Interval)
}

func (m TraceDelay) start() delayState { return &traceDelay{TraceDelay: m} }

type traceDelay struct {
	TraceDelay
	next int
}

func (t *traceDelay) delay(now int64, _ *random.Generator) int64 {
	i, ok := step(&t.next, len(t.Delays), t.Loop, now, t.Interval)
	if !ok {
		i = len(t.Delays) - 1
	}
	return int64(t.Delays[i])
}

// step returns the place in a record of n: the next one, or that of a time if there
// is an interval; and false behind its end.
func step(next *int, n int, loop bool, now int64, interval time.Duration) (int, bool) {
	if interval > 0 {
		i := now / int64(interval)
		if i >= int64(n) && !loop {
			return 0, false
		}
		return int(i % int64(n)), true
	}
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
