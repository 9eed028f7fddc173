package nack

import (
	"testing"
	"time"
)

func TestNoRecovery(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Off: true}}, func(s *subscriber) {
		s.lose("5")
		s.advance(minReorder - 1)
		s.wantLost()
		s.advance(1)
		s.wantLost("5 not recovered")
		s.lose("7")
		s.r.Confirmed(s.now, s.parse("7"))
		s.arrive("7") // merely late
		s.advance(time.Second)
	})
}

// Without recovery a gap stays open for as long as reordering explains it, and
// true losses make that time short again.
func TestNoRecoveryLearnsReordering(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Off: true}}, func(s *subscriber) {
		s.lose("1")
		s.advance(minReorder / 2)
		s.arrive("1")
		s.lose("3")
		s.advance(minReorder)
		s.wantLost()
		s.advance(minReorder)
		s.wantLost("3 not recovered")
		for range 200 {
			s.lose("5")
			s.advance(200 * ms)
			s.wantLost("5 not recovered")
		}
		if s.r.reorder != 0 {
			s.Errorf("after 200 losses a frame is still waited for, %v", s.r.reorder)
		}
	})
}

// A frame that came late of itself isn't asked for next time, unless it is later
// than that.
func TestReorderingIsLearnt(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("1")
		s.wantNack("1") // nobody could know
		s.advance(100 * us)
		s.arrive("1")
		for range 10 {
			s.lose("2")
			s.advance(100 * us)
			s.arrive("2")
			s.wantNothing()
		}
		s.lose("3")
		s.advance(124 * us)
		s.wantNothing()
		s.advance(us)
		s.wantNack("3")
		s.repair("3")
	})
}

func TestReorderingIsUnlearnt(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("1")
		s.advance(100 * us)
		s.arrive("1")
		s.sent = nil
		last := time.Hour
		for i := range 200 {
			found := s.now
			s.lose("2")
			s.advance(ms)
			waited := s.wantNack("2").Sub(found)
			if waited > last {
				s.Fatalf("loss %d was asked for after %v, the one before after %v", i, waited, last)
			}
			last = waited
			s.repair("2")
		}
		if last != 0 {
			s.Errorf("after 200 true losses a frame is still waited for, %v", last)
		}
	})
}

// However late a frame comes, asking is never put off by more than a bound.
func TestReorderingIsBounded(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("1")
		s.advance(time.Second)
		s.arrive("1")
		s.sent = nil
		found := s.now
		s.lose("2")
		s.advance(time.Second)
		if at := s.wantNack("2").Sub(found); at != maxReorder {
			s.Errorf("asked after %v", at)
		}
		s.sent = nil
		s.repair("2")
	})
}
