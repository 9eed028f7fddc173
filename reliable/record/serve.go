package record

import (
	"net/netip"
	"slices"
	"time"

	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/journal"
	"crier/reliable/repair"
)

const (
	// maxServing bounds the tapes that are served at once. One that nobody asked for in
	// restTime makes room for another.
	maxServing = 64
	restTime   = time.Second
	// marks is the number of requested frames of a tape that are told apart.
	marks = 1 << 16
)

// serve takes a NACK.
func (r *Recorder) serve(from netip.AddrPort, f *frame.Frame) {
	t := r.tapes[journal.Key{Session: f.Session, Channel: f.Channel}]
	if t == nil || !t.begun || r.closing {
		r.stats.Unknown++
		return
	}
	if t.holder == nil && !r.makeHolder(t, from.Addr()) {
		r.stats.Unserved++
		return
	}
	t.asked = r.now
	asked := f.Ranges
	f.Ranges = t.askable(asked)
	t.holder.Handle(r.now, from, f)
	f.Ranges = asked
}

// makeHolder makes a tape one of those that are served, for a subscriber at an address, and
// reports whether there is room.
func (r *Recorder) makeHolder(t *tape, by netip.Addr) bool {
	if len(r.serving) >= maxServing {
		i := slices.IndexFunc(r.serving, func(o *tape) bool {
			return r.now.Sub(o.asked) > restTime && o != r.sending.from
		})
		if i < 0 {
			if i = r.yields(by); i < 0 {
				return false
			}
		}
		r.unserve(r.serving[i])
	}
	t.servedFor = by
	t.holder = repair.NewHolder(repair.Config{
		Session: t.key.Session, Channel: t.key.Channel, Responder: r.cfg.ID,
		Start: reliable.Time(0), Datagram: r.cfg.Datagram, Marks: marks,
		Budget: r.budget, Limit: r.limit,
	}, &t.shelf)
	r.serving = append(r.serving, t)
	return true
}

// yields returns the index of the tape that makes room though it was asked for lately, or -1: it
// is served for the address for which most are.
func (r *Recorder) yields(by netip.Addr) int {
	whose, ok := r.crowd.Yields(r.now, by, len(r.serving), func(i int) netip.Addr {
		return r.serving[i].servedFor
	})
	if !ok {
		return -1
	}
	return slices.IndexFunc(r.serving, func(o *tape) bool {
		return o.servedFor == whose && o != r.sending.from
	})
}

// unserve ends the service of a tape until somebody asks for it again.
func (r *Recorder) unserve(t *tape) {
	if t.holder == nil {
		return
	}
	served := t.holder.Stats()
	r.stats.Served.Add(&served)
	t.holder = nil
	t.shelf.wants = t.shelf.wants[:0]
	r.serving = slices.DeleteFunc(r.serving, func(o *tape) bool { return o == t })
}
