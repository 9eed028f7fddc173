package record

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/rig"
)

// A peer is a survivor that a test makes up: it tells what it has, and gives it to whoever asks.
type peer struct {
	d       *deck
	id      uint64
	addr    netip.AddrPort
	version uint64
	// It has [oldest, next) of session 1, but for absent, and says what the recorder proposed last.
	oldest, next uint64
	absent       []nack.Range
	proposal     uint64
	final        frame.Flags
	// A brief one speaks while the recorder holds an inquest.
	brief bool
	// recorder is the last word of the recorder.
	recorder *frame.Frame
}

func newPeer(d *deck, id, oldest, next uint64, absent ...nack.Range) *peer {
	return &peer{d: d, id: id, oldest: oldest, next: next, absent: absent,
		addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, 4, byte(id)}), 7400)}
}

// speaks gives the recorder the peer's DIGEST.
func (p *peer) speaks() {
	p.version++
	position := p.next
	if len(p.absent) > 0 {
		position = p.absent[0].From
	}
	p.d.from(p.addr, rig.Made(p.d.t, frame.Frame{Kind: frame.Digest, Session: 1, Flags: p.final,
		Responder: p.id, Time: uint64(p.d.now), OldestSeq: p.oldest, OldestOffset: p.oldest,
		NextSeq: p.next, NextOffset: p.next, Name: []byte("news"), Ranges: p.absent,
		Digest: &frame.DigestBody{Role: frame.Peer, Version: p.version, Position: position,
			From: p.oldest, To: p.next, Proposal: p.proposal, Holder: []byte("desk"),
			Wall: epoch.UnixNano(), Heard: 2 * time.Second}}))
}

// asks asks the recorder for what that has and the peer lacks.
func (p *peer) asks() {
	f := p.recorder
	if f == nil {
		return
	}
	told := []nack.Range{{From: f.Digest.From, To: f.Digest.To}}
	lacks := nack.Subtract(nil, p.absent, f.Ranges)
	if lacks = nack.Subtract(nil, lacks, nack.Subtract(nil, lacks, told)); len(lacks) > 0 {
		p.d.asks(p.id, 1, p.addr, lacks...)
	}
}

// has reports whether the peer has a frame.
func (p *peer) has(seq uint64) bool {
	for _, r := range p.absent {
		if r.Contains(seq) {
			return false
		}
	}
	return p.oldest <= seq && seq < p.next
}

// survive lets time pass, with survivors that speak each 20 ms and answer.
func (d *deck) survive(for_ time.Duration, peers ...*peer) {
	d.t.Helper()
	end := d.now.Add(for_)
	for d.now < end {
		at := len(d.sent)
		for _, p := range peers {
			if f := p.recorder; !p.brief || f != nil && f.Flags&frame.Final == 0 {
				p.asks()
				p.speaks()
			}
		}
		d.pass(20 * time.Millisecond)
		for _, l := range d.sent[at:] {
			for _, p := range peers {
				p.takes(l)
			}
		}
	}
}

// takes gives a peer what the recorder sent.
func (p *peer) takes(l letter) {
	switch {
	case l.Kind == frame.Digest && l.Digest.Role == frame.Recorder:
		p.recorder = l.Frame
		if l.Digest.Proposal != 0 {
			p.proposal = l.Digest.Proposal
		}
	case l.Kind == frame.Repair:
		seq := rig.Decoded(p.d.t, l.Inner).Seq
		p.absent = nack.Subtract(nil, p.absent, []nack.Range{{From: seq, To: seq + 1}})
	case l.Kind == frame.Nack && l.to == p.addr:
		for _, r := range l.Ranges {
			for seq := r.From; seq < r.To; seq++ {
				if p.has(seq) {
					p.d.from(p.addr, rig.Decoded(p.d.t, new(frame.Encoder).AppendRepair(nil, 1, 0,
						p.id, l.Request, p.d.sealed[seq])))
				}
			}
		}
	}
}

// certificate returns the last certificate that the recorder told, or fails the test.
func (d *deck) certificate() *reliable.Certificate {
	d.t.Helper()
	c := d.Sessions()[0].Certificate
	if c == nil {
		d.t.Fatalf("no certificate: %+v", d.told)
	}
	return c
}

// seals seals frames of session 1 that the recorder doesn't hear.
func (d *deck) seals(from, to uint64) {
	for seq := from; seq < to; seq++ {
		d.sealed[seq] = data(d.t, 1, seq, 100).Raw
	}
}

// crash has a publisher say [0, 10) and [20, 30) of 40 frames, and die.
func (d *deck) crash() {
	d.hears(title(d.t, 1, "news"))
	d.hears(beat(d.t, 1, 0, 0))
	d.plays(1, 0, 10, 100)
	d.plays(1, 20, 30, 100)
	d.seals(10, 20)
	d.seals(30, 40)
}

