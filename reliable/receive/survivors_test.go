package receive

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
)

// What the publisher doesn't answer for isn't lost while it may be dead: a survivor has it. Once
// the publisher is heard it is.
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

// Of more survivors than can be asked at once, each the only one that has some frames, all are
// asked in turn.
func TestMoreSurvivorsThanPlaces(t *testing.T) {
	const survivors, each = 24, 8
	b := newBand(t, survivors, Config{})
	b.starts()
	b.publishes(0, 1, b.all()...)
	for i := range survivors {
		b.publishes(1+uint64(i)*each, 1+uint64(i+1)*each, i)
	}
	b.publishes(1+survivors*each, 2+survivors*each, b.all()...)
	most := 0
	took := b.settles(20*time.Second, func() bool {
		most = max(most, len(b.list[0].session0().own.asked.list))
		return b.certified()
	})
	for i, s := range b.list {
		st, c := s.session(1), s.certificate()
		if st.Delivered != 2+survivors*each || st.Lost != 0 || len(c.Members) != survivors || !c.Agreed {
			t.Fatalf("%d: %+v %+v", i, st, c)
		}
	}
	if most > maxAnswerers || most < 4 {
		t.Errorf("%d were asked at once", most)
	}
	if took > 3500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// A survivor that says that it has what it denies when it is asked, or that answers nobody, costs
// time and no message that another has.
func TestASurvivorThatLies(t *testing.T) {
	for _, mute := range []bool{false, true} {
		b := newBand(t, 3, Config{})
		b.starts()
		b.publishes(0, 10, 0, 1, 2)
		b.publishes(10, 330, 0)
		b.publishes(330, 331, 0, 1, 2)
		asked := 0
		liar := netip.AddrPortFrom(rig.Elsewhere[0].Addr(), 6000)
		b.strangers[liar] = func(from int, f *frame.Frame) {
			if f.Kind == frame.Nack {
				asked++
			}
			if f.Kind != frame.Nack || mute {
				return
			}
			raw := new(frame.Encoder).Append(nil, &frame.Frame{Kind: frame.Gone, Session: 1,
				Responder: 666, Request: f.Request, Time: 1, Ranges: f.Ranges})
			b.post(-2, liar, from, raw, b.hop)
		}
		version := uint64(0)
		for range 60 {
			version++
			b.says(liar, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1, Responder: 666,
				Time: version, NextSeq: 331, NextOffset: 331,
				Digest: &frame.DigestBody{Role: frame.Recorder, Version: version, Position: 331, To: 331}}))
			b.runs(100 * time.Millisecond)
		}
		if asked == 0 || asked > 30 {
			t.Errorf("mute %v: it was asked %d times", mute, asked)
		}
		for i, s := range b.list {
			if st := s.session(1); st.Delivered != 331 || st.Lost != 0 || s.certificate() == nil {
				t.Errorf("mute %v, %d: %+v", mute, i, st)
			}
		}
	}
}

// A REPAIR counts from a survivor that has the frame, and from nobody else; a NACK is
// answered that comes from where a survivor's DIGESTs do.
func TestStrangersInAnInquest(t *testing.T) {
	b := newBand(t, 2, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(20, 21, 0, 1)
	forged := func(as uint64, from netip.AddrPort, seq uint64) {
		var f frame.Builder
		f.Open(make([]byte, 0, 300), 1, 0, seq, seq, 1<<60)
		f.Add([]byte("forged"))
		raw := new(frame.Encoder).AppendRepair(nil, 1, 0, as, 1, f.Seal(false))
		b.says(from, rig.Decoded(t, raw))
	}
	s := b.list[0]
	b.settles(5*time.Second, func() bool { return s.session(1).DigestsHeard > 1 })
	for _, as := range []uint64{666, b.list[1].cfg.ID} {
		forged(as, rig.Elsewhere[0], 10) // a stranger, also under a survivor's id
	}
	forged(b.list[1].cfg.ID, b.list[1].addr, 10) // which it lacks, by its DIGEST
	forged(b.list[1].cfg.ID, b.list[1].addr, 30) // this neither
	b.runs(5 * time.Millisecond)
	if !s.Serves(b.now, 1, 0, b.list[1].addr, b.list[1].cfg.ID) ||
		s.Serves(b.now, 1, 0, rig.Elsewhere[0], b.list[1].cfg.ID) ||
		s.Serves(b.now, 1, 0, b.list[1].addr, 666) ||
		s.Serves(b.now, 2, 0, b.list[1].addr, b.list[1].cfg.ID) {
		t.Error("whose NACKs are answered?")
	}
	b.settles(5*time.Second, b.certified)
	for i, s := range b.list {
		if st := s.session(1); st.Delivered != 11 || st.Lost != 10 || st.NextOffset != 21 {
			t.Errorf("%d: %+v", i, st)
		}
	}
	// Words under the id of a survivor from elsewhere are refused, and counted.
	before := s.Stats().Foreign
	b.says(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1,
		Responder: b.list[1].cfg.ID, Time: 1 << 50, NextSeq: 50, NextOffset: 50,
		Digest: &frame.DigestBody{Role: frame.Peer, Version: 1 << 50, Position: 50, To: 50}}))
	b.runs(5 * time.Millisecond)
	b.says(rig.Elsewhere[0], rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1, Responder: 1,
		Digest: &frame.DigestBody{Role: frame.Peer, Version: 1}}))
	b.runs(5 * time.Millisecond)
	if n := s.Stats().Foreign - before; n != 2 || s.session(1).NextOffset != 21 {
		t.Errorf("%d refused", n)
	}
	// A word that comes again, and an answer to another's FIND, are nobody's fault.
	before = s.Stats().Foreign
	for _, request := range []uint64{0, 7} {
		b.says(b.list[1].addr, rig.Made(t, frame.Frame{Kind: frame.Digest, Session: 1,
			Responder: b.list[1].cfg.ID, Request: request, Time: 1,
			Digest: &frame.DigestBody{Role: frame.Peer, Version: 1}}))
		b.runs(5 * time.Millisecond)
	}
	if n := s.Stats().Foreign - before; n != 0 {
		t.Errorf("%d refused that aren't foreign", n)
	}
}

