package nack

import (
	"testing"
	"time"
)

func TestOneLostFrameIsAskedForAtOnce(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetGroup(3, ms)
		s.lose("5")
		if at := s.wantNack("5"); at != s.now {
			s.Errorf("asked %v after it was found missing", at.Sub(s.now))
		}
		s.repair("5")
		s.advance(time.Minute)
		s.wantMissing("")
	})
}

func TestManyGapsGoInOneNack(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("3", "5-6", "8", "10-29", "100")
		s.wantNack("3,5-6,8,10-29,100")
		s.repair("3", "5-6", "8", "10-29", "100")
	})
}

// A burst of loss, found frame by frame, must not become a burst of NACKs.
func TestGapsOfOneMomentShareANack(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.knowRTT(400 * us)
		s.lose("0")
		s.wantNack("0")
		for _, gap := range []string{"2", "4", "6", "8"} {
			s.advance(10 * us)
			s.lose(gap)
		}
		s.wantNothing()
		s.advance(60 * us) // a quarter of a round trip after the first
		s.wantNack("2,4,6,8")
		s.repair("0", "2", "4", "6", "8")
	})
}

// In a large group, each subscriber draws a time to wait. Frames lost together share it.
func TestALargeGroupBacksOff(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 3}, func(s *subscriber) {
		s.r.SetGroup(1000, 10*ms)
		s.lose("1", "3", "5")
		found := s.now
		s.wantNothing()
		s.advance(BackoffRoundTrips * 10 * ms)
		at := s.wantNack("1,3,5").Sub(found)
		if at <= 0 || at > BackoffRoundTrips*10*ms {
			s.Errorf("backed off for %v", at)
		}
		s.sent = nil // retries
		s.repair("1", "3", "5")
	})
}

// A subscriber that hears the repair while it backs off never asks.
func TestARepairHeardWhileBackingOffSuppressesTheNack(t *testing.T) {
	everywhere(t, RequesterConfig{Seed: 3}, func(s *subscriber) {
		s.r.SetGroup(1000, 10*ms)
		s.lose("1")
		s.take(77, "1") // somebody else's request
		s.advance(time.Second)
	})
}

func TestRetriesBackOff(t *testing.T) {
	const trip = ms
	everywhere(t, RequesterConfig{Seed: 1}, func(s *subscriber) {
		s.knowRTT(trip)
		s.lose("5", "9")
		timeout := s.r.timeout()
		first := s.wantNack("5,9")
		s.advance(defaultSilence - time.Nanosecond)
		wait, waited, tries := timeout, first, 0
		for ; len(s.sent) > 0; tries++ {
			at := s.wantNack("5,9")
			got := at.Sub(waited)
			if got < wait*3/4 || got > wait*5/4 {
				s.Errorf("retry %d came after %v, want %v, give or take a quarter", tries, got,
					wait)
			}
			wait = min(2*wait, max(timeout, defaultSilence/16))
			waited = at
		}
		if tries < 16 || tries > 32 {
			s.Errorf("%d retries in the silence time", tries)
		}
		s.advance(time.Nanosecond)
		s.wantLost("5 unanswered", "9 unanswered")
		s.wantMissing("")
	})
}

// Forgotten frames are no longer asked for, and not reported twice.
func TestForget(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("1", "3-8", "10-19", "30")
		s.wantNack("1,3-8,10-19,30")
		removed := s.r.Forget(s.base+5, s.base+12, nil)
		if got := s.text(removed); got != "5-8,10-11" {
			s.Errorf("removed %s", got)
		}
		s.wantMissing("1,3-4,12-19,30")
		if got := s.text(s.r.Forget(s.base, s.base+1000, nil)); got != "1,3-4,12-19,30" {
			s.Errorf("removed %s", got)
		}
		s.advance(time.Minute)
		if at := s.r.Deadline(); at != Never {
			s.Errorf("with nothing missing the deadline is %d", at)
		}
	})
}

func TestUnansweredForTheSilenceTime(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 300 * ms}}, func(s *subscriber) {
		s.lose("5")
		s.advance(300*ms - 1)
		s.wantLost()
		s.advance(1)
		s.wantLost("5 unanswered")
		s.sent = nil
		s.advance(time.Minute)
	})
}

// An answer may be as late as all else is.
func TestWhatIsBehindIsNotUnanswered(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 300 * ms}}, func(s *subscriber) {
		s.lose("5")
		s.wantNack("5")
		s.r.SetBehind(4 * time.Second)
		s.advance(4300*ms - 1)
		s.wantLost()
		s.r.SetBehind(5 * time.Second)
		s.advance(time.Second)
		s.wantLost()
		s.r.SetBehind(0)
		s.advance(time.Second)
		s.wantLost("5 unanswered")
		s.sent = nil
	})
}

