package receive

import (
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// digest is a recorder's, who has [oldest, next) of session 1 but for some ranges.
func digest(t testing.TB, h Holder, version, oldest, next uint64, flags frame.Flags,
	absent ...nack.Range) *frame.Frame {
	return rig.Made(t, frame.Frame{
		Kind: frame.Digest, Session: 1, Responder: h.ID, Time: 5000 + version, Flags: flags,
		OldestSeq: oldest, OldestOffset: oldest, NextSeq: next, NextOffset: next, Ranges: absent,
		Name: []byte("trades"),
		Digest: &frame.DigestBody{Role: frame.Recorder, Version: version, Position: next,
			From: oldest, To: next},
	})
}

// tells gives the Receiver a DIGEST of a holder's.
func (l *listener) tells(h Holder, f *frame.Frame) { l.from(h.Addr, f) }

// A DIGEST makes its sender a holder. It is asked for what the publisher lacks, with its own
// time sent back.
func TestADigestMakesAHolder(t *testing.T) {
	l := helped(t)
	l.tells(firstHolder, digest(t, firstHolder, 1, 0, 6, frame.Live))
	if n := len(l.nacks(firstHolder.Addr, 100*time.Millisecond)); n != 0 {
		t.Fatalf("%d NACKs went to a holder while the publisher was asked", n)
	}
	l.publisherGone()
	n := l.asks(firstHolder, 50*time.Millisecond)
	if n.Echo != 5001 || n.Held <= 0 {
		t.Errorf("the holder's time, 5001, came back as %d, after %v", n.Echo, n.Held)
	}
	if st := l.session(1); st.Nacks == 0 || st.Unanswered != 0 {
		t.Errorf("of %d NACKs %d count as not answered by the publisher", st.Nacks, st.Unanswered)
	}
	for _, f := range l.repairs(firstHolder.ID, n.Request) {
		l.from(firstHolder.Addr, f)
	}
	if st := l.session(1); st.Delivered != 6 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
}

// Nobody is asked for what it lacks by its own DIGEST.
func TestAHolderIsNotAskedForWhatItLacks(t *testing.T) {
	for name, d := range map[string]*frame.Frame{
		"it begins later": digest(t, firstHolder, 1, 5, 6, frame.Live),
		"its log has a hole": digest(t, firstHolder, 1, 0, 6, frame.Live,
			nack.Range{From: 1, To: 5}),
		"its log ended": digest(t, firstHolder, 1, 0, 1, frame.Final),
	} {
		l := helped(t)
		l.tells(firstHolder, d)
		l.publisherGone()
		if n := len(l.nacks(firstHolder.Addr, 100*time.Millisecond)); n != 0 {
			t.Errorf("%s: it was asked %d times", name, n)
		}
		if st := l.session(1); st.Lost != 4 || st.Losses != 1 || st.Delivered != 2 {
			t.Errorf("%s: %+v", name, st)
		}
	}
}

// Of several holders the next one is asked after GONE, and after three requests that nobody
// answered. Several share the work by blocks of frames.
func TestAHolderThatDoesNotAnswerIsReplaced(t *testing.T) {
	l := helped(t)
	holders := map[netip.AddrPort]Holder{}
	for _, h := range []Holder{firstHolder, secondHolder} {
		holders[h.Addr] = h
		l.tells(h, digest(t, h, 1, 0, 6, frame.Live))
	}
	l.publisherGone()
	var asked []netip.AddrPort
	began := l.now
	for l.now < began.Add(time.Second) && (len(asked) == 0 || asked[len(asked)-1] == asked[0]) {
		l.now = l.now.Add(time.Millisecond)
		l.Advance(l.now)
		for b, ok := l.Next(l.now); ok; b, ok = l.Next(l.now) {
			if f := rig.Decoded(t, b.Data); f.Kind == frame.Nack {
				asked = append(asked, b.To)
			}
			l.Sent(b)
		}
	}
	last := len(asked) - 1
	if last < 3 || asked[last] == asked[0] {
		t.Fatalf("asked were %v", asked)
	}
	if took := l.now.Sub(began); took > 700*time.Millisecond {
		t.Errorf("the next one was asked after %v", took)
	}
	second := holders[asked[last]]
	n := l.asks(second, 100*time.Millisecond)
	l.from(second.Addr, l.gone(second.ID, n.Request, 5))
	if st := l.session(1); st.Gaps == 0 {
		t.Fatal("a mute holder isn't asked once more")
	}
	first := holders[asked[0]]
	n = l.asks(first, 200*time.Millisecond)
	for _, f := range l.repairs(first.ID, n.Request) {
		l.from(first.Addr, f)
	}
	if st := l.session(1); st.Lost != 0 || st.Delivered != 6 {
		t.Errorf("%+v", st)
	}
}

// Each gap ends: whoever says GONE or nothing, nobody is asked for ever.
func TestHoldersAreNotAskedForEver(t *testing.T) {
	l := helped(t)
	for _, h := range []Holder{firstHolder, secondHolder} {
		l.tells(h, digest(t, h, 1, 0, 6, frame.Live))
	}
	l.publisherGone()
	for range 10 {
		l.hears(rig.Made(t, frame.Frame{Kind: frame.Heartbeat, Session: 1,
			Time: 1<<60 + uint64(l.now), NextSeq: 6, NextOffset: 6, OldestSeq: 5, OldestOffset: 5}))
		l.pass(time.Second, false)
	}
	if st := l.session(1); st.Gaps != 0 || st.Lost != 4 || st.Losses != 1 {
		t.Errorf("%+v", st)
	}
	for _, ev := range l.told {
		if ev.Kind == reliable.Loss && ev.Cause != reliable.CauseGone {
			t.Errorf("the loss is told as %v", ev.Cause)
		}
	}
}

// When a publisher falls silent, what a recorder heard of it, and this subscriber didn't, is
// asked of the recorder.
func TestARecorderKnowsTheEnd(t *testing.T) {
	l := helped(t)
	l.tells(firstHolder, digest(t, firstHolder, 1, 0, 9, frame.Live))
	n := l.nacks(firstHolder.Addr, 3*time.Second)
	want := []nack.Range{{From: 1, To: 5}, {From: 6, To: 9}}
	if len(n) == 0 || len(n[0].Ranges) != 2 || n[0].Ranges[0] != want[0] || n[0].Ranges[1] != want[1] {
		t.Fatalf("asked for %v", n)
	}
	for _, seq := range []uint64{1, 2, 3, 4, 6, 7, 8} {
		raw := new(frame.Encoder).AppendRepair(nil, 1, 0, firstHolder.ID, n[0].Request,
			rig.Data(t, 1, seq).Raw)
		l.from(firstHolder.Addr, rig.Decoded(t, raw))
	}
	if st := l.session(1); st.Delivered != 9 || st.Lost != 0 {
		t.Errorf("%+v", st)
	}
	if last := l.told[len(l.told)-1].Kind; last != reliable.SessionSilent {
		t.Errorf("the last event is %v", last)
	}
}