// Within an inquest a REPAIR counts, asked for or not, of a member that has the frame by its last
// DIGEST, while the frame is missing: one repair to the group serves all. It doesn't of a stranger,
// of a member that lacks the frame, or where there is no inquest.
func TestARepairThatAnotherAskedFor(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	b.publishes(10, 12, 1, 2)
	b.publishes(13, 14, 1)
	b.publishes(14, 15, 2)
	b.publishes(20, 21, 0, 1, 2)
	s, asked := b.list[0], 0
	b.lost = func(from, to int, f *frame.Frame) bool {
		if f.Kind == frame.Nack && to > 0 && f.Ranges[0].Contains(10) && asked == 0 {
			asked = to
		}
		return f.Kind == frame.Nack
	}
	repairs := func(what string, as uint64, from netip.AddrPort, seq, want uint64) {
		t.Helper()
		before := s.session(1).Repairs
		raw := new(frame.Encoder).AppendRepair(nil, 1, 0, as, 1, rig.Data(t, 1, seq).Raw)
		b.post(-2, from, 0, raw, 0)
		b.runs(0)
		if n := s.session(1).Repairs - before; n != want {
			t.Errorf("%s: %d repairs count, want %d", what, n, want)
		}
	}
	repairs("before the inquest", b.list[1].cfg.ID, b.list[1].addr, 10, 0)
	b.settles(5*time.Second, func() bool { return asked > 0 })
	other := b.list[3-asked]
	id := other.cfg.ID
	repairs("a stranger", 666, rig.Elsewhere[0], 10, 0)
	repairs("a member's id from elsewhere", id, rig.Elsewhere[0], 10, 0)
	repairs("another id at a member's address", 666, other.addr, 10, 0)
	repairs("a member that lacks the frame", id, other.addr, uint64(12+asked), 0)
	repairs("a member that has the frame", id, other.addr, 10, 1)
	repairs("a frame that isn't missing", id, other.addr, 10, 0)
	if st := s.session(1); st.Delivered != 11 {
		t.Errorf("%+v", st)
	}
	b.tells(b.heartbeat(21), 0)
	b.runs(time.Millisecond)
	repairs("after the inquest", id, other.addr, 11, 0)
}

// What an application lets wait finds no room, and is asked for when there is: the certificate is
// told behind it, and nothing is lost that a survivor has.
func TestAnInquestWithoutRoom(t *testing.T) {
	b := newBand(t, 3, Config{Overload: reliable.OverloadBlock, Memory: Memory{Buffer: 64 << 10}})
	b.starts()
	const frames = 400
	b.publishes(0, frames, 0, 1)
	slow := b.list[2]
	b.publishes(0, 1, 2)
	slow.idle = true
	b.publishes(frames, frames+1, 0, 1, 2)
	b.settles(5*time.Second, func() bool {
		return b.list[0].certificate() != nil && b.list[1].certificate() != nil
	})
	b.runs(3 * time.Second)
	if slow.session(1).Inquest || slow.session(1).Gaps == 0 {
		t.Fatalf("%+v", slow.session(1))
	}
	slow.idle = false
	b.settles(10*time.Second, b.certified)
	for i, s := range b.list {
		if st, c := s.session(1), s.certificate(); st.Delivered != frames+1 || st.Lost != 0 ||
			c.LostMessages != 0 || len(c.Unsettled) != 0 {
			t.Errorf("%d: %+v %+v", i, st, c)
		}
	}
}

