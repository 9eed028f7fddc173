package send

import (
	"testing"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/receive"
	"crier/reliable/rig"
)

// Frames that were made before an MTU fell, and are missed, are named lost for that
// cause: those that were never sent, those that were lost just now, and those that are
// a while old. What comes after fits.
func TestFramesThatNoLongerFit(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
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
			p.publish(rig.Payload(len(p.sent), 1300))
			wait(100 * time.Microsecond)
		}
	}
	publish(5) // 0 to 4
	for range 3 {
		// 5 to 7, which the socket has not taken yet; the last one's frame is open.
		m := rig.Payload(len(p.sent), 1300)
		if _, err := p.st.Publish(p.now, m); err != nil {
			t.Fatal(err)
		}
		p.sent = append(p.sent, m)
	}
	if n := p.s.SetDatagram(p.now, 1172); n != 7 {
		t.Errorf("%d frames don't fit, want 7", n)
	}
	p.settle()
	wait(50 * time.Millisecond)
	publish(2) // 8 and 9
	p.s.SetDatagram(p.now, 9000)
	if n := p.s.Datagram(); n != reliable.DefaultDatagram {
		t.Errorf("datagrams of %d bytes, want those of the start", n)
	}
	lose = true
	publish(1) // 10
	lose = false
	p.s.SetDatagram(p.now, 1172)
	publish(2) // 11 and 12
	p.s.SetDatagram(p.now, reliable.DefaultDatagram)
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
	if st.Delivered != 12 || st.Lost != 4 || st.Losses != 3 {
		t.Errorf("%d delivered and %d lost in %d reports", st.Delivered, st.Lost, st.Losses)
	}
	for _, ev := range p.events {
		if ev.Kind == reliable.Loss && ev.Cause != reliable.CauseTooLarge {
			t.Errorf("%v is lost as %q", ev.Lost, ev.Cause)
		}
	}
	// 5 and 6 are asked for once, 10 once; for 13 it takes what it takes.
	got := p.s.Stats()
	if got.TooLarge != 2 || got.Responder.Unfit != 4 || got.Repairs != 0 || got.Nacks > 5 {
		t.Errorf("%+v", got)
	}
}

// A frame that is open when the MTU falls is packed anew, whatever is in it: nothing of it
// is lost, and its time is still that of its first message.
func TestOpenFrameIsPackedAnew(t *testing.T) {
	for _, datagram := range []int{256, 300, 600, 1200} {
		for _, uneven := range []bool{false, true} {
			p := newPair(t, Config{BatchWait: time.Hour, Uneven: uneven}, receive.Config{})
			p.drop = func(toReceiver bool, f *frame.Frame) bool {
				if toReceiver && p.s.Datagram() == datagram && f.Kind == frame.Data {
					if frame.RepairSize(len(f.Raw)) > datagram {
						t.Errorf("a frame of %d bytes is not for datagrams of %d", len(f.Raw),
							datagram)
					}
					if f.Time%uint64(time.Second) != 0 {
						t.Errorf("%v: its first message was accepted on a full second", f)
					}
				}
				return false
			}
			p.run(reliable.Time(time.Second))
			first := p.st.store.Next()
			p.st.packer.skipped = 7 // what was dropped stands at the start of the next frame
			p.st.packer.nextOffset += 7
			p.st.tally.accepted += 7
			for range 7 {
				p.sent = append(p.sent, nil)
			}
			for _, size := range []int{500, 0, 3, 300, 255, 0, 120} {
				p.publish(rig.Payload(len(p.sent), size))
			}
			if p.st.store.Next() != first {
				t.Fatalf("%d frames are sealed", p.st.store.Next()-first)
			}
			p.run(p.now.Add(time.Millisecond))
			p.s.SetDatagram(p.now, datagram)
			p.publish(rig.Payload(len(p.sent), 10)) // goes along
			p.st.Flush()
			p.settle()

			p.s.SetDatagram(p.now, 1472) // and the end of a message that began before it
			p.run(reliable.Time(2 * time.Second))
			p.publish(rig.Payload(len(p.sent), 2000))
			if !p.st.packer.build.IsOpen() || p.st.store.Sent() != p.st.store.Next() {
				t.Fatal("it has no open end")
			}
			p.publish(rig.Payload(len(p.sent), 400))
			p.run(p.now.Add(time.Millisecond))
			p.s.SetDatagram(p.now, datagram)
			p.s.Close(p.now)
			p.run(p.now.Add(5 * time.Second))
			st := p.check()
			if st.Delivered != 10 || st.Lost != 7 || p.s.Stats().TooLarge != 0 {
				t.Errorf("datagrams of %d: %+v; %+v", datagram, st, p.s.Stats())
			}
		}
	}
}

