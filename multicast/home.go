package multicast

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"
)

// ifAddr is an address of an interface, without a zone.
type ifAddr struct {
	addr  netip.Addr
	index int  // the interface
	ready bool // it can be used: nobody checks any more whether another host has it
	gone  bool // taken away
}

// home is the address that a socket is bound to. Where the interface loses it,
// another takes its place: of the same family, and link-local only where it was, since
// interfaces that come back have a link-local address before they have any other.
// While one is being checked that nobody else has it, nothing is sent from it, for
// nobody could answer.
type home struct {
	local  netip.AddrPort
	index  int        // of the interface that it was bound on
	prefer netip.Addr // the one asked for, if valid

	list   []ifAddr
	listed bool // list is complete
	failed bool // the last move failed and is due again
	said   bool // the log has that

	lacks *atomic.Bool // there is no address that can be used
	move  func(to netip.Addr, index int) (netip.AddrPort, error)
}

// observe takes in an address that came, went or changed, on any interface.
func (h *home) observe(a ifAddr) {
	i := slices.IndexFunc(h.list, func(b ifAddr) bool { return b.addr == a.addr && b.index == a.index })
	switch {
	case i < 0 && !a.gone:
		h.list = append(h.list, a)
	case i >= 0 && a.gone:
		h.list = slices.Delete(h.list, i, i+1)
	case i >= 0:
		h.list[i] = a
	}
}

// relist says that all addresses will be told anew, and settle waits for the last.
func (h *home) relist() { h.list, h.listed = h.list[:0], false }

// settle finds the address to be at, and moves there.
func (h *home) settle(ifname string, index int, log *slog.Logger) {
	if !h.listed || h.failed {
		return
	}
	own := h.local.Addr().WithZone("")
	best, stay := netip.Addr{}, false
	for _, a := range h.list {
		switch {
		case a.index != index || a.addr.Is4() != own.Is4() || a.addr.IsLinkLocalUnicast() != own.IsLinkLocalUnicast():
		case a.addr == own:
			// A link-local address is one of an interface, by its index.
			if stay = index == h.index || !own.IsLinkLocalUnicast(); stay {
				h.lack(!a.ready, ifname, log)
			} else if a.ready {
				best = own
			}
		case a.ready && best != own && (!best.IsValid() || a.addr == h.prefer):
			best = a.addr
		}
	}
	if stay {
		return
	}
	if !best.IsValid() {
		h.lack(true, ifname, log)
		return
	}
	old := h.local
	local, err := h.move(best, index)
	if h.failed = err != nil; h.failed {
		h.lacks.Store(true)
		if !h.said { // not at every retry
			log.Error("multicast: an interface has another address, which cannot be used; trying again",
				"interface", ifname, "address", best, "error", err)
		}
		h.said = true
		return
	}
	h.local, h.index, h.said = local, index, false
	h.lacks.Store(false)
	log.Warn("multicast: an interface has another address, which datagrams come from now", "interface", ifname, "was", old, "is", local)
}

// lack says whether there is an address that can be used.
func (h *home) lack(lacks bool, ifname string, log *slog.Logger) {
	if h.lacks.Swap(lacks) == lacks {
		return
	}
	if lacks {
		log.Warn("multicast: an interface has no address that can be used; nothing passes until it has", "interface", ifname, "was", h.local)
	} else {
		log.Warn("multicast: an interface has its address again", "interface", ifname, "address", h.local)
	}
}
