package echo

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"

	"crier/multicast"
	"crier/reliable/frame"
)

const (
	// maxSizes bounds the sizes of one question, and copies is how often each is sent.
	maxSizes = 8
	copies   = 3
	// nacks is how many datagrams go to a control port.
	nacks = 5
	// questionCost is a question's share of the budget.
	questionCost = 20
)

// decodeJSON decodes a body: one JSON value, with spaces or zeros behind it.
func decodeJSON(b []byte, v any) error {
	if len(b) > telling {
		return errors.New("too long")
	}
	return json.Unmarshal(bytes.TrimRight(b, "\x00 "), v)
}

// told answers a question; with the lock held.
func (h *Host) told(w *writer, c *client, m message) {
	var q question
	if parse(m.body, &q) != nil || len(m.body) < asking {
		h.counts.Bad++
		return
	}
	if !h.budget.take(c.last, questionCost) {
		h.counts.Bounded++
		return
	}
	t := told{Nonce: q.Nonce}
	switch q.What {
	case askBegin, askCount:
		if q.Pass == 0 || q.Pass >= passes {
			h.counts.Bad++
			return
		}
		if q.What == askBegin {
			h.begin(c, q.Pass)
		} else {
			t.Count = h.count(c, q.Pass)
		}
	case askSizes:
		h.sendSizes(w, c, m, q)
		return
	case askNACK:
		h.sendNACKs(w, c, m, q)
		return
	case askChecks:
		t.Later = h.place.Checks != nil && !h.own.ready(c)
		t.Parts = (len(c.checks) + checksPart - 1) / checksPart
		if q.Part >= 0 && q.Part < t.Parts {
			from := q.Part * checksPart
			t.Text = c.checks[from:min(from+checksPart, len(c.checks))]
		}
	default:
		h.counts.Bad++
		return
	}
	h.tell(w, c, m, t)
}

// checksPart is how many bytes of a Host's checks one answer has; JSON makes 4 of 3.
const checksPart = 780

// tell sends the answer to a question.
func (h *Host) tell(w *writer, c *client, m message, t told) {
	w.unicast(c.addr, message{op: opTold, run: m.run, cookie: m.cookie, body: body(t, 0)})
}

// begin notes the kernel's counters before a pass.
func (h *Host) begin(c *client, p pass) {
	c.passes[p] = &passTally{began: readKernel(h.ifi), stats: h.in.Stats(),
		refused: h.out.Stats().SendErrors}
}

// count returns the counters of a pass.
func (h *Host) count(c *client, p pass) *count {
	t := c.pass(p)
	n := t.count()
	stats := h.in.Stats()
	n.KernelDrops = stats.KernelDrops - t.stats.KernelDrops
	n.ReadBuffer = stats.ReadBuffer
	n.Answered, n.Bounded = t.answered, t.bounded
	n.Refused = h.out.Stats().SendErrors - t.refused
	n.Kernel = t.began.since(readKernel(h.ifi))
	return &n
}

// sendSizes sends probes of the sizes that a client asks for.
func (h *Host) sendSizes(w *writer, c *client, m message, q question) {
	var sizes []int
	for _, s := range q.Sizes[:min(len(q.Sizes), maxSizes)] {
		if s >= smallFrame && s <= frame.MaxDatagram && c.credit >= copies*s &&
			h.budget.take(c.last, copies) {
			c.credit -= copies * s
			sizes = append(sizes, s)
		}
	}
	to, run, cookie := c.addr, m.run, m.cookie
	w.later = append(w.later, func(w *writer) {
		refused := 0
		for _, s := range sizes {
			p := probe{pass: passMTUBack, seq: uint32(s)}
			d := w.append(nil, message{op: opAnswer, run: run, cookie: cookie,
				body: padded(p.append(nil), s)})
			for range copies {
				if h.port.write(d, to) != nil {
					refused++
				}
			}
		}
		h.tell(w, c, m, told{Nonce: q.Nonce, Sent: copies * len(sizes), Refused: refused})
	})
}

// sendNACKs sends to the control port of a client, from a socket that it never sent to.
func (h *Host) sendNACKs(w *writer, c *client, m message, q question) {
	if q.Port == 0 || c.credit < nacks*smallFrame || !h.budget.take(c.last, nacks) {
		h.counts.Bounded++
		return
	}
	c.credit -= nacks * smallFrame
	to, run, cookie := netip.AddrPortFrom(c.addr.Addr(), q.Port), m.run, m.cookie
	w.later = append(w.later, func(w *writer) {
		before := h.fresh.Stats().SendErrors
		for i := range nacks {
			p := probe{pass: passNACK, seq: uint32(i)}
			d := w.append(nil, message{op: opAnswer, run: run, cookie: cookie, body: w.body(p)})
			_ = multicast.WriteAll(h.fresh, to, d, len(d))
		}
		h.tell(w, c, m, told{Nonce: q.Nonce, Sent: nacks,
			Refused: int(h.fresh.Stats().SendErrors - before)})
	})
}
