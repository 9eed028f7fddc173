package send

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// pair is one Sender and one Receiver with a link of a fixed delay between
// them, driven in virtual time.
type pair struct {
	t     *testing.T
	s     *Sender
	st    *Stream
	r     *receive.Receiver
	now   reliable.Time
	delay time.Duration
	// Where each of them is; what goes to or comes from elsewhere is their own, of
	// before they moved.
	senderAt, receiverAt netip.AddrPort
	// drop says whether a datagram is lost; nil loses none.
	drop func(toReceiver bool, f *frame.Frame) bool
	// damages says whether a batch of the sender's is damaged; nil damages none.
	damages func(reliable.Batch) bool
	damaged int
	wire    []wired
	// lastWord is when the Receiver last heard something.
	lastWord reliable.Time
	dec      frame.Decoder

	sent   [][]byte
	events []reliable.Event
	trace  []string
}

type wired struct {
	at         reliable.Time
	toReceiver bool
	from       netip.AddrPort
	data       []byte
}

func newPair(t *testing.T, sc Config, rc receive.Config) *pair {
	t.Helper()
	sc.Session, rc.ID = 0xabc, 0xdef
	s, err := New(sc)
	if err != nil {
		t.Fatal(err)
	}
	r, err := receive.New(rc)
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, s: s, st: s.Stream(0), r: r, delay: 50 * time.Microsecond,
		senderAt:   rig.PublisherAddr,
		receiverAt: rig.SubscriberAddr}
	p.settle()
	return p
}

func (p *pair) publish(message []byte) uint64 {
	p.t.Helper()
	offset, err := p.st.Publish(p.now, message)
	if err != nil {
		p.t.Fatalf("publish: %v", err)
	}
	p.sent = append(p.sent, message)
	p.settle()
	return offset
}

// settle drains all outputs that are due now.
func (p *pair) settle() {
	for {
		b, ok := p.s.Next(p.now)
		if !ok {
			break
		}
		if p.damages != nil && p.damages(b) {
			p.damaged++
			p.s.Sent(b)
			continue
		}
		for i := range b.Datagrams() {
			p.send(true, b.To, b.Datagram(i))
		}
		p.s.Sent(b)
	}
	for {
		b, ok := p.r.Next(p.now)
		if !ok {
			break
		}
		p.send(false, b.To, b.Data)
		p.r.Sent(b)
	}
	var evs [4]reliable.Run
	for {
		n := p.r.Poll(evs[:])
		for _, ev := range evs[:n] {
			ev.Payload = bytes.Clone(ev.Payload)
			p.events = append(p.events, ev.Event)
		}
		if n < len(evs) {
			break
		}
	}
}

func (p *pair) send(toReceiver bool, to netip.AddrPort, data []byte) {
	var f frame.Frame
	if err := p.dec.Decode(data, &f); err != nil {
		p.t.Fatalf("a machine sent a frame that doesn't decode: %v", err)
	}
	from, there := p.receiverAt, p.senderAt
	if toReceiver {
		from, there = there, from
	}
	lost := to.IsValid() && to != there || p.drop != nil && p.drop(toReceiver, &f)
	p.trace = append(p.trace, fmt.Sprintf("%v lost=%v %v", time.Duration(p.now), lost, &f))
	if !lost {
		p.wire = append(p.wire, wired{p.now.Add(p.delay), toReceiver, from, bytes.Clone(data)})
	}
}

// run lets virtual time pass, until the given instant.
func (p *pair) run(until reliable.Time) {
	for steps := 0; ; steps++ {
		if steps > 1_000_000 {
			p.t.Fatal("no end: a deadline doesn't move")
		}
		next := min(p.s.Deadline(p.now), p.r.Deadline())
		if len(p.wire) > 0 {
			next = min(next, p.wire[0].at)
		}
		if next > until {
			p.now = until
			return
		}
		p.now = max(p.now, next)
		if len(p.wire) > 0 && p.wire[0].at <= p.now {
			w := p.wire[0]
			p.wire = p.wire[1:]
			var f frame.Frame
			if err := p.dec.Decode(w.data, &f); err != nil {
				p.t.Fatal(err)
			}
			if w.toReceiver {
				p.lastWord = p.now
				p.r.Handle(p.now, w.from, &f)
			} else {
				p.s.Handle(p.now, w.from, &f)
			}
		}
		p.s.Advance(p.now)
		p.r.Advance(p.now)
		p.settle()
	}
}

// check holds what was delivered and reported against what was published.
func (p *pair) check() receive.SessionStats {
	p.t.Helper()
	list := p.r.Sessions()
	if len(list) != 1 {
		p.t.Fatalf("%d sessions, want 1", len(list))
	}
	st := list[0]
	at := st.FirstOffset
	for _, ev := range p.events {
		switch ev.Kind {
		case reliable.Message:
			if ev.Offset != at {
				p.t.Fatalf("offset %d delivered, want %d", ev.Offset, at)
			}
			if !bytes.Equal(ev.Payload, p.sent[at-p.s.cfg.FirstOffset]) {
				p.t.Fatalf("offset %d differs", at)
			}
			at++
		case reliable.Loss:
			if ev.Lost.From != at {
				p.t.Fatalf("loss %v reported, want it from %d", ev.Lost, at)
			}
			at = ev.Lost.To
		}
	}
	if at != st.NextOffset || st.Delivered+st.Lost != st.NextOffset-st.FirstOffset {
		p.t.Fatalf("stands at %d: %+v", at, st)
	}
	return st
}

func TestCleanLink(t *testing.T) {
	for _, first := range []uint64{0, 5, 1 << 62, 1 << 63} {
		p := newPair(t, Config{FirstSeq: first, FirstOffset: first - first%3}, receive.Config{})
		for i := range 300 {
			p.publish(rig.Payload(i, i*i%5000))
			p.run(p.now.Add(100 * time.Microsecond))
		}
		p.s.Close(p.now)
		p.run(p.now.Add(3 * time.Second))
		st := p.check()
		if st.Delivered != 300 || st.End != reliable.EndBye || st.Nacks != 0 {
			t.Fatalf("%+v", st)
		}
		if !p.s.Finished(p.now) {
			t.Fatal("the closed session doesn't finish")
		}
	}
}

func TestLossIsRepaired(t *testing.T) {
	for seed := range uint64(50) {
		for _, order := range []reliable.Order{reliable.InOrder, reliable.OnArrival} {
			rand := nack.NewRand(seed, 1)
			p := newPair(t, Config{FirstSeq: seed * 1000,
				Retention: Retention{ResendBuffer: 4 << 20}},
				receive.Config{Order: order})
			p.drop = func(bool, *frame.Frame) bool { return rand.Below(100) < 20 }
			for i := range 300 {
				p.publish(rig.Payload(i, int(rand.Below(4000))))
				p.run(p.now.Add(100 * time.Microsecond))
			}
			p.s.Close(p.now)
			p.run(p.now.Add(10 * time.Second))
			check := p.check
			if order == reliable.OnArrival {
				check = p.checkArrivals
			}
			st := check()
			if st.Delivered != 300 || st.End != reliable.EndBye || st.Recovered == 0 {
				t.Fatalf("seed %d: %+v", seed, st)
			}
		}
	}
}
