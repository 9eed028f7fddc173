package nack

import (
	"fmt"
	"testing"
	"time"
)

func TestConfirmHoldsBack(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(ms)
		s.lose("4-6", "10")
		s.wantNack("4-6,10")
		timeout := s.r.timeout()
		s.advance(timeout / 2)
		s.r.Confirmed(s.now, s.parse("5-8"))
		s.advance(timeout * 3 / 4)
		s.wantNack("4,10") // these were not confirmed
		s.sent = nil
		s.repair("4-6", "10")
	})
}

// A gap that is asked for rarely by now is not asked for sooner because of a
// CONFIRM.
func TestConfirmHastensNothing(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(ms)
		s.lose("4")
		s.advance(time.Second)
		due := s.r.gaps.all()[0].due
		s.sent = nil
		s.r.Confirmed(s.now, s.parse("4"))
		s.advance(5 * ms)
		s.lose("9")
		s.wantNack("9")
		s.repair("9")
		s.advance(due.Sub(s.now) - 1)
		s.wantNothing()
		s.advance(1)
		s.wantNack("4")
		s.repair("4")
	})
}

// CONFIRM is an answer: while it keeps coming, a gap is not given up.
func TestConfirmRestartsTheSilence(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(ms)
		s.lose("4", "10")
		for range 10 {
			s.r.Confirmed(s.now, s.parse("4"))
			s.advance(defaultSilence * 3 / 4)
		}
		s.wantLost("10 unanswered")
		s.advance(defaultSilence)
		s.wantLost("4 unanswered")
		s.sent = nil
	})
}

// While the word comes again each time that it asks, it asks twice as rarely, down
// to a few times in the silence time.
func TestWhatIsConfirmedAgainAndAgainIsAskedForRarely(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(ms)
		s.lose("4", "10")
		for seen, left := 0, 30000; left > 0; left-- { // 30 s
			s.advance(ms)
			if len(s.sent) > seen {
				seen++
				s.r.Confirmed(s.now, s.parse("4"))
				s.r.Confirmed(s.now, s.parse("10"))
			}
			if len(s.sent) > 75 {
				s.Fatalf("75 NACKs")
			}
			if n := len(s.sent); n > 0 && s.now.Sub(s.sent[n-1].at) > defaultSilence*5/16+ms {
				s.Fatalf("after %d NACKs none for %v", n, s.now.Sub(s.sent[n-1].at))
			}
		}
		s.wantLost()
		s.sent = nil
		s.repair("4", "10")
	})
}

// A retry goes along with a NACK that is sent shortly before it is due.
func TestRetriesGoTogether(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(ms)
		for i := range 50 {
			s.lose(fmt.Sprint(2 * i))
			s.advance(3 * ms)
		}
		s.sent = nil
		s.advance(defaultSilence / 2)
		if n := len(s.sent); n > 40 { // of 50 gaps, each asked for about ten times
			s.Errorf("%d NACKs in a second", n)
		}
		s.sent = nil
		s.r.Forget(s.base, s.base+100, nil)
	})
}

// In a large group most learn of a repair that waits before they have asked.
func TestConfirmHoldsBackWhoNeverAsked(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.r.SetGroup(1000, 10*ms)
		s.lose("4")
		for range 20 {
			s.r.Confirmed(s.now, s.parse("0-99"))
			s.advance(s.r.timeout())
		}
		s.wantNothing()
		s.advance(defaultSilence/4*5/4 + BackoffRoundTrips*10*ms)
		s.wantNack("4")
		s.sent = nil
		s.repair("4")
	})
}

func TestConfirmOfWhatIsNotMissing(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.Confirmed(s.now, s.parse("0-99"))
		s.lose("4")
		s.wantNack("4")
		s.r.Confirmed(s.now, s.parse("0-3"))
		s.r.Confirmed(s.now, s.parse("5-9"))
		s.r.Confirmed(s.now, Range{s.base + 4, s.base + 4})
		s.advance(3 * guessedRTT)
		s.wantNack("4")
		s.sent = nil
		s.repair("4")
	})
}
