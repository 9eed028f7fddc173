package link

import (
	"errors"
	"fmt"
	"time"

	"crier/testnet/random"
)

// NoiseLoss loses datagrams that recorded noise drowns: the datagram
// that leaves the queue at now is lost if the sample at now exceeds Threshold.
// It goes by the time of the run, not by datagrams: links that share a record
// lose together, and the ones with a lower threshold lose more.
type NoiseLoss struct {
	Noise     []int16       // samples, in dBm if the record is; shared, never changed
	Interval  time.Duration // from one sample to the next
	Threshold int           // the receiver's, in the samples' unit
	Offset    time.Duration // where in the record the run starts
	Loop      bool          // start the record again at its end; otherwise nothing is lost after it
}

func (m NoiseLoss) validate() error {
	if len(m.Noise) == 0 {
		return errors.New("testnet: NoiseLoss.Noise is empty; read a record with ReadNoise")
	}
	if m.Interval < 1 || m.Interval > MaxDelay {
		return fmt.Errorf("testnet: NoiseLoss.Interval is from 1ns to %v, not %v", MaxDelay,
			m.Interval)
	}
	if m.Offset < 0 {
		return fmt.Errorf("testnet: NoiseLoss.Offset must not be negative, as %v is", m.Offset)
	}
	return nil
}

func (m NoiseLoss) start() lossState { return &m }

func (m *NoiseLoss) lose(now int64, _ *random.Generator) bool {
	// Two non-negative int64 don't overflow a uint64.
	i := (uint64(now) + uint64(m.Offset)) / uint64(m.Interval)
	n := uint64(len(m.Noise))
	if i >= n {
		if !m.Loop {
			return false
		}
		i %= n
	}
	return int(m.Noise[i]) > m.Threshold
}
