package record

import (
	"net/netip"

	"crier/reliable/frame"
	"crier/reliable/journal"
)

// marks is the number of requested frames of a tape that are told apart.
const marks = 1 << 16

// serve takes a NACK.
func (r *Recorder) serve(from netip.AddrPort, f *frame.Frame) {
	key := journal.Key{Session: f.Session, Channel: f.Channel}
	t := r.tapes[key]
	if t == nil || !t.begun || r.closing {
		r.stats.Unknown++
		return
	}
	if !r.service.Serves(key) && !r.service.Begin(r.now, from.Addr(), key, &t.shelf) {
		r.stats.Unserved++
		return
	}
	asked := f.Ranges
	f.Ranges = t.askable(asked)
	r.service.Handle(r.now, from, f)
	f.Ranges = asked
}
