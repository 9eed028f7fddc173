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

// living has the publisher of a band go on to be heard by some, for so long.
func (b *band) living(next uint64, d time.Duration, whom ...int) {
	for end := b.now.Add(d); b.now < end; {
		b.tells(b.heartbeat(next), whom...)
		b.runs(100 * time.Millisecond)
	}
}

// One that is cut off from a living publisher gets what it misses from those that hear it, is told
// who they are, and has no certificate. They say so without its asking each of them, and answer
// nobody else.
func TestOneIsCutOff(t *testing.T) {
	b := newBand(t, 4, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2, 3)
	b.publishes(10, 20, 0, 1, 2) // the last one is cut off from here on
	b.publishes(20, 21, 0, 1, 2, 3)
	b.publishes(21, 30, 0, 1, 2)
	b.sent = make(map[frame.Kind]int)
	b.living(30, 1900*time.Millisecond, 0, 1, 2)
	cut := b.list[3]
	if b.sent[frame.Digest] != 0 || b.list[0].Serves(b.now, 1, 0, cut.addr, cut.cfg.ID) {
		t.Errorf("%d digests before anybody asks", b.sent[frame.Digest])
	}
	for range 60 {
		if cut.certificate() == nil {
			b.living(30, 100*time.Millisecond, 0, 1, 2)
		}
	}
	st, c := cut.session(1), cut.certificate()
	if c == nil {
		t.Fatalf("%+v", st)
	}
	if st.Delivered != 30 || st.Lost != 0 || st.End != reliable.EndSilent || st.Certificates != 0 ||
		c.Number != 0 || len(c.Nobody) != 0 || len(c.Live) == 0 {
		t.Errorf("%+v %+v", st, c)
	}
	for i, s := range b.list[:3] {
		if st := s.session(1); st.Inquests != 0 || st.DigestsSent > 15 || st.End != reliable.EndOpen {
			t.Errorf("%d: %+v", i, st)
		}
		if s.Serves(b.now, 1, 0, b.list[0].addr, b.list[0].cfg.ID) ||
			s.Serves(b.now, 1, 0, cut.addr, 5) || s.Serves(b.now, 2, 0, cut.addr, cut.cfg.ID) {
			t.Errorf("%d answers whomever", i)
		}
	}
	// It is heard again: that is told, and nothing comes twice.
	b.tells(b.heartbeat(30), 3)
	b.publishes(30, 31, 0, 1, 2, 3)
	if st := cut.session(1); st.Delivered != 31 || st.Resumed != 1 || st.Lost != 0 ||
		cut.events(reliable.SessionResumed)[0].Certificate != nil {
		t.Errorf("%+v", st)
	}
}

// What goes on to be published reaches one that is cut off as well, later.
func TestOneThatIsCutOffIsHelpedOn(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	cut := b.list[2]
	next := uint64(10)
	for range 400 {
		b.publishes(next, next+1, 0, 1)
		next++
		b.tells(b.heartbeat(next), 0, 1)
		b.runs(98 * time.Millisecond)
	}
	if st := cut.session(1); st.Delivered < 200 || st.Lost != 0 {
		t.Errorf("of %d: %+v", next, st)
	}
	if at := cut.offsets(); !slices.IsSorted(at) {
		t.Errorf("told %v", at)
	}
}

// A stranger that says it hears the publisher, without end, puts off the certificate, but not for
// longer than the deadline, and nothing is lost for it that a survivor has.
func TestAForgedWordOfLifeEnds(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(10, 20, 0)
	b.publishes(20, 21, 0, 1)
	version := uint64(0)
	lies := func() {
		version++
		f := rig.Made(t, frame.Frame{Kind: frame.Digest, Flags: frame.Live, Session: 1, Responder: 666,
			Time: version, OldestSeq: 0, NextSeq: 21, NextOffset: 21,
			Digest: &frame.DigestBody{Role: frame.Peer, Version: version, Position: 21, To: 21}})
		for i := range b.list {
			b.post(-2, rig.Elsewhere[0], i, f.Raw, 0)
		}
	}
	from := b.now
	for range 400 {
		lies()
		if b.runs(100 * time.Millisecond); b.certified() {
			break
		}
	}
	if took := b.now.Sub(from); took > 35*time.Second {
		t.Errorf("it took %v", took)
	}
	for i, s := range b.list {
		if st := s.session(1); st.Delivered != 21 || st.Lost != 0 {
			t.Errorf("%d: %+v", i, st)
		}
		if c := s.certificate(); c == nil || len(c.Live) != 1 || c.Live[0].ID != 666 {
			t.Errorf("%d: %+v", i, c)
		}
	}
}

// Words that say how far a stream goes count near what somebody holds, or from two addresses, and
// not farther than a stream can go.
func TestForgedEvidence(t *testing.T) {
	for next, counts := range map[uint64]bool{30: true, 6_000: false, 1 << 30: false} {
		b := newBand(t, 2, Config{})
		b.starts()
		b.publishes(0, 10, 0, 1)
		b.settles(5*time.Second, func() bool { return b.list[0].session(1).DigestsHeard > 0 })
		f := rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1, Responder: 666,
			Time: 1, OldestSeq: 0, NextSeq: next, NextOffset: next, Ranges: []nack.Range{{To: next}},
			Digest: &frame.DigestBody{Role: frame.Peer, Version: 1, Position: 0, To: next}})
		for i := range b.list {
			b.post(-2, rig.Elsewhere[0], i, f.Raw, 0)
		}
		b.settles(10*time.Second, b.certified)
		for i, s := range b.list {
			st := s.session(1)
			if (st.NextOffset == next) != counts || st.Delivered != 10 || st.Lost != st.NextOffset-10 {
				t.Errorf("up to %d, %d: %+v", next, i, st)
			}
		}
	}
}

// A stranger that makes up sessions, and then those that are cut off from them, doesn't have all
// who hear it shout: the words of witnesses are bounded for each publisher's address.
func TestWitnessesOfMadeUpSessions(t *testing.T) {
	const sessions, seconds = 300, 10
	b := newBand(t, 1, Config{})
	l := b.list[0].listener
	l.now = 6e9
	sent, bytes, heard := 0, 0, 0
	for at := range seconds * 4 {
		for id := uint64(1); id <= sessions; id++ {
			l.from(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: id,
				Time: 1<<60 + uint64(at), NextSeq: 1, NextOffset: 1, Group: 1, Interval: time.Second}))
			l.from(rig.Elsewhere[0], rig.Data(t, id, 0))
			l.from(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Digest, Session: id,
				Responder: 666, Time: 1, NextSeq: 1, NextOffset: 1,
				Digest: &frame.DigestBody{Role: frame.Peer, Version: uint64(at), Position: 1, To: 1}}))
			heard++
		}
		for end := l.now.Add(time.Second / 4); l.now < end; l.now = l.now.Add(time.Millisecond) {
			for l.Advance(l.now); ; {
				d, ok := l.Next(l.now)
				if !ok {
					break
				}
				if f := rig.Decoded(t, d.Data); f.Kind == frame.Digest {
					sent, bytes = sent+1, bytes+len(d.Data)
				}
				l.Sent(d)
			}
			l.poll()
		}
	}
	t.Logf("%d DIGESTs, %d bytes, for %d", sent, bytes, heard)
	if sent < wordRate || sent > (seconds+2)*wordRate {
		t.Errorf("%d DIGESTs in %d s, for %d", sent, seconds, heard)
	}
}
