package echo

import (
	"net/netip"

	"crier/multicast"
)

// writer gathers the datagrams that one goroutine of a Host sends once it has left the lock.
type writer struct {
	codec
	group []byte // datagrams of smallFrame bytes, one behind the other
	other []outgoing
	later []func(*writer)
	small []byte
}

type outgoing struct {
	to       netip.AddrPort
	datagram []byte
}

// body returns the body of an answer, for a datagram of smallFrame bytes.
func (w *writer) body(p probe) []byte {
	w.small = padded(p.append(w.small[:0]), smallFrame)
	return w.small
}

func (w *writer) toGroup(m message) { w.group = w.append(w.group, m) }

func (w *writer) unicast(to netip.AddrPort, m message) {
	w.other = append(w.other, outgoing{to, w.append(nil, m)})
}

// flush sends the gathered datagrams; without the lock.
func (w *writer) flush(h *Host) {
	sent, refused := 0, 0
	if len(w.group) > 0 {
		_ = multicast.WriteAll(h.out, h.place.Group, w.group, smallFrame)
		sent += len(w.group) / smallFrame
	}
	w.group = w.group[:0]
	for len(w.later) > 0 || len(w.other) > 0 {
		for _, o := range w.other {
			if err := h.port.write(o.datagram, o.to); err != nil {
				refused++
			} else {
				sent++
			}
		}
		w.other = w.other[:0]
		later := w.later
		w.later = nil
		for _, f := range later {
			f(w)
		}
	}
	if sent+refused > 0 {
		h.mu.Lock()
		h.counts.Answers += uint64(sent)
		h.counts.Refused += uint64(refused)
		h.mu.Unlock()
	}
}