// A recorder is a member of the inquest: it gets what the others have, writes it to the log in its
// place, and the end behind it; holes and the end come with the certificate, and not before.
func TestRecorderInInquest(t *testing.T) {
	d := newDeck(t, Config{Name: "rec"}, journal.Config{})
	d.crash()
	d.pass(2010 * time.Millisecond)
	s := d.Sessions()[0]
	if !s.Inquest || s.Ended != nil || s.HoleFrames != 0 || !s.Live {
		t.Fatalf("before the inquest's end: %+v", s)
	}
	p := newPeer(d, 5, 5, 38, nack.Range{From: 12, To: 15}, nack.Range{From: 22, To: 25})
	q := newPeer(d, 6, 38, 38) // which has nothing
	d.sent = nil
	d.survive(time.Second, p, q)

	for _, l := range d.sent {
		if l.Kind != frame.Digest || l.Digest.Proposal != 0 {
			continue
		}
		if l.Flags&(frame.Final|frame.Live) != 0 || string(l.Digest.Holder) != "rec" ||
			l.Digest.Role != frame.Recorder {
			t.Errorf("in the inquest it says %v", l)
		}
	}
	c := d.certificate()
	nobody := []nack.Range{{From: 12, To: 15}}
	if !c.Agreed || len(c.Members) != 3 || !reflect.DeepEqual(c.Nobody, nobody) ||
		c.Frames.To != 38 || c.LostMessages != 3 {
		t.Errorf("%+v", c)
	}
	d.pass(100 * time.Millisecond)
	d.has(38, reliable.CauseNobody, nack.Range{From: 12, To: 15})
	if s = d.Sessions()[0]; s.Inquest || s.Live || s.Ended == nil ||
		s.Ended.How != reliable.EndSilent || s.Ended.Seq != 38 || s.HoleFrames != 3 {
		t.Errorf("after it: %+v, %+v", s, s.Ended)
	}

	// What it has can be had, and its words go on to say so.
	d.sent = nil
	d.asks(9, 1, rig.SubscriberAddr, nack.Range{From: 20, To: 38})
	d.pass(16 * time.Second)
	repairs, version := 0, uint64(0)
	for _, l := range d.sent {
		if l.Kind == frame.Repair {
			repairs++
		}
		if l.Kind == frame.Digest {
			if b := l.Digest; l.Flags != frame.Final || b.Proposal != c.Hash ||
				b.Version <= version || b.Position != 38 || l.NextSeq != 38 {
				t.Errorf("afterwards it says %v", l)
			}
			version = l.Digest.Version
		}
	}
	if repairs != 18 || version == 0 {
		t.Errorf("%d repairs, digests up to version %d", repairs, version)
	}
}

// In an inquest a recorder speaks as a member alone, whatever it has told the group before: neither
// as one that hears the publisher nor as one for which the session is over.
func TestRecorderSpeaksAsAMember(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	d.crash()
	d.pass(2010 * time.Millisecond)
	p := newPeer(d, 5, 5, 30, nack.Range{From: 10, To: 20})
	d.sent = nil
	for range 90 { // which never agrees
		p.speaks()
		d.from(p.addr, rig.Made(t, frame.Frame{Kind: frame.Find, Session: 1, Subscriber: p.id,
			Request: p.version, Find: &frame.FindBody{What: frame.FindEnd}}))
		d.pass(20 * time.Millisecond)
	}
	if s := d.Sessions()[0]; !s.Inquest {
		t.Fatalf("the inquest is over: %+v", s)
	}
	words, answers := 0, 0
	for _, l := range d.kinds(frame.Digest) {
		switch b := l.Digest; {
		case l.Flags&(frame.Final|frame.Live) != 0:
			t.Errorf("it says %v", l)
		case l.Request != 0:
			answers++
		case !b.At || b.AtSeq != 10 || b.From != 0 || b.To != 30:
			t.Errorf("it says %v", l)
		default:
			words++
		}
	}
	if words < 50 || answers < 10 {
		t.Errorf("%d words, %d answers", words, answers)
	}
}

