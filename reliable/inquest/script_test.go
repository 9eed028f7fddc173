package inquest

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
)

// A script has one survivor, of 100 frames, in an inquest with members that say what the test
// wants.
type script struct {
	t   *testing.T
	q   *Inquest
	now reliable.Time
	own Own
	// last is the last DIGEST that went out, and sent how many did.
	last frame.Frame
	sent int
	// said are the versions.
	said uint64
	// each is called each millisecond.
	each func()
}

func newScript(t *testing.T, c Config, own Own) *script {
	c.ID, c.Role, c.Session = 1, frame.Peer, session
	s := &script{t: t, q: New(0, c), own: own}
	s.own.Next = Place{100, 1000}
	s.q.Update(0, &s.own)
	return s
}

// run lets time pass, and has DIGESTs sent.
func (s *script) run(d time.Duration) {
	for end := s.now.Add(d); s.now < end; s.now += milli {
		if s.each != nil {
			s.each()
		}
		s.q.Advance(s.now)
		for s.q.Digest(s.now, &s.last) {
			s.sent++
		}
		if at := s.q.Deadline(); at < s.now {
			s.t.Fatalf("a deadline that has passed: %v at %v", time.Duration(at),
				time.Duration(s.now))
		}
	}
}

// say has a member say that it has all of the stream, but for what change does.
func (s *script) say(id uint64, change func(f *frame.Frame)) {
	s.said++
	f := &frame.Frame{
		Kind: frame.Digest, Session: session, Responder: id, NextSeq: 100, NextOffset: 1000,
		Digest: &frame.DigestBody{Role: frame.Peer, Version: s.said, Position: 100, To: 100},
	}
	if change != nil {
		change(f)
	}
	from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(id >> 8), byte(id)}), 7000)
	if !s.q.Hear(s.now, from, f) {
		s.t.Fatalf("refused: %+v", s.q.Refused())
	}
}

// Members agree for one G before they believe it, and have said so once more.
func TestAgreementLasts(t *testing.T) {
	s := newScript(t, Config{RoundTrip: 20 * ms}, Own{Position: Place{100, 1000}})
	s.each = func() {
		if s.now%(5*milli) == 0 {
			s.say(2, func(f *frame.Frame) {
				if s.now > 200*milli {
					f.Digest.Proposal = s.last.Digest.Proposal
				}
			})
		}
	}
	s.run(2 * time.Second)
	c := s.q.Certificate()
	if g := s.q.gather(); c == nil || !c.Agreed || c.Took < 200*ms+g || c.Took > 200*ms+2*g {
		t.Fatalf("%+v", c)
	}
}

// Nobody waits for the agreement of one that holds no inquest, but has something.
func TestApart(t *testing.T) {
	s := newScript(t, Config{}, Own{Absent: seqs(10, 20), Position: Place{10, 100}})
	s.each = func() {
		if s.now == 0 || s.now == 40*milli {
			s.say(2, func(f *frame.Frame) {
				f.Digest.Role, f.Flags = frame.Recorder, frame.Final
				f.Ranges = seqs(15, 16)
			})
		}
		if s.now == 100*milli { // it was repaired
			s.own.Absent, s.own.Position = seqs(15, 16), Place{15, 150}
			s.q.Update(s.now, &s.own)
		}
	}
	s.run(time.Second)
	c := s.q.Certificate()
	if c == nil || !c.Agreed || len(c.Members) != 2 || !slices.Equal(c.Nobody, seqs(15, 16)) ||
		c.Members[1].Confirmed || c.Members[1].Role != frame.Recorder {
		t.Fatalf("%+v", c)
	}
}

// Where fewer are heard than the publisher had counted, the others have more time.
func TestFewerThanCounted(t *testing.T) {
	for counted, want := range map[int]time.Duration{1: 51 * ms, 2: time.Second} {
		s := newScript(t, Config{Counted: counted}, Own{Position: Place{100, 1000}})
		s.run(2 * time.Second)
		if c := s.q.Certificate(); c == nil || c.Took < want || c.Took > want+20*ms {
			t.Errorf("%d counted: %+v", counted, c)
		}
	}
	// One that hears another doesn't wait for a third one for so long.
	s := newScript(t, Config{Counted: 3}, Own{Position: Place{100, 1000}})
	s.each = func() { s.say(2, func(f *frame.Frame) { f.Digest.Proposal = s.q.proposal() }) }
	s.run(2 * time.Second)
	g := s.q.gather()
	if c := s.q.Certificate(); c == nil || c.Took < 4*g || c.Took > 5*g {
		t.Errorf("one of two others is heard: %+v", c)
	}
}

// There is time for what is missing, but not for ever.
func TestTimeForRepairs(t *testing.T) {
	for size, want := range map[int]time.Duration{
		1 << 18:  2004*ms + 20<<18*time.Second/repairRate,
		64 << 20: 30 * time.Second, 512 << 20: 30 * time.Second,
	} {
		s := newScript(t, Config{FrameSize: size},
			Own{Absent: seqs(10, 30), Position: Place{10, 100}})
		s.each = func() {
			if s.now%(20*milli) == 0 {
				s.say(2, nil)
			}
		}
		s.run(40 * time.Second)
		c := s.q.Certificate()
		if c == nil || c.Took < want || c.Took > want+10*ms || c.Agreed || len(c.Nobody) > 0 ||
			!slices.Equal(c.Unsettled, seqs(10, 30)) {
			t.Errorf("frames of %d bytes, %v: %+v", size, want, c)
		}
	}
}

