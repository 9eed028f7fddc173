package nack

import "testing"

// The quiet after a NACK, a quarter of a round trip, puts off asking, and not
// giving up.
func TestMaxWaitIsKeptWhileANackMustWait(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{MaxWait: 20 * ms}}, func(s *subscriber) {
		s.knowRTT(400 * ms)
		s.lose("1")
		s.wantNack("1")
		s.advance(ms)
		s.lose("5")
		s.advance(19 * ms)
		s.wantLost("1 late")
		s.advance(ms)
		s.wantLost("5 late")
	})
}

// Frames that find no room one after the other are one gap, but none of them is
// given up before its own time, and none much later.
func TestMaxWaitOfWhatFindsNoRoom(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{MaxWait: 160 * ms}}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+100)
		found := map[uint64]Time{}
		for i := range uint64(500) {
			s.r.Missing(s.now, s.base+100+i, s.base+101+i)
			found[s.base+100+i] = s.now
			s.advance(ms)
			for _, l := range s.lost {
				for seq := l.From; seq < l.To; seq++ {
					if open := s.now.Sub(found[seq]); l.Cause != Late || open < 159*ms ||
						open > (160+160/16+10)*ms {
						s.Fatalf("frame %d was given up as %v after %v", seq-s.base, l.Cause, open)
					}
					delete(found, seq)
				}
			}
			s.lost = nil
			if n := s.r.gaps.Len(); n > 20 {
				s.Fatalf("%d gaps", n)
			}
		}
		if len(found) > 180 {
			s.Errorf("%d frames were not given up", len(found))
		}
		s.r.Forget(s.base, s.base+1000, nil)
	})
}

// A gap that is given up frees its part of MaxAsk, also while nothing may be asked for.
func TestGivenUpGapFreesMaxAsk(t *testing.T) {
	everywhere(t, RequesterConfig{MaxAsk: 10, Recovery: Recovery{MaxWait: 20 * ms}},
		func(s *subscriber) {
			s.knowRTT(400 * ms)
			s.lose("0-9")
			s.advance(15 * ms)
			s.lose("20-29")
			s.wantNack("0-9")
			s.advance(5 * ms)
			s.wantLost("0-9 late")
			s.advance(10 * ms)
			s.lose("40-49")
			s.advance(5 * ms)
			s.wantLost("20-29 late") // no NACK was due before 100 ms
			s.r.Forget(s.base, s.base+100, nil)
		})
}
