package send

import (
	"bytes"
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// checkArrivals is check where messages come out of order: each offset is delivered
// once, whole, or named lost once.
func (p *pair) checkArrivals() receive.SessionStats {
	p.t.Helper()
	st := p.r.Sessions()[0]
	told := make(map[uint64]bool)
	tell := func(offset uint64) {
		if told[offset] {
			p.t.Fatalf("offset %d is told of twice", offset)
		}
		told[offset] = true
	}
	for _, ev := range p.events {
		switch ev.Kind {
		case reliable.Message:
			tell(ev.Offset)
			if !bytes.Equal(ev.Payload, p.sent[ev.Offset-p.s.cfg.FirstOffset]) {
				p.t.Fatalf("offset %d differs", ev.Offset)
			}
		case reliable.Loss:
			for at := ev.Lost.From; at < ev.Lost.To; at++ {
				tell(at)
			}
		}
	}
	if n := uint64(len(told)); n != st.NextOffset-st.FirstOffset || n != st.Delivered+st.Lost {
		p.t.Fatalf("%d offsets are told of: %+v", n, st)
	}
	return st
}

// On arrival, a message is delivered as soon as it is there, and what the frames
// before it turn out to hold changes nothing about it.
func TestOnArrivalBesideALoss(t *testing.T) {
	p := newPair(t, Config{Retention: Retention{ResendBuffer: 16 << 10}},
		receive.Config{Order: reliable.OnArrival})
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		return toReceiver && (f.Seq == 3 || f.Seq == 4) || !toReceiver
	}
	for i := range 100 {
		p.publish(rig.Payload(i, 1000))
		p.run(p.now.Add(1e6))
	}
	p.s.Close(p.now)
	p.run(p.now.Add(60e9))
	if st := p.checkArrivals(); st.Lost != 2 || st.Delivered != 98 {
		t.Fatalf("%+v", st)
	}
}
