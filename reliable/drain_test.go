package reliable

import (
	"testing"
	"time"

	"crier/reliable/frame"
)

// A closed session goes on repairing for as long as it is told to.
func TestLinger(t *testing.T) {
	for _, linger := range []time.Duration{0, 100 * time.Millisecond, 5 * time.Second, time.Minute} {
		p := newPair(t, SenderConfig{Linger: linger}, ReceiverConfig{})
		p.publish(payload(1, 100))
		p.run(p.now.Add(time.Second))
		p.s.Close(p.now)
		closed := p.now
		p.settle()
		for !p.s.Finished(p.now) {
			p.run(p.now.Add(time.Millisecond))
		}
		want := linger
		if want == 0 {
			want = DefaultLinger
		}
		// A STATUS that tells of a time before the close holds it a little longer.
		if took := p.now.Sub(closed); took < want || took > want+statusMin+50*time.Millisecond {
			t.Errorf("it lingered for %v, and was told %v", took, want)
		}
	}
}

// A subscriber that is told to wait long for an answer still asks often enough for a
// closed publisher to know that it is there.
func TestAPatientSubscriberKeepsTheClosedPublisher(t *testing.T) {
	const lossy = 8 * time.Second
	p := newPair(t, SenderConfig{}, ReceiverConfig{Silence: 30 * time.Second})
	gone := false
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		if gone = gone || p.s.Finished(p.now); gone {
			return true
		}
		return toReceiver && p.now < Time(lossy) && (f.Kind == frame.Repair || f.Kind == frame.Data && f.Seq == 3)
	}
	for i := range 6 {
		p.publish(payload(i, 1000))
		p.run(p.now.Add(time.Millisecond))
	}
	p.s.Close(p.now)
	p.run(Time(lossy).Add(5 * time.Second))
	if st := p.check(); st.Lost != 0 || st.Delivered != 6 || st.End != EndBye {
		t.Fatalf("%+v", st)
	}
}
