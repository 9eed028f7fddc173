package receive

import (
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
)

// A Keeper holds frames for others, and says which ones it has. A Receiver calls it as Poll passes
// the frames.
type Keeper interface {
	// Role is the holder's part: frame.Peer, or frame.Recorder.
	Role() frame.Role
	// Keep takes a frame that was passed in order, or that came after it was named lost. f.Raw is
	// its sealed bytes, which the Keeper copies.
	Keep(session uint64, channel uint32, f *frame.Frame)
	// Oldest returns the lowest frame that is kept of a stream, and the offset of the first
	// message that starts there or after it. It returns false if there is none.
	Oldest(session uint64, channel uint32) (seq, offset uint64, ok bool)
	// Absent appends to a list the numbers of a range that aren't kept, ascending.
	Absent(session uint64, channel uint32, of nack.Range, to []nack.Range) []nack.Range
	// Forget says that nobody asks for a stream any more.
	Forget(session uint64, channel uint32)
}

// keep hands the frame that was passed to the Keeper.
func (st *stream) keep(f *frame.Frame) {
	if k := st.r.cfg.Keeper; k != nil {
		k.Keep(st.session.id, st.channel, f)
	}
}

// Sealed returns the sealed bytes of a frame that waits for a gap to close or for the
// application, or nil. They are a view, valid until the next call of the Receiver.
func (r *Receiver) Sealed(session uint64, channel uint32, seq uint64) []byte {
	st := r.streamOf(session, channel)
	if st == nil {
		return nil
	}
	p := st.win.at(seq)
	switch {
	case p == nil || !p.used:
		return nil
	case p.frame != nil:
		return p.frame.Raw
	}
	return p.buf
}

// Serves reports whether the NACK of a subscriber is answered out of what is held here: an inquest
// of the session goes on or is over for less than five minutes, or the subscriber is cut off from a
// publisher that is heard here, and its address is the one that its DIGESTs came from.
func (r *Receiver) Serves(now reliable.Time, session uint64, channel uint32, from netip.AddrPort,
	subscriber uint64) bool {
	st := r.streamOf(session, channel)
	switch {
	case st == nil || st.over():
		return false
	case st.aftermath != nil:
		m, ok := st.aftermath.q.Member(subscriber)
		return ok && m.Addr == from
	}
	return st.hears(now) && st.witness.knows(now, subscriber, from)
}

// Inquires reports whether an inquest of a stream goes on.
func (r *Receiver) Inquires(session uint64, channel uint32) bool {
	st := r.streamOf(session, channel)
	return st != nil && st.phase == orphaned
}

// streamOf returns a stream of the sessions that are known, or nil.
func (r *Receiver) streamOf(session uint64, channel uint32) *stream {
	if s := r.session(session); s != nil {
		return s.stream(channel)
	}
	return nil
}

// Group returns the group of a session that is known, or an invalid address: the first group.
func (r *Receiver) Group(session uint64) netip.AddrPort {
	if s := r.session(session); s != nil {
		return s.group
	}
	return netip.AddrPort{}
}