// A gap's patience bounds its wait for survivors, too, and they don't wait for the one that is
// impatient.
func TestMaxWaitInAnInquest(t *testing.T) {
	b := newBand(t, 2, Config{})
	hasty := b.list[0]
	b.list[0].Receiver.cfg.Recovery.MaxWait = 2100 * time.Millisecond
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(12, 13, 0, 1)
	b.lost = func(from, to int, f *frame.Frame) bool { return f.Kind == frame.Digest }
	took := b.settles(3*time.Second, func() bool { return hasty.session(1).Lost == 2 })
	if took > 2200*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	if loss := hasty.events(reliable.Loss); loss[0].Cause != reliable.CauseLate {
		t.Errorf("%+v", loss)
	}
	b.settles(5*time.Second, b.certified)
}

// A process that stood still in the inquest hears what waits for it before it ends that.
func TestAProcessSleepsThroughAnInquest(t *testing.T) {
	b := newBand(t, 3, Config{})
	b.starts()
	b.publishes(0, 10, 0, 1, 2)
	b.publishes(10, 20, 2)
	b.publishes(20, 21, 0, 1, 2)
	b.lost = func(from, to int, f *frame.Frame) bool { return to == 0 && f.Kind == frame.Repair }
	b.settles(5*time.Second, func() bool { return b.list[0].session(1).DigestsHeard > 3 })
	b.list[0].dead = true // it is stopped
	b.runs(20 * time.Second)
	b.list[0].dead, b.lost = false, nil
	b.settles(10*time.Second, b.certified)
	for i, s := range b.list {
		if st := s.session(1); st.Delivered != 21 || st.Lost != 0 {
			t.Errorf("%d: %+v %+v", i, st, s.certificate())
		}
	}
}

// Messages are delivered ahead of their turn in an inquest as in a stream that lives.
func TestAnInquestOnArrival(t *testing.T) {
	b := newBand(t, 2, Config{Order: reliable.OnArrival})
	b.starts()
	b.publishes(0, 10, 0, 1)
	b.publishes(10, 15, 0)
	b.publishes(20, 25, 1)
	b.settles(5*time.Second, b.certified)
	for i, s := range b.list {
		at := s.offsets()
		slices.Sort(at)
		if st := s.session(1); st.Delivered != 20 || st.Lost != 5 || len(at) != 20 ||
			len(slices.Compact(at)) != 20 || s.certificate().LostMessages != 5 {
			t.Errorf("%d: %+v", i, st)
		}
	}
}

// What survivors have, and what there was no room for when all else was settled, is lost once
// nobody answers any more.
func TestSurvivorsDieBeforeThereIsRoom(t *testing.T) {
	b := newBand(t, 2, Config{Memory: Memory{Buffer: 64 << 10}})
	b.starts()
	const frames = 1000
	b.publishes(0, 1, 0, 1)
	b.publishes(1, frames, 1)
	b.publishes(frames, frames+1, 0, 1)
	s, other := b.list[0], b.list[1]
	b.lost = func(from, to int, f *frame.Frame) bool { // one is lost again and again
		return to == 0 && f.Kind == frame.Repair && f.Inner != nil && repairs(t, f, 1)
	}
	b.settles(10*time.Second, func() bool { return other.certificate() != nil })
	if st := s.session(1); st.Inquest || st.Gaps == 0 {
		t.Fatalf("%+v", st)
	}
	other.dead = true
	if took := b.settles(10*time.Second, b.certified); took < time.Second {
		t.Errorf("it took %v", took)
	}
	st, c := s.session(1), s.certificate()
	if st.Lost == 0 || st.Lost+st.Delivered != frames+1 || nack.Count(c.Unsettled) != st.Lost ||
		st.Gaps != 0 {
		t.Errorf("%+v %+v", st, c)
	}
	for _, loss := range s.events(reliable.Loss) {
		if loss.Cause != reliable.CauseUnanswered {
			t.Errorf("%+v", loss)
		}
	}
}

// repairs reports whether a REPAIR is of a frame.
func repairs(t *testing.T, f *frame.Frame, seq uint64) bool {
	return rig.Decoded(t, f.Inner).Seq == seq
}

// A recorder that was heard before the silence is a member from the start, though it says nothing
// in the inquest: what it has isn't lost.
func TestARecorderOfBeforeIsAMember(t *testing.T) {
	b := newBand(t, 1, Config{})
	b.starts()
	b.publishes(0, 10, 0)
	b.publishes(15, 16, 0)
	rec := netip.AddrPortFrom(rig.Elsewhere[0].Addr(), 6000)
	b.strangers[rec] = func(from int, f *frame.Frame) {
		for _, g := range f.Ranges {
			for seq := g.From; f.Kind == frame.Nack && seq < g.To; seq++ {
				b.post(-2, rec, from, new(frame.Encoder).AppendRepair(nil, 1, 0, 90, f.Request,
					rig.Data(t, 1, seq).Raw), b.hop)
			}
		}
	}
	b.says(rec, digest(t, Holder{90, rec}, 7, 0, 20, frame.Final))
	b.settles(5*time.Second, b.certified)
	s := b.list[0]
	st, c := s.session(1), s.certificate()
	if st.Delivered != 20 || st.Lost != 0 || st.NextOffset != 20 || len(c.Members) != 2 ||
		c.Frames.To != 20 {
		t.Errorf("%+v %+v", st, c)
	}
}
