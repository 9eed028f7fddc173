package worker

import (
	"testing"
	"testing/synctest"
	"time"
)

// Messages are due at even times from the start, to the nanosecond, however
// many they are.
func TestScheduleIsEven(t *testing.T) {
	s := schedule{rate: 3000}
	for _, c := range []struct {
		n    uint64
		want time.Duration
	}{{0, 0}, {1, 333333}, {3, time.Millisecond}, {3000, time.Second},
		{3 * 3000 * 3600, 3 * time.Hour}} {
		if got := s.due(c.n); got != c.want {
			t.Errorf("message %d is due at %v, want %v", c.n, got, c.want)
		}
	}
	if n := s.count(2 * time.Second); n != 6000 {
		t.Errorf("%d messages in 2 s", n)
	}
	if s := (schedule{rate: 1e-300}); s.due(1) <= 0 {
		t.Error("a time beyond all times is not after the start")
	}
}

// What holds one message up makes those behind it late as well, and that counts:
// due times don't move.
func TestScheduleOmitsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := schedule{rate: 1000, start: time.Now()}
		began := s.start.UnixNano()
		time.Sleep(10500 * time.Microsecond) // the first message takes that long
		for i := range 11 {
			if due := s.next() - began; due != int64(i)*int64(time.Millisecond) {
				t.Fatalf("message %d was due at %v", i, time.Duration(due))
			}
		}
		q := s.late.Quantiles()
		if q.Max != 10500e3 || q.P50 < 5400e3 || q.P50 > 5600e3 {
			t.Errorf("lateness %+v, want 10.5 ms down to 0.5 ms", q)
		}
		if s.idle != 0 {
			t.Errorf("it idled for %v while it was late", s.idle)
		}
	})
}