// A request that went unanswered while this process was suspended says nothing.
func TestSuspended(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 300 * ms}}, func(s *subscriber) {
		s.lose("5", "9")
		s.wantNack("5,9")
		s.now = s.now.Add(time.Minute)
		s.r.Suspended(time.Minute)
		s.advance(0)
		s.wantNack("5,9")
		s.wantLost()
		s.repair("9")
		s.advance(300*ms - 1)
		s.wantLost()
		s.advance(1)
		s.wantLost("5 unanswered")
		s.sent = nil
	})
}

// A request from before a suspension says nothing about the round trip: its answer may
// have waited at the socket for as long.
func TestSuspensionIsNoRoundTrip(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("5")
		s.wantNack("5")
		s.now = s.now.Add(8 * time.Second)
		s.r.Suspended(8 * time.Second)
		s.repair("5")
		if s.r.RTT().Known() {
			s.Errorf("a round trip of %v was measured", s.r.RTT().Smoothed())
		}
		s.lose("7")
		s.wantNack("7")
		s.advance(3 * ms)
		s.repair("7")
		if trip := s.r.RTT().Smoothed(); trip != 3*ms {
			s.Errorf("the round trip is %v, want 3 ms", trip)
		}
	})
}

// A frame that is found missing just after a NACK is requested soon, however long a backlog
// made the round trip seem.
func TestQuietHasABound(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 4 * time.Second}},
		func(s *subscriber) {
			s.lose("1")
			s.wantNack("1")
			s.now = s.now.Add(maxRTT)
			s.r.SetBehind(maxRTT)
			s.repair("1")
			s.lose("2")
			s.wantNack("2")
			s.lose("4")
			s.wantNothing()
			s.advance(4*time.Second/32 - 1)
			s.wantNothing()
			s.advance(1)
			s.wantNack("4")
			s.repair("2", "4")
		})
}

// A long gap is repaired part by part. Each part counts as an answer for the rest.
func TestRepairsRestartTheSilenceOfTheRest(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 300 * ms}}, func(s *subscriber) {
		s.lose("10-15")
		for _, next := range []string{"10", "15", "12", "14"} {
			s.advance(250 * ms)
			s.repair(next)
			s.wantLost()
		}
		s.wantMissing("11,13")
		s.advance(300 * ms)
		s.wantLost("11 unanswered", "13 unanswered")
		s.sent = nil
	})
}

func TestMaxWait(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{MaxWait: 20 * ms}}, func(s *subscriber) {
		s.lose("5")
		s.advance(10 * ms)
		s.lose("7")
		s.advance(10 * ms)
		s.wantLost("5 late")
		s.advance(10 * ms)
		s.wantLost("7 late")
		s.sent = nil
	})
}

// MaxWait also ends gaps that were never requested.
func TestMaxWaitWithoutRoom(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{MaxWait: 20 * ms}}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+3)
		s.lose("5")
		s.advance(20 * ms)
		s.wantLost("5 late")
	})
}

func TestTheRoundTripIsMeasured(t *testing.T) {
	everywhere(t, RequesterConfig{ID: 0xabcdef12345678}, func(s *subscriber) {
		s.lose("1-3")
		s.wantNack("1-3")
		s.advance(300 * us)
		s.repair("1")
		if got := s.r.RTT().Smoothed(); got != 300*us || !s.r.RTT().Known() {
			s.Errorf("%v", got)
		}
		s.advance(700 * us)
		s.repair("2", "3") // these waited behind the first, and tell nothing
		if got := s.r.RTT().Smoothed(); got != 300*us {
			s.Errorf("%v after further answers", got)
		}
		for _, other := range []uint64{0, 1, 77, 0x12345678 << 32, 0x12345679<<32 | 1} {
			s.r.Answered(s.now.Add(time.Millisecond), other)
		}
		if got := s.r.RTT().Smoothed(); got != 300*us {
			s.Errorf("%v after answers to others", got)
		}
	})
}

func TestRequestNumbersDiffer(t *testing.T) {
	everywhere(t, RequesterConfig{ID: 0xabcdef12345678}, func(s *subscriber) {
		seen := map[uint64]bool{}
		for range 100 {
			s.lose("1")
			if request := s.sent[0].request; seen[request] || request>>32 != 0x12345678 {
				s.Fatalf("request %x", request)
			} else {
				seen[request] = true
			}
			s.wantNack("1")
			s.repair("1")
			s.advance(ms)
		}
	})
}

func TestAFrameThatWasNotMissing(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.lose("5-6")
		s.wantNack("5-6")
		for _, seq := range []uint64{0, 4, 7, 1000} {
			if gap, ok := s.r.Arrived(s.now, s.base+seq, false); ok {
				s.Errorf("frame %d closed %v", seq, gap)
			}
		}
		s.r.Missing(s.now, s.base+9, s.base+9) // of nothing
		s.r.Missing(s.now, s.base+9, s.base+8)
		s.wantMissing("5-6")
		s.repair("5-6")
	})
}
