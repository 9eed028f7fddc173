package send

import (
	"testing"
	"time"

	"crier/reliable"
)

// A sender that is woken up late each time makes up for it, though it looks for repairs,
// of which there are none, before it looks for data.
func TestSenderMakesUpForLateTimers(t *testing.T) {
	const rate, late = 12_500_000, 3 * time.Millisecond
	s, err := New(Config{Session: 0xabc, Retention: Retention{ResendBuffer: 16 << 20},
		Flow: Flow{MaxRate: 8 * rate}})
	if err != nil {
		t.Fatal(err)
	}
	for range 8000 {
		if _, err := s.Stream(0).Publish(0, make([]byte, 1300)); err != nil {
			t.Fatal(err)
		}
	}
	s.Stream(0).Flush()
	now := reliable.Time(0)
	for now < reliable.Time(500*time.Millisecond) {
		s.Advance(now)
		for b, ok := s.Next(now); ok; b, ok = s.Next(now) {
			s.Sent(b)
		}
		now = max(now, s.limit.Ready()).Add(late)
	}
	if share := float64(s.Stats().Bytes) / (rate * time.Duration(now).Seconds()); share < 0.95 ||
		share > 1.02 {
		t.Errorf("%.3f of the rate", share)
	}
}
