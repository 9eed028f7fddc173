package reliable

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable/frame"
)

// Frames that were made before an MTU fell, and are missed, are named lost for that
// cause: those that were never sent, those that were lost just now, and those that are
// a while old. What comes after fits.
func TestFramesThatNoLongerFit(t *testing.T) {
	p := newPair(t, SenderConfig{}, ReceiverConfig{})
	lose, mute := false, false
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		if toReceiver && len(f.Raw) > p.s.Datagram() {
			t.Errorf("%d bytes are sent, and %d fit: %v", len(f.Raw), p.s.Datagram(), f)
		}
		return toReceiver && f.Kind == frame.Data && lose || !toReceiver && mute
	}
	wait := func(d time.Duration) { p.run(p.now.Add(d)) }
	publish := func(n int) {
		for range n {
			p.publish(payload(len(p.sent), 1300))
			wait(100 * time.Microsecond)
		}
	}
	publish(5) // 0 to 4
	for range 3 {
		m := payload(len(p.sent), 1300) // 5 to 7, which the socket has not taken yet
		if _, err := p.s.Publish(p.now, m); err != nil {
			t.Fatal(err)
		}
		p.sent = append(p.sent, m)
	}
	if n := p.s.SetDatagram(p.now, 1172); n != 8 {
		t.Errorf("%d frames don't fit, want 8", n)
	}
	p.settle()
	wait(50 * time.Millisecond)
	publish(2) // 8 and 9
	p.s.SetDatagram(p.now, 9000)
	if n := p.s.Datagram(); n != DefaultDatagram {
		t.Errorf("datagrams of %d bytes, want those of the start", n)
	}
	lose = true
	publish(1) // 10
	lose = false
	p.s.SetDatagram(p.now, 1172)
	publish(2) // 11 and 12
	p.s.SetDatagram(p.now, DefaultDatagram)
	lose, mute = true, true // nobody hears that it is asked for
	publish(1)              // 13
	lose = false
	wait(time.Second)
	p.s.SetDatagram(p.now, 600)
	mute = false
	publish(2) // 14 and 15
	wait(time.Second)
	p.s.Close(p.now)
	wait(3 * time.Second)

	st := p.check()
	if st.Delivered != 11 || st.Lost != 5 || st.Losses != 3 {
		t.Errorf("%d delivered and %d lost in %d reports", st.Delivered, st.Lost, st.Losses)
	}
	for _, ev := range p.events {
		if ev.Kind == Loss && ev.Cause != CauseTooLarge {
			t.Errorf("%v is lost as %q", ev.Lost, ev.Cause)
		}
	}
	// 5 to 7 are asked for once, 10 once; for 13 it takes what it takes.
	if got := p.s.Stats(); got.TooLarge != 3 || got.Responder.Unfit != 5 || got.Repairs != 0 || got.Nacks > 5 {
		t.Errorf("%+v", got)
	}
}

// What the kernel refuses counts as neither sent nor repaired.
func TestWhatIsRefusedIsNotSent(t *testing.T) {
	p := newPair(t, SenderConfig{}, ReceiverConfig{})
	p.publish(payload(0, 100))
	p.run(Time(10 * time.Millisecond))
	before := p.s.Stats()
	if _, err := p.s.Publish(p.now, payload(1, 100)); err != nil {
		t.Fatal(err)
	}
	refuse := func(kind frame.Kind) {
		for {
			b, ok := p.s.Next(p.now)
			if !ok {
				t.Fatalf("there is no %v to refuse", kind)
			}
			var f frame.Frame
			if err := p.dec.Decode(b.Datagram(0), &f); err != nil {
				t.Fatal(err)
			}
			b.Refused, b.RefusedBytes = uint64(b.Datagrams()), uint64(len(b.Data))
			if p.s.Sent(b); f.Kind == kind {
				return
			}
		}
	}
	refuse(frame.Data)
	p.s.Handle(p.now, receiverAddr, &frame.Frame{
		Kind: frame.Nack, Session: p.s.Session(), Subscriber: 0xdef, Request: 1,
		Ranges: []nack.Range{{From: 1, To: 2}},
	})
	refuse(frame.Repair)
	got := p.s.Stats()
	if got.Frames != before.Frames || got.Repairs != 0 || got.RepairBytes != 0 || got.Datagrams != before.Datagrams || got.Bytes != before.Bytes {
		t.Errorf("%+v\nbefore: %+v", got, before)
	}
}
