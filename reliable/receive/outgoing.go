package receive

import (
	"net/netip"

	"crier/reliable"
	"crier/reliable/frame"
)

// outgoing is the datagram that is sent: one at a time, until it is handed back.
type outgoing struct {
	taken   bool
	arena   []byte
	encode  frame.Encoder
	scratch frame.Frame
	// positions are those of a STATUS.
	positions []frame.Progress
}

// part encodes as much of a DIGEST as fits, and reports whether there is more: f is that then.
func (o *outgoing) part(to netip.AddrPort, f *frame.Frame, size int) (b reliable.Batch, more bool) {
	o.taken = true
	o.arena, more = o.encode.AppendDigest(o.arena[:0], f, size)
	return reliable.Batch{To: to, Data: o.arena, Segment: len(o.arena)}, more
}

// batch encodes a frame to an address.
func (o *outgoing) batch(to netip.AddrPort, f *frame.Frame) reliable.Batch {
	o.taken = true
	o.arena = o.encode.Append(o.arena[:0], f)
	return reliable.Batch{To: to, Data: o.arena, Segment: len(o.arena)}
}
