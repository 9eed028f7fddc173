package receive

import (
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
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
	b.lost = func(from, to int, f *frame.Frame) bool {
		for _, g := range f.Ranges {
			if f.Kind == frame.Nack && g.Clip(20, 25).Len() > 0 {
				t.Errorf("%d is asked for %v", to, g)
			}
		}
		return false
	}
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

// A publisher that is heard again ends an inquest: nothing is lost, there is no certificate, and
// it is asked again for what is missing.
func TestAPublisherWakesInTheInquest(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	b.publishes(15, 16, 0, 1, 2)
	inquests := func() bool {
		for _, s := range b.list {
			if s.session(1).DigestsHeard < 4 {
				return false
			}
		}
		return true
	}
	b.settles(5*time.Second, inquests)
	if !b.list[0].session(1).Inquest || !b.list[0].Inquires(1, 0) {
		t.Fatal("there is no inquest")
	}
	b.tells(b.heartbeat(16), 0, 1, 2)
	b.runs(20 * time.Millisecond)
	for i, s := range b.list {
		st, kinds := s.session(1), rig.Kinds(s.told)
		if st.Lost != 0 || st.Resumed != 1 || st.Inquest || kinds[reliable.SessionInquest] != 1 ||
			kinds[reliable.SessionResumed] != 1 || kinds[reliable.SessionSilent] != 0 ||
			s.events(reliable.SessionResumed)[0].Certificate != nil || st.Unanswered == 0 {
			t.Errorf("%d: %+v, told %v", i, st, kinds)
		}
		if list := s.table.list[0].own.asked.list; len(list) != 1 {
			t.Errorf("%d: %d may answer", i, len(list))
		}
		s.told = nil
	}
	b.publishes(10, 15, 0, 1, 2)
	for i, s := range b.list {
		if st := s.session(1); st.Delivered != 16 || st.Lost != 0 || st.Gaps != 0 {
			t.Errorf("%d: %+v", i, st)
		}
	}
}

// A publisher that is heard after the certificate has it withdrawn. What was named lost stays
// lost, and what comes goes on.
func TestAPublisherWakesAfterTheInquest(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(15, 16, 0, 1)
	b.settles(5*time.Second, b.certified)
	b.runs(time.Second)
	b.tells(b.heartbeat(20), 0, 1)
	b.publishes(10, 20, 0, 1)
	for i, s := range b.list {
		st, c := s.session(1), s.events(reliable.SessionResumed)
		if st.Delivered != 15 || st.Lost != 5 || st.End != reliable.EndOpen || len(c) != 1 {
			t.Fatalf("%d: %+v", i, st)
		}
		if w, old := c[0].Certificate, s.certificate(); w == nil || !w.Withdrawn || old.Withdrawn ||
			w.Number != 1 || w.LostMessages != 5 {
			t.Errorf("%d: %+v", i, w)
		}
		s.told = nil
	}
	b.publishes(20, 21, 0)
	b.settles(5*time.Second, b.certified) // the next silence begins anew
	for i, s := range b.list {
		if c := s.certificate(); c.Number != 1 || c.LostMessages != 0 || s.session(1).Delivered != 16 {
			t.Errorf("%d: %+v", i, c)
		}
	}
}

// Survivors that can't hear each other have a certificate each. Once they can, what lies behind
// the end of one is delivered there, what it had named lost is counted, and both have the same.
func TestSurvivorsThatWereSplit(t *testing.T) {
	b := newBand(t, 4, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2, 3)
	b.publishes(10, 15, 2)
	b.publishes(15, 20, 0, 2)
	b.publishes(20, 30, 3)
	split := true
	b.lost = func(from, to int, f *frame.Frame) bool { return split && from >= 0 && from/2 != to/2 }
	b.settles(5*time.Second, b.certified)
	for i, s := range b.list {
		st, c := s.session(1), s.certificate()
		lost, next := uint64(0), uint64(30)
		if i < 2 {
			lost, next = 5, 20
		}
		if st.Lost != lost || st.NextOffset != next || len(c.Members) != 2 || c.LostMessages != lost {
			t.Errorf("%d: %+v %+v", i, st, c)
		}
	}
	split = false
	b.settles(30*time.Second, func() bool {
		for _, s := range b.list {
			if len(s.events(reliable.SessionAmended)) == 0 {
				return false
			}
		}
		return true
	})
	b.runs(time.Second)
	hash := uint64(0)
	for i, s := range b.list {
		st, list := s.session(1), s.events(reliable.SessionAmended)
		c := list[len(list)-1].Certificate
		lost := uint64(0)
		if i < 2 {
			lost = 5
		}
		if st.Delivered != 30-lost || st.Lost != lost || st.NextOffset != 30 || st.Found != lost ||
			c.Found != lost || c.Number < 2 || c.Frames.To != 30 || len(c.Nobody) != 0 ||
			st.End != reliable.EndSilent || c.LostMessages != lost || len(c.Members) != 4 {
			t.Errorf("%d: %+v %+v", i, st, c)
		}
		if hash == 0 {
			hash = c.Hash
		}
		if c.Hash != hash {
			t.Errorf("%d: another hash", i)
		}
		if at := s.offsets(); !slices.IsSorted(at) || at[len(at)-1] != 29 {
			t.Errorf("%d: told %v", i, at)
		}
	}
}

// A survivor that dies in the inquest, with frames that only it has, holds up the others until the
// deadline, and no longer; what it had is lost.
func TestASurvivorDies(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	b.publishes(10, 20, 2)
	b.publishes(20, 30, 0, 1, 2)
	b.lost = func(from, to int, f *frame.Frame) bool { return f.Kind == frame.Nack }
	b.settles(5*time.Second, func() bool { return b.list[0].session(1).DigestsHeard > 4 })
	b.list[2].dead = true
	if took := b.settles(5*time.Second, b.certified); took < 1500*time.Millisecond {
		t.Errorf("the only holder was waited for during %v", took)
	}
	for i, s := range b.list[:2] {
		if st, c := s.session(1), s.certificate(); st.Lost != 10 || st.Delivered != 20 || st.Gaps != 0 ||
			c.LostMessages != 10 {
			t.Errorf("%d: %+v %+v", i, st, c)
		}
	}
}

// A stream is left while its inquest goes on, or after it: each message is told once, and nobody
// is told of it any more.
func TestAnInquestIsLeft(t *testing.T) {
	for _, after := range []bool{false, true} {
		for name, leave := range map[string]func(b *band, s *soul){
			"closed": func(b *band, s *soul) { s.Close(b.now) },
			"BYE": func(b *band, s *soul) {
				b.tells(rig.Made(t, frame.Frame{Kind: frame.Bye, Session: 1,
					Time: 1<<60 + uint64(b.now), NextSeq: 16, NextOffset: 16}), 0)
			},
			"evicted": func(b *band, s *soul) { s.session0().yield(b.now) },
		} {
			b := newBand(t, 2, Config{})
			b.starts()
			b.publishes(0, 10, 0, 1)
			b.publishes(15, 16, 0, 1)
			s := b.list[0]
			b.settles(5*time.Second, func() bool { return s.session(1).DigestsHeard > 0 })
			lost := uint64(5)
			if after {
				b.settles(5*time.Second, b.certified)
			}
			leave(b, s)
			b.runs(15 * time.Second)
			st := s.session(1)
			if st.Delivered != 11 || st.Lost != lost || st.Gaps != 0 || st.Inquest {
				t.Errorf("%s, after it %v: %+v", name, after, st)
			}
			if over := name == "BYE"; over && (s.session0().own.aftermath != nil || s.forgot == 0) {
				t.Errorf("%s, after it %v: the survivors are still heard", name, after)
			}
			if c := s.certificate(); (c != nil) != after {
				t.Errorf("%s, after it %v: %+v", name, after, c)
			}
		}
	}
}

// Five minutes after the certificate all is forgotten, and nothing is to do any more.
func TestAnAftermathEnds(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.settles(5*time.Second, b.certified)
	s := b.list[0]
	if !s.Awaits(s.now) {
		t.Error("the others may need it yet")
	}
	b.runs(time.Second)
	if s.Awaits(s.now) {
		t.Error("the others have had a second")
	}
	b.runs(aftermathTime - 2*time.Second)
	if n := s.session(1).DigestsSent; s.forgot != 0 || n < 28 || n > 60 {
		t.Errorf("%d digests were sent, forgot %d", n, s.forgot)
	}
	b.runs(2 * time.Second)
	if s.forgot != 1 || s.Deadline() != reliable.Never {
		t.Errorf("forgot %d, deadline %d", s.forgot, s.Deadline())
	}
}

// session0 returns the first session.
func (l *listener) session0() *session { return l.table.list[0] }

// An application that takes the certificate late, when the stream is known to go further already,
// gets what lies behind it, too.
func TestACertificateIsTakenLate(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(10, 30, 1)
	split := true
	b.lost = func(from, to int, f *frame.Frame) bool { return split && from >= 0 }
	s := b.list[0]
	s.idle = true
	st := &s.session0().own
	b.settles(5*time.Second, func() bool { return st.phase == silent })
	split = false
	b.settles(30*time.Second, func() bool { return st.win.high == 30 })
	s.idle = false
	b.settles(10*time.Second, func() bool { return len(s.events(reliable.SessionAmended)) > 0 })
	if st := s.session(1); st.Delivered != 30 || st.Lost != 0 || st.NextOffset != 30 {
		t.Errorf("%+v", st)
	}
}