// While somebody hears the publisher, nothing is proposed.
func TestLiveHasNoProposal(t *testing.T) {
	s := newScript(t, Config{}, Own{Position: Place{100, 1000}})
	s.each = func() {
		if s.now%(100*milli) == 0 {
			s.say(2, func(f *frame.Frame) { f.Flags = frame.Live })
		}
		if s.sent > 0 && (s.last.Digest.Proposal != 0 || s.last.Flags != 0) {
			t.Fatalf("it proposed %x", s.last.Digest.Proposal)
		}
	}
	s.run(5 * time.Second)
	if c := s.q.Certificate(); s.q.Outcome() != CutOff || c.Number != 0 || len(c.Live) != 1 ||
		c.Took < 2*time.Second || c.Took > 2100*ms {
		t.Errorf("%+v", c)
	}
}

// One that has its certificate answers one that hasn't.
func TestFinalAnswers(t *testing.T) {
	s := newScript(t, Config{}, Own{Position: Place{100, 1000}})
	said := 0
	s.each = func() {
		if s.now%(20*milli) == 0 && s.now < 1000*milli {
			s.say(2, func(f *frame.Frame) {
				f.Digest.Proposal = s.last.Digest.Proposal
				if s.q.Outcome() != Running {
					f.Flags = frame.Final
				}
			})
		}
		if s.now == 5000*milli {
			said = s.sent
			s.say(2, func(f *frame.Frame) { f.Digest.Proposal = s.last.Digest.Proposal })
		}
	}
	s.last.Digest = &frame.DigestBody{}
	s.run(5 * time.Second)
	if s.q.Outcome() != Agreed || s.last.Flags != frame.Final || s.sent > 12 {
		t.Fatalf("%v, %v, %d DIGESTs", s.q.Outcome(), s.last.Flags, s.sent)
	}
	s.run(100 * ms)
	if s.sent == said {
		t.Error("no answer")
	}
}

// Members at other addresses extend the stream by so much, and no more.
func TestEvidence(t *testing.T) {
	claims := func(next uint64) func(*frame.Frame) {
		return func(f *frame.Frame) { // it holds all but the end
			f.NextSeq, f.NextOffset, f.Digest.To = next, next*10, next
			f.Ranges = clip(seqs(100, next), 0, next)
		}
	}
	for _, test := range []struct {
		claims []uint64
		want   uint64
	}{
		{[]uint64{100}, 100},
		{[]uint64{150}, 150},
		{[]uint64{100 + nearHeld}, 100 + nearHeld},
		{[]uint64{101 + nearHeld}, 100},
		{[]uint64{1 << 19, 101 + nearHeld}, 101 + nearHeld},
		{[]uint64{1 << 19, 1 << 18, 100}, 1 << 18},
		{[]uint64{1 << 40, 1 << 50}, 100},
		{[]uint64{1 << 40, 1 << 50, 1 << 19, 1<<19 + 1}, 1 << 19},
	} {
		s := newScript(t, Config{}, Own{})
		for i, c := range test.claims {
			s.say(uint64(i+2), claims(c))
		}
		if e := s.q.Evidence(); e.Seq != test.want && e.Seq != test.want+1 ||
			e.Offset != e.Seq*10 {
			t.Errorf("%d: %v", test.claims, e)
		}
	}
}

// In a full table those that weren't heard lately give way.
func TestAwayGiveWay(t *testing.T) {
	s := newScript(t, Config{}, Own{Position: Place{100, 1000}})
	for id := uint64(2); id < MaxMembers+1; id++ {
		s.say(id, nil)
	}
	s.run(time.Second)
	for s.q.Members() > 0 {
		s.run(100 * ms)
	}
	for id := uint64(5000); id < 5100; id++ {
		s.say(id, nil)
		s.run(2 * ms)
	}
	if n := s.q.Members(); n != 100 {
		t.Errorf("%d members", n)
	}
}

// Amendments come the later the more there were.
func TestAmendmentsArePaced(t *testing.T) {
	s := newScript(t, Config{}, Own{Position: Place{100, 1000}})
	s.last.Digest = &frame.DigestBody{}
	s.each = func() {
		if s.now > 100*milli && s.now%(20*milli) == 0 {
			// A stranger that makes up an id each 200 ms, and confirms what is proposed.
			id := 2 + uint64(s.now/(200*milli))
			s.say(id, func(f *frame.Frame) { f.Digest.Proposal = s.last.Digest.Proposal })
		}
	}
	number := 0
	for range 120 {
		s.run(500 * ms)
		if c := s.q.Amended(); c != nil {
			number = c.Number
		}
	}
	if number < 3 || number > 16 {
		t.Errorf("%d certificates in a minute", number)
	}
}
