package receive

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
)

// The survivors of a publisher end with the same messages, those that anyone had, and with the same
// certificate, which names what nobody has.
func TestSurvivorsRepairEachOther(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	b.publishes(10, 20, 0) // only the first hears these
	b.publishes(25, 30, 1) // and these only the second
	b.publishes(28, 30, 2) // of which the third has two; nobody heard [20, 25)
	took := b.settles(5*time.Second, b.certified)
	hash := b.list[0].certificate().Hash
	for i, s := range b.list {
		st, c := s.session(1), s.certificate()
		if st.Delivered != 25 || st.Lost != 5 || st.NextOffset != 30 || st.End != reliable.EndSilent ||
			st.Inquests != 1 || st.Certificates != 1 {
			t.Errorf("%d: %+v", i, st)
		}
		if !c.Agreed || c.Hash != hash || len(c.Members) != 3 || c.Frames.To != 30 ||
			len(c.Nobody) != 1 || c.Nobody[0] != (nack.Range{From: 20, To: 25}) ||
			len(c.Lost) != 1 || c.Lost[0] != (nack.Range{From: 20, To: 25}) || c.LostMessages != 5 ||
			len(c.Unsettled) != 0 {
			t.Errorf("%d: %+v", i, c)
		}
		if loss := s.events(reliable.Loss); len(loss) != 1 || loss[0].Cause != reliable.CauseNobody {
			t.Errorf("%d: %+v", i, loss)
		}
		if n := len(s.events(reliable.SessionInquest)); n != 1 {
			t.Errorf("%d: %d inquests were told", i, n)
		}
		if last := s.told[len(s.told)-1].Kind; last != reliable.SessionSilent {
			t.Errorf("%d: the last event is %v", i, last)
		}
	}
	if took > 2*time.Second+500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}
