package nack

import (
	"testing"
	"time"
)

// Frames without room are not asked for until they have it.
func TestTheLimit(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+6)
		s.lose("1", "4-9", "12")
		s.wantNack("1,4-5")
		s.repair("1", "4", "5")
		s.advance(time.Minute)
		s.wantNothing()
		s.r.SetLimit(s.now, s.base+8)
		s.advance(0)
		s.wantNack("6-7")
		s.r.SetLimit(s.now, s.base+100)
		s.advance(0)
		s.wantNack("8-9,12")
		s.repair("6-9", "12")
	})
}

// A limit that doesn't reach a waiting gap causes no request.
func TestALimitThatMovesInVain(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+1)
		s.lose("50")
		for i := range uint64(40) {
			s.r.SetLimit(s.now, s.base+i)
			s.advance(ms)
		}
		s.wantNothing()
		s.r.SetLimit(s.now, s.base+51)
		s.advance(0)
		s.wantNack("50")
		s.repair("50")
	})
}

// A subscriber without room for a while asks for nothing, and so hears no answer. That is
// no reason to give up frames that it asked for before.
func TestWaitingForRoomIsNotSilence(t *testing.T) {
	everywhere(t, RequesterConfig{Recovery: Recovery{Silence: 200 * ms}}, func(s *subscriber) {
		s.lose("5", "9")
		s.wantNack("5,9")
		s.r.SetLimit(s.now, s.base+7)
		s.advance(100 * ms)
		s.r.SetLimit(s.now, s.base+3)
		s.sent = nil
		s.advance(time.Minute)
		s.wantLost()
		s.wantNothing()
		s.r.SetLimit(s.now, s.base+100)
		s.advance(0)
		s.wantNack("5,9")
		s.advance(200 * ms)
		s.wantLost("5 unanswered", "9 unanswered")
		s.sent = nil
	})
}

// Frames that are thrown away one by one, for want of room, are one gap.
func TestGapsBeyondTheLimitJoin(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+10)
		for _, seq := range []string{"10", "11", "12", "15", "13", "14", "20", "17", "16"} {
			s.lose(seq)
		}
		s.wantMissing("10-17,20")
		s.arrive("15") // came, and is thrown away again
		s.wantMissing("10-14,16-17,20")
		s.lose("15")
		s.wantMissing("10-17,20")
		s.advance(time.Minute)
		s.wantNothing()
		s.r.SetLimit(s.now, s.base+100)
		s.advance(0)
		s.wantNack("10-17,20")
		s.repair("10-17", "20")
	})
}

// Below the limit a gap keeps its own time, though it touches another.
func TestGapsBelowTheLimitStayApart(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+11)
		s.lose("9-10")
		s.wantNack("9-10")
		s.lose("11")
		s.wantMissing("9-10,11")
		s.repair("9-10")
		s.r.SetLimit(s.now, s.base+12)
		s.advance(0)
		s.wantNack("11")
		s.repair("11")
	})
}

// A subscriber that is far behind asks in portions, the lowest first.
func TestMaxAsk(t *testing.T) {
	everywhere(t, RequesterConfig{MaxAsk: 100}, func(s *subscriber) {
		s.lose("0-69", "80-199", "210")
		s.wantNack("0-69,80-109")
		s.repair("0-48")
		s.wantNothing() // half a portion must be there first
		s.repair("49")
		s.wantNack("110-159")
		s.repair("50-69", "80-159")
		s.sent = nil
		s.repair("160-199", "210")
	})
}

// When the frames that fill the portion are forgotten, the next request is sent at once.
func TestForgetMakesRoomForTheNextPortion(t *testing.T) {
	everywhere(t, RequesterConfig{MaxAsk: 100}, func(s *subscriber) {
		s.lose("0-199")
		s.wantNack("0-99")
		s.r.Forget(s.base, s.base+100, nil)
		s.advance(0)
		s.wantNack("100-199")
		s.repair("100-199")
	})
}