// Where the network takes less than the smallest datagrams that frames are made for, those
// that fit go out, and others are told of. Nothing that is too large is tried.
func TestDatagramsBelowTheLeast(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
	lose := false
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		if len(f.Raw) > p.s.Datagram() {
			t.Errorf("%d bytes are sent, and %d fit: %v", len(f.Raw), p.s.Datagram(), f)
		}
		return toReceiver && f.Kind == frame.Data && lose
	}
	publish := func(sizes ...int) {
		for _, size := range sizes {
			p.publish(rig.Payload(len(p.sent), size))
			p.run(p.now.Add(100 * time.Microsecond))
		}
	}
	publish(10, 100)
	p.s.SetDatagram(p.now, 150)
	p.r.SetDatagram(150)
	publish(10, 100, 20, 127) // of which 3 and 5 don't fit
	p.run(p.now.Add(time.Second))
	lose = true
	publish(30, 60) // 6 is repaired, and 7 could be sent, but not repaired
	lose = false
	publish(10)
	p.run(p.now.Add(5 * time.Second))
	got := p.s.Stats()
	if got.TooLarge != 2 || got.Nacks > 4 || got.Repairs != 1 || got.Responder.Unfit != 3 {
		t.Errorf("%+v", got)
	}
	p.s.SetDatagram(p.now, reliable.DefaultDatagram)
	publish(1000)
	p.s.Close(p.now)
	p.run(p.now.Add(5 * time.Second))
	if st := p.check(); st.Delivered != 7 || st.Lost != 3 || st.Losses != 3 ||
		st.End != reliable.EndBye {
		t.Errorf("%+v", st)
	}
	for _, ev := range p.events {
		if ev.Kind == reliable.Loss && ev.Cause != reliable.CauseTooLarge {
			t.Errorf("%v is lost as %q", ev.Lost, ev.Cause)
		}
	}
}

// A frame that is open when the MTU falls stays as it is where the resend buffer has no
// room for it in pieces: nothing that must be kept is overwritten.
func TestOpenFrameWithoutRoomForItsPieces(t *testing.T) {
	p := newPair(t, Config{
		Retention: Retention{ResendBuffer: 16 * 1401}, BatchWait: time.Hour,
		Flow: Flow{Pace: reliable.Slowest()},
	}, receive.Config{})
	p.run(reliable.Time(time.Second)) // it has reported
	deaf := true
	p.drop = func(toReceiver bool, f *frame.Frame) bool {
		return deaf && toReceiver && f.Kind != frame.Gone
	}
	for {
		m := rig.Payload(len(p.sent), 700)
		if _, err := p.st.Publish(p.now, m); err == reliable.ErrFull {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.sent = append(p.sent, m)
		p.settle()
	}
	if !p.st.packer.build.IsOpen() {
		t.Fatal("no frame is open")
	}
	oldest := p.st.store.InMemory()
	p.s.SetDatagram(p.now, 300)
	if got := p.st.store.InMemory(); got != oldest {
		t.Errorf("the oldest frame is %d now, and was %d", got, oldest)
	}
	p.s.SetDatagram(p.now, reliable.DefaultDatagram) // so that all can be repaired
	deaf = false
	p.s.Close(p.now)
	p.run(p.now.Add(10 * time.Second))
	if st := p.check(); st.Lost != 0 {
		t.Errorf("%+v", st)
	}
}

// Frames that the kernel refuses count as neither sent nor repaired.
func TestRefusedFramesAreNotSent(t *testing.T) {
	p := newPair(t, Config{}, receive.Config{})
	p.publish(rig.Payload(0, 100))
	p.run(reliable.Time(10 * time.Millisecond))
	before := p.s.Stats()
	if _, err := p.st.Publish(p.now, rig.Payload(1, 100)); err != nil {
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
	p.s.Handle(p.now, rig.SubscriberAddr, &frame.Frame{
		Kind: frame.Nack, Session: p.s.Session(), Subscriber: 0xdef, Request: 1,
		Ranges: []nack.Range{{From: 1, To: 2}},
	})
	refuse(frame.Repair)
	got := p.s.Stats()
	if got.Frames != before.Frames || got.Heartbeats != before.Heartbeats || got.Repairs != 0 ||
		got.RepairBytes != 0 || got.Datagrams != before.Datagrams || got.Bytes != before.Bytes {
		t.Errorf("%+v\nbefore: %+v", got, before)
	}
}
