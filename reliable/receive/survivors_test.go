package receive

import (
	"testing"
	"time"

	"crier/reliable"
)

// What the publisher doesn't answer for isn't lost while it may be dead: a survivor has it. Once the
// publisher is heard it is.
func TestUnansweredRequestsWaitForTheSilence(t *testing.T) {
	for _, dies := range []bool{true, false} {
		b := newBand(t, 2, Config{})
		b.starts()
		b.publishes(0, 10, 0, 1)
		b.publishes(10, 15, 1)
		b.publishes(15, 16, 0, 1)
		b.living(16, 1900*time.Millisecond, 0, 1)
		b.runs(400 * time.Millisecond)
		s := b.list[0]
		if st := s.session(1); st.Lost != 0 || st.Gaps == 0 || s.session0().own.phase != live {
			t.Fatalf("%+v", st)
		}
		lost := uint64(0)
		if dies {
			b.settles(5*time.Second, b.certified)
		} else {
			b.living(16, time.Second, 0, 1)
			lost = 5
		}
		if st := s.session(1); st.Lost != lost || st.Delivered != 16-lost || st.Gaps != 0 {
			t.Errorf("it dies %v: %+v", dies, st)
		}
		if n := len(s.session0().own.asked.list); !dies && n != 1 {
			t.Errorf("%d may answer", n)
		}
		if loss := s.events(reliable.Loss); !dies && (len(loss) != 1 ||
			loss[0].Cause != reliable.CauseUnanswered) {
			t.Errorf("%+v", loss)
		}
	}
}