// Portions that nobody answers end one after the other.
func TestUnansweredPortions(t *testing.T) {
	everywhere(t, RequesterConfig{MaxAsk: 100, Recovery: Recovery{Silence: 200 * ms}},
		func(s *subscriber) {
			s.lose("0-249")
			s.advance(200 * ms)
			s.wantLost("0-99 unanswered")
			s.advance(200 * ms)
			s.wantLost("100-199 unanswered")
			s.advance(200 * ms)
			s.wantLost("200-249 unanswered")
			s.sent = nil
		})
}

// The length of a gap costs neither time nor memory.
func TestAGapOfATrillionFrames(t *testing.T) {
	const length = 1 << 40
	for _, start := range starts {
		if start.seq > ^uint64(0)-length {
			continue
		}
		s := newSubscriber(t, RequesterConfig{MaxAsk: 1000}, start.seq, start.now)
		s.r.Missing(s.now, s.base, s.base+length)
		s.advance(0)
		s.wantNack("0-999")
		for i := range uint64(10000) {
			if _, ok := s.r.Arrived(s.now, s.base+i, true); !ok {
				t.Fatalf("frame %d wasn't missing", i)
			}
			s.advance(0)
		}
		if n := len(s.sent); n != 20 {
			t.Errorf("10,000 repairs took %d NACKs", n)
		}
		if n := s.r.gaps.Len(); n > 3 {
			t.Errorf("%d gaps are left", n)
		}
		removed := s.r.Forget(s.base, s.base+length-5, nil)
		total := uint64(0)
		for _, r := range removed {
			total += r.Len()
		}
		if total != length-10000-5 {
			t.Errorf("%d frames removed", total)
		}
		s.advance(0)
		s.sent = s.sent[20:]
		s.wantNack("1099511627771-1099511627775")
	}
}

// All that can be missing at all, up to the last sequence number.
func TestAllThatCanBeMissing(t *testing.T) {
	s := newSubscriber(t, RequesterConfig{}, 0, 0)
	s.lose("0-18446744073709551613")
	s.wantNack("0-2047")
	s.r.Forget(0, ^uint64(0)-100, nil)
	s.advance(0)
	s.wantNack("18446744073709551515-18446744073709551613")
	s.repair("18446744073709551515-18446744073709551613")
	s.wantNothing()
}

// A frame that waited for room was not lost on the way: its recovery counts from its
// first request.
func TestRecoveryTimeWithoutRoom(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+3)
		s.lose("1", "5-6")
		s.lose("7")
		s.wantNack("1")
		s.repair("1")
		s.advance(10 * time.Second)
		s.r.SetLimit(s.now, s.base+100)
		s.advance(0)
		s.wantNack("5-7")
		asked := s.now
		s.advance(ms)
		for seq, found := range map[uint64]Time{6: asked, 7: asked} {
			if gap, ok := s.r.Arrived(s.now, s.base+seq, true); !ok || gap.Found != found {
				s.Errorf("frame %d was found missing %v before it was asked for", seq,
					asked.Sub(gap.Found))
			}
		}
		s.repair("5")
	})
}

// A frame that finds no room next to a gap that was asked for is not asked for with that
// gap. It is a gap of its own, from below as from above, and is asked for as soon as
// there is room.
func TestRequestedGapIsNotWidened(t *testing.T) {
	everywhere(t, RequesterConfig{}, func(s *subscriber) {
		s.r.SetLimit(s.now, s.base+4)
		s.lose("6-7")
		s.r.SetLimit(s.now, s.base+8)
		s.advance(0)
		s.wantNack("6-7")
		s.r.SetLimit(s.now, s.base+4) // what had room is full again
		s.lose("8", "5")
		s.wantNothing()
		s.r.SetLimit(s.now, s.base+10)
		s.advance(0)
		s.wantNack("5,8")
		s.repair("5-8")
	})
}
