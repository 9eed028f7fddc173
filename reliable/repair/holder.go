package repair

import (
	"net/netip"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/store"
)

// maxAskers bounds the subscribers that a Holder has rows for.
const maxAskers = 1024

// A Holder repeats frames of a session in its publisher's place, out of any store. It is
// a state machine, driven as send.Sender and receive.Receiver are. It announces nothing,
// and sends only repairs and answers.
type Holder struct {
	repairer *Repairer
	cfg      Config
	askers   map[uint64]*nack.Asker
	// rowless stands for all subscribers without a row.
	rowless nack.Asker
	// taken says that a batch is being sent.
	taken   bool
	foreign uint64
}

// NewHolder returns a Holder that was asked for nothing yet.
func NewHolder(cfg Config, s store.Store) *Holder {
	return &Holder{repairer: New(cfg, s), cfg: cfg, askers: make(map[uint64]*nack.Asker)}
}

// Handle takes a decoded frame. It ignores all but NACKs for its session and channel, and
// counts those of a subscriber from an address that is not its first.
func (h *Holder) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Nack || f.Session != h.cfg.Session || f.Channel != h.cfg.Channel {
		return
	}
	a, place := h.askers[f.Subscriber], Known
	switch {
	case a == nil && len(h.askers) >= maxAskers:
		a, place = &h.rowless, Rowless
	case a == nil:
		a = &nack.Asker{ID: f.Subscriber, Addr: from}
		h.askers[f.Subscriber] = a
		h.repairer.SetGroup(len(h.askers), 0)
	case a.Addr != from:
		h.foreign++
		return
	}
	h.repairer.Ask(now, a, place, from, f, 0)
}

// Advance lets time pass.
func (h *Holder) Advance(now reliable.Time) { h.repairer.Advance(now) }

// Deadline returns when to call Next again.
func (h *Holder) Deadline(now reliable.Time) reliable.Time { return h.repairer.Deadline(now) }

// Next returns the next datagrams to send, and false if there are none now. The batch
// must be handed back with Sent before the next call.
func (h *Holder) Next(now reliable.Time) (b reliable.Batch, ok bool) {
	if h.taken {
		return b, false
	}
	r := h.repairer
	if b, ok = r.NextConfirm(now); !ok {
		b, ok = r.NextAnswer(now)
	}
	for class := nack.Recent; !ok && class <= nack.Behind; class++ {
		b, ok = r.NextRepairs(now, class)
	}
	if !ok {
		b, ok = r.NextAnswer(now) // denials of frames that can't be had
	}
	h.taken = ok
	return b, ok
}

// Sent hands the batch back.
func (h *Holder) Sent(b reliable.Batch) {
	h.taken = false
	datagrams, bytes := uint64(b.Datagrams()), uint64(len(b.Data))
	h.repairer.Sent(datagrams-min(b.Refused, datagrams), bytes-min(b.RefusedBytes, bytes))
}

// Stats returns the counters so far.
func (h *Holder) Stats() Stats { return h.repairer.Stats() }

// Foreign returns the number of NACKs of subscribers from another address than their
// first.
func (h *Holder) Foreign() uint64 { return h.foreign }
