package repair

import (
	"net/netip"
	"time"

	"crier/nack"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/reliable/store"
)

const (
	// maxAskers bounds the subscribers that a Holder has rows for.
	maxAskers = 1024
	// askerRests is how long a subscriber asks for nothing until its row may be another's.
	askerRests = 5 * time.Second
)

// A Holder repeats frames of a session in its publisher's place, out of any store. It is
// a state machine, driven as send.Sender and receive.Receiver are. It announces nothing,
// and sends only repairs and answers.
type Holder struct {
	repairer *Repairer
	cfg      Config
	askers   map[uint64]*row
	// first is the row of the subscriber that hasn't asked for longest, and last that of the one
	// that asked last.
	first, last *row
	crowd       Crowd
	// rowless stands for all subscribers without a row.
	rowless nack.Asker
	// taken says that a batch is being sent.
	taken   bool
	foreign uint64
}

// A row is a subscriber that asked.
type row struct {
	nack.Asker
	asked      reliable.Time
	prev, next *row
}

// NewHolder returns a Holder that was asked for nothing yet.
func NewHolder(cfg Config, s store.Store) *Holder {
	return &Holder{repairer: New(cfg, s), cfg: cfg, askers: make(map[uint64]*row)}
}

// Handle takes a decoded frame. It ignores all but NACKs for its session and channel, and
// counts those of a subscriber from an address that is not its first.
func (h *Holder) Handle(now reliable.Time, from netip.AddrPort, f *frame.Frame) {
	if f.Kind != frame.Nack || f.Session != h.cfg.Session || f.Channel != h.cfg.Channel {
		return
	}
	a := h.askers[f.Subscriber]
	if a == nil {
		a = h.enter(now, from, f.Subscriber)
	}
	switch {
	case a == nil:
		h.repairer.Ask(now, &h.rowless, Rowless, from, f, 0)
		return
	case a.Addr != from:
		h.foreign++
		return
	}
	h.unlink(a)
	h.link(now, a)
	h.repairer.Ask(now, &a.Asker, Known, from, f, 0)
}

// enter makes a row for a subscriber, or returns nil where there is no room.
func (h *Holder) enter(now reliable.Time, from netip.AddrPort, id uint64) *row {
	if len(h.askers) >= maxAskers {
		old := h.first
		if now.Sub(old.asked) < askerRests {
			if old = h.yields(now, from.Addr()); old == nil {
				return nil
			}
		}
		h.unlink(old)
		delete(h.askers, old.ID)
		h.repairer.Forget(&old.Asker)
	}
	a := &row{Asker: nack.Asker{ID: id, Addr: from}}
	h.askers[id] = a
	h.link(now, a)
	h.repairer.SetGroup(len(h.askers), 0)
	return a
}

// yields returns the row that a newcomer gets though its subscriber asked lately, or nil: the
// one that hasn't asked for longest at the address with the most rows.
func (h *Holder) yields(now reliable.Time, from netip.Addr) *row {
	next := h.first
	whose, ok := h.crowd.Yields(now, from, len(h.askers), func(i int) netip.Addr {
		if i == 0 {
			next = h.first
		}
		at := next.Addr.Addr()
		next = next.next
		return at
	})
	if !ok {
		return nil
	}
	old := h.first
	for old.Addr.Addr() != whose {
		old = old.next
	}
	return old
}

// link makes a row the last one.
func (h *Holder) link(now reliable.Time, a *row) {
	a.asked, a.prev, a.next = now, h.last, nil
	if h.last == nil {
		h.first = a
	} else {
		h.last.next = a
	}
	h.last = a
}

// unlink takes a row out of the order.
func (h *Holder) unlink(a *row) {
	if a.prev == nil {
		h.first = a.next
	} else {
		a.prev.next = a.next
	}
	if a.next == nil {
		h.last = a.prev
	} else {
		a.next.prev = a.prev
	}
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

// Idle reports whether nothing that was asked for waits to be sent.
func (h *Holder) Idle() bool { return h.repairer.Idle() }

// Unreadable denies frames that were to be read, and can't be.
func (h *Holder) Unreadable(frames nack.Range) { h.repairer.Unreadable(frames) }

// Askers returns the subscribers that have rows: first the one that hasn't asked for longest.
func (h *Holder) Askers() []*nack.Asker {
	list := make([]*nack.Asker, 0, len(h.askers))
	for a := h.first; a != nil; a = a.next {
		list = append(list, &a.Asker)
	}
	return list
}

// Stats returns the counters so far.
func (h *Holder) Stats() Stats { return h.repairer.Stats() }

// Foreign returns the number of NACKs of subscribers from another address than their
// first.
func (h *Holder) Foreign() uint64 { return h.foreign }
