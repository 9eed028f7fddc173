package checker_test

import (
	"bytes"
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/rig/story"
	"crier/testnet/world"
)

// Machines that are broken on purpose, each in one way, to see the Checker catch
// them. They sit where the World drives the real ones.

// brokenReceiver is a Receiver whose events, requests or frames are tampered with.
type brokenReceiver struct {
	world.Receiver
	event func(ev reliable.Event) []reliable.Event // what the application is told instead
	nack  func(f *frame.Frame) bool                // changes a NACK; false: it isn't sent
	frame func(f *frame.Frame) bool                // false: the frame is not looked at
	to    func() netip.AddrPort                    // where NACKs go instead

	dec    frame.Decoder
	enc    frame.Encoder
	events []reliable.Run
	buf    []byte
}

func (b *brokenReceiver) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if b.frame == nil || b.frame(f) {
		b.Receiver.Handle(now, from, f)
	}
}

func (b *brokenReceiver) Poll(events []reliable.Run) int {
	if b.event == nil {
		return b.Receiver.Poll(events)
	}
	for len(b.events) < len(events) {
		var one [1]reliable.Run
		if b.Receiver.Poll(one[:]) == 0 {
			break
		}
		one[0].Payload = bytes.Clone(one[0].Payload)
		for _, ev := range b.event(one[0].Event) {
			b.events = append(b.events, reliable.Run{Event: ev})
		}
	}
	n := copy(events, b.events)
	b.events = b.events[n:]
	return n
}

func (b *brokenReceiver) Next(now reliable.Time) (reliable.Batch, bool) {
	for {
		out, ok := b.Receiver.Next(now)
		if !ok || b.nack == nil {
			return out, ok
		}
		var f frame.Frame
		if b.dec.Decode(out.Data, &f) != nil || f.Kind != frame.Nack {
			return out, ok
		}
		if b.nack(&f) {
			b.buf = b.enc.Append(nil, &f)
			out.Data, out.Segment = b.buf, len(b.buf)
			if b.to != nil {
				out.To = b.to()
			}
			return out, true
		}
		b.Receiver.Sent(out)
	}
}

// brokenSender is a Sender whose datagrams are tampered with.
type brokenSender struct {
	world.Sender
	// true: the frame is not looked at
	deaf func(f *frame.Frame) bool
	// the datagram sent instead; nil: none
	send    func(b *brokenSender, f *frame.Frame, data []byte) []byte
	dec     frame.Decoder
	enc     frame.Encoder
	session uint64
	last    []byte // the last DATA datagram
	answers []reliable.Batch
	answer  bool
	real    reliable.Batch
}

func (b *brokenSender) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if b.deaf == nil || !b.deaf(f) {
		b.Sender.Handle(now, from, f)
	}
}

// say puts a frame of its own on the network.
func (b *brokenSender) say(to netip.AddrPort, f *frame.Frame) {
	f.Session = b.session
	data := b.enc.Append(nil, f)
	b.answers = append(b.answers, reliable.Batch{To: to, Data: data, Segment: len(data)})
}

func (b *brokenSender) Next(now reliable.Time) (reliable.Batch, bool) {
	for {
		if b.answer = len(b.answers) > 0; b.answer {
			out := b.answers[0]
			b.answers = b.answers[1:]
			return out, true
		}
		out, ok := b.Sender.Next(now)
		if b.real = out; !ok || b.send == nil {
			return out, ok
		}
		// One datagram a batch is enough here: what it holds besides is lost.
		var f frame.Frame
		if b.dec.Decode(out.Datagram(0), &f) != nil {
			return out, ok
		}
		b.session = f.Session
		data := b.send(b, &f, out.Datagram(0))
		if f.Kind == frame.Data {
			b.last = bytes.Clone(out.Datagram(0))
		}
		if data == nil {
			b.Sender.Sent(out)
			continue
		}
		if &data[0] == &out.Data[0] {
			return out, true
		}
		out.Data, out.Segment = data, len(data)
		return out, true
	}
}

func (b *brokenSender) Sent(out reliable.Batch) {
	if !b.answer {
		b.Sender.Sent(b.real)
	}
}

// chattyReceiver sends some frames a hundred times.
type chattyReceiver struct {
	world.Receiver
	some  func(f *frame.Frame) bool
	left  int
	again reliable.Batch
	dec   frame.Decoder
	real  bool
}

func (c *chattyReceiver) Next(now reliable.Time) (reliable.Batch, bool) {
	if c.real = c.left == 0; !c.real {
		c.left--
		return c.again, true
	}
	b, ok := c.Receiver.Next(now)
	var f frame.Frame
	if ok && c.dec.Decode(b.Data, &f) == nil && c.some(&f) {
		c.again, c.left = b, 99
		c.again.Data = bytes.Clone(b.Data)
	}
	return b, ok
}

func (c *chattyReceiver) Sent(b reliable.Batch) {
	if c.real {
		c.Receiver.Sent(b)
	}
}

// lateReceiver delivers what it has only after 15 s.
type lateReceiver struct {
	world.Receiver
	now reliable.Time
}

func (l *lateReceiver) Next(now reliable.Time) (reliable.Batch, bool) {
	l.now = now
	return l.Receiver.Next(now)
}

func (l *lateReceiver) Poll(events []reliable.Run) int {
	if l.now > 500*story.Milli && l.now < 15_500*story.Milli {
		return 0
	}
	return l.Receiver.Poll(events)
}

// chattySender sends each frame of a kind twice.
type chattySender struct {
	world.Sender
	kind  frame.Kind
	again reliable.Batch
	dec   frame.Decoder
	real  bool
}

func (c *chattySender) Next(now reliable.Time) (reliable.Batch, bool) {
	if c.real = c.again.Data == nil; !c.real {
		b := c.again
		c.again.Data = nil
		return b, true
	}
	b, ok := c.Sender.Next(now)
	var f frame.Frame
	if ok && c.dec.Decode(b.Datagram(0), &f) == nil && f.Kind == c.kind {
		c.again = b
		c.again.Data = bytes.Clone(b.Data)
	}
	return b, ok
}

func (c *chattySender) Sent(b reliable.Batch) {
	if c.real {
		c.Sender.Sent(b)
	}
}

// without removes one number from ranges.
func without(ranges []nack.Range, n uint64) []nack.Range {
	var kept []nack.Range
	for _, r := range ranges {
		for _, part := range []nack.Range{r.Clip(0, n), r.Clip(n+1, ^uint64(0))} {
			if part.Len() > 0 {
				kept = append(kept, part)
			}
		}
	}
	return kept
}
