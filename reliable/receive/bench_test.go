package receive

import (
	"bytes"
	"testing"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/rig"
	"crier/reliable/send"
)

// benchFrames returns DATA frames of messages of so many bytes, as a Sender packs
// them, and how many messages they have.
func benchFrames(tb testing.TB, cfg send.Config, size, frames int) (list [][]byte, messages int) {
	cfg.Session = 1
	s, err := send.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	st, message := s.Stream(0), make([]byte, size)
	for ; len(list) < frames; messages++ {
		if _, err := st.Publish(0, message); err != nil {
			tb.Fatal(err)
		}
		for s.FullBatch() {
			list = append(list, sendFrames(s)...)
		}
	}
	return list[:frames], messages
}

// sendFrames returns the DATA frames that are sent now.
func sendFrames(s *send.Sender) (list [][]byte) {
	for b, ok := s.Next(0); ok; b, ok = s.Next(0) {
		for i := range b.Datagrams() {
			if d := bytes.Clone(b.Datagram(i)); isData(d) {
				list = append(list, d)
			}
		}
		s.Sent(b)
	}
	return list
}

// isData says whether a datagram is a DATA frame.
func isData(datagram []byte) bool {
	var d frame.Decoder
	var f frame.Frame
	return d.Decode(datagram, &f) == nil && f.Kind == frame.Data
}

// receive hands frames to a Receiver, in the given order, and polls after each.
func (b *receiveBench) receive(order []int) {
	for _, i := range order {
		if err := b.dec.Decode(b.frames[i], &b.frame); err != nil {
			b.tb.Fatal(err)
		}
		b.r.Handle(0, rig.PublisherAddr, &b.frame)
		for n := b.r.Poll(b.events[:]); n > 0; n = b.r.Poll(b.events[:]) {
			for i := range b.events[:n] {
				if ev := &b.events[i]; ev.Kind == reliable.Message {
					b.got += ev.Len()
				}
			}
		}
	}
}

type receiveBench struct {
	tb     testing.TB
	r      *Receiver
	dec    frame.Decoder
	frame  frame.Frame
	frames [][]byte
	events [64]reliable.Run
	got    int
}

// again begins anew: with a Receiver that has heard nothing, which takes its
// buffers from the one before.
func (b *receiveBench) again() {
	old := b.r
	r, err := New(Config{ID: 2, Runs: true})
	if err != nil {
		b.tb.Fatal(err)
	}
	if b.r, b.got = r, 0; old != nil {
		old.mem.reuse()
		r.mem.spare = old.mem.spare
	}
	var e frame.Encoder
	if err := b.dec.Decode(e.Append(nil, &frame.Frame{Kind: frame.Session, Session: 1,
		Channels: 1}), &b.frame); err != nil {
		b.tb.Fatal(err)
	}
	r.Handle(0, rig.PublisherAddr, &b.frame) // which tells where the session begins
}

// inOrder returns 0 to n-1; lossy leaves each hundredth frame out, and brings it
// when so many more have come as fit a gap's repair on a busy LAN.
func inOrder(n int) (order []int) {
	for i := range n {
		order = append(order, i)
	}
	return order
}

func lossy(n int) (order []int) {
	const late = 50
	for i := range n {
		if i%100 != 99 {
			order = append(order, i)
		}
		if i%100 == late-1 && i > late {
			order = append(order, i-late)
		}
	}
	return order
}

// BenchmarkReceive is the whole way of a frame at a subscriber but for sockets:
// decoding, window, cursor, events. An operation is a message.
func BenchmarkReceive(b *testing.B) {
	const frames = 5000
	for _, c := range []struct {
		name  string
		size  int
		order []int
	}{
		{"64B", 64, inOrder(frames)},
		{"64B/lossy", 64, lossy(frames)},
		{"1KiB", 1024, inOrder(frames)},
		{"1KiB/lossy", 1024, lossy(frames)},
	} {
		b.Run(c.name, func(b *testing.B) {
			rb := &receiveBench{tb: b}
			rb.frames, _ = benchFrames(b, send.Config{}, c.size, frames)
			rb.again()
			rb.receive(c.order)
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			b.ResetTimer()
			done := 0
			for done < b.N {
				rb.again()
				rb.receive(c.order)
				done += rb.got
			}
			perOperation(b, done)
		})
	}
}

// perOperation tells what one of so many operations took, where rounds of them have
// outrun b.N.
func perOperation(b *testing.B, done int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(done), "ns/op")
}

// Receiving allocates nothing once there are buffers, also where frames are lost.
func TestReceivingAllocatesNothing(t *testing.T) {
	rb := &receiveBench{tb: t}
	rb.frames, _ = benchFrames(t, send.Config{}, 64, 3000)
	rb.again()
	order := lossy(3000)
	rb.receive(order[:1000]) // which grows the window and the buffers
	if at := 1000; testing.AllocsPerRun(15, func() {
		rb.receive(order[at : at+100])
		at += 100
	}) != 0 {
		t.Error("receiving allocates")
	}
	if rb.got == 0 {
		t.Error("nothing came")
	}
}