// What survivors turn out to have beyond the end of the certificate is appended, and the end is
// written again. What was named a hole stays one.
func TestRecorderAmends(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	d.crash()
	p := newPeer(d, 5, 5, 30, nack.Range{From: 12, To: 15})
	d.survive(3*time.Second, p)
	if c := d.certificate(); c.Number != 1 || c.Frames.To != 30 {
		t.Fatalf("%+v", c)
	}
	ends := func() (n int) {
		for _, e := range d.told {
			if e.Kind == StreamEnded {
				n++
			}
		}
		return n
	}
	other := newPeer(d, 7, 5, 30, nack.Range{From: 12, To: 15}) // it has nothing more
	p.final, other.final = frame.Final, frame.Final
	d.survive(5*time.Second, p, other)
	if c := d.certificate(); c.Number != 2 || len(c.Members) != 3 || ends() != 1 {
		t.Fatalf("%d ends were told, %+v", ends(), c)
	}
	late := newPeer(d, 6, 5, 35, nack.Range{From: 14, To: 15})
	late.final = frame.Final
	d.survive(5*time.Second, p, other, late)
	c := d.certificate()
	if ends() < 2 || c.Number < 3 || c.Frames.To != 35 || c.Found != 2 || c.LostMessages != 3 ||
		!reflect.DeepEqual(c.Nobody, []nack.Range{{From: 14, To: 15}}) {
		t.Errorf("%+v", c)
	}
	d.pass(100 * time.Millisecond)
	d.has(35, reliable.CauseNobody, nack.Range{From: 12, To: 15})
	if s := d.Sessions()[0]; s.Live || s.Ended == nil || s.Ended.Seq != 35 {
		t.Errorf("%+v, %+v", s, s.Ended)
	}
	kinds := map[EventKind]int{}
	for _, e := range d.told {
		kinds[e.Kind]++
	}
	if kinds[InquestHeld] != 1 || kinds[Certified] != 1 || kinds[Amended] < 1 ||
		kinds[Recording] != 1 {
		t.Errorf("it told %v", kinds)
	}
}

// A publisher that is heard again ends the inquest: nothing is a hole, and the tape goes on.
func TestPublisherWakesInInquest(t *testing.T) {
	d := newDeck(t, Config{}, journal.Config{})
	d.crash()
	d.pass(2010 * time.Millisecond)
	p := newPeer(d, 5, 5, 30, nack.Range{From: 10, To: 20})
	p.speaks()
	d.pass(20 * time.Millisecond)
	if s := d.Sessions()[0]; !s.Inquest {
		t.Fatalf("%+v", s)
	}
	d.plays(1, 10, 20, 100)
	d.plays(1, 30, 40, 100)
	d.pass(100 * time.Millisecond)
	if s := d.Sessions()[0]; s.Inquest || s.Certificate != nil || !s.Live || s.HoleFrames != 0 {
		t.Errorf("%+v", s)
	}
	d.has(40, 0)
}

// A recorder that was away when the publisher died comes back: it tells what its log has, joins the
// survivors, and appends what they still have. The rest is a hole.
func TestRecorderComesBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		oldest uint64 // of the peer's history
		final  frame.Flags
		brief  bool // it speaks once, and then when it is spoken to
		holes  []nack.Range
	}{
		{"in the inquest", 5, 0, false, nil},
		{"after it", 5, frame.Final, false, nil},
		{"long after it", 5, frame.Final, true, nil},
		{"to short histories", 15, frame.Final, false, []nack.Range{{From: 10, To: 15}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeck(t, Config{}, journal.Config{})
			d.hears(title(t, 1, "news"))
			d.hears(beat(t, 1, 0, 0))
			d.plays(1, 0, 10, 100)
			d.seals(10, 40)
			d.pass(100 * time.Millisecond)
			if err := d.log.Close(); err != nil { // it is killed
				t.Fatal(err)
			}
			d.now += 10e9
			d.told = nil
			d.open()
			d.sent = nil
			p := newPeer(d, 5, c.oldest, 40, nack.Range{From: 33, To: 34})
			p.final = c.final
			p.speaks()
			p.brief = c.brief
			d.survive(500*time.Millisecond, p)
			for _, l := range d.sent {
				if l.Kind == frame.Nack {
					t.Errorf("at once it asks: %v", l)
				}
				if l.Kind == frame.Digest &&
					(l.Flags != frame.Final|frame.Full || l.Digest.Proposal != 0) {
					t.Errorf("at first it says %v", l)
				}
			}
			d.survive(6*time.Second, p)
			d.pass(100 * time.Millisecond)
			s, cert := d.Sessions()[0], d.certificate()
			if !cert.Agreed || len(cert.Members) != 2 || cert.Frames.To != 40 ||
				!reflect.DeepEqual(cert.Nobody, []nack.Range{{From: 33, To: 34}}) {
				t.Errorf("%+v", cert)
			}
			if s.Live || s.Ended == nil || s.Ended.How != reliable.EndSilent || s.Ended.Seq != 40 {
				t.Errorf("%+v, %+v", s, s.Ended)
			}
			got := d.frames(1, nack.Range{To: 40})
			var holes []nack.Range
			for seq := range uint64(40) {
				if got[seq] == nil {
					holes = append(holes, nack.Range{From: seq, To: seq + 1})
				} else if string(got[seq]) != string(d.sealed[seq]) {
					t.Errorf("frame %d has other bytes", seq)
				}
			}
			want := append(append([]nack.Range(nil), c.holes...), nack.Range{From: 33, To: 34})
			if holes = nack.Normalize(holes); !reflect.DeepEqual(holes, want) {
				t.Errorf("the log lacks %v, want %v", holes, want)
			}
			if fmt.Sprint(d.log.States()[0].Holes) != fmt.Sprint(want) {
				t.Errorf("holes %v", d.log.States()[0].Holes)
			}
		})
	}
}
