package multicast

import (
	"log/slog"
	"net/netip"
	"slices"
	"sync/atomic"
)

// ifAddr is an address of an interface, without a zone.
type ifAddr struct {
	addr netip.Addr
	// index is the interface's.
	index int
	// ready reports that the address can be used: duplicate address detection (RFC 4862,
	// section 5.4) is over.
	ready bool
	// gone reports that the interface has lost the address.
	gone bool
}

// home is the address that a socket is bound to. If the interface loses it, another takes
// its place: of the same family, and link-local only if the old one was, since interfaces
// that come back have a link-local address before they have any other. While duplicate
// address detection runs for an address, nothing is sent from it, since no host could
// answer.
type home struct {
	local netip.AddrPort
	// index is that of the interface that local was bound on.
	index int
	// prefer is the address asked for, if valid.
	prefer netip.Addr

	// list has the addresses of all interfaces, once listed is true.
	list   []ifAddr
	listed bool
	// failed reports that the last move failed and is due again, and logged that the log
	// says so.
	failed, logged bool

	// lacks reports that there is no address that can be used.
	lacks *atomic.Bool
	move  func(to netip.Addr, index int) (netip.AddrPort, error)
}

// observe notes an address that came, went or changed, on any interface.
func (h *home) observe(a ifAddr) {
	i := slices.IndexFunc(h.list, func(b ifAddr) bool {
		return b.addr == a.addr && b.index == a.index
	})
	switch {
	case i < 0 && !a.gone:
		h.list = append(h.list, a)
	case i >= 0 && a.gone:
		h.list = slices.Delete(h.list, i, i+1)
	case i >= 0:
		h.list[i] = a
	}
}

// relist forgets all addresses. They will be observed again, and settle waits until they
// are listed.
func (h *home) relist() { h.list, h.listed = h.list[:0], false }

// settle chooses an address, and moves the socket there.
func (h *home) settle(ifname string, index int, log *slog.Logger) {
	if !h.listed || h.failed {
		return
	}
	own := h.local.Addr().WithZone("")
	best, stay := netip.Addr{}, false
	for _, a := range h.list {
		switch {
		case a.index != index || a.addr.Is4() != own.Is4() ||
			a.addr.IsLinkLocalUnicast() != own.IsLinkLocalUnicast():
		case a.addr == own:
			// A link-local address belongs to an interface, by its index.
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
		if !h.logged { // not at every retry
			log.Error("multicast: an interface has another address, which cannot be used; "+
				"trying again",
				"interface", ifname, "address", best, "error", err)
		}
		h.logged = true
		return
	}
	h.local, h.index, h.logged = local, index, false
	h.lacks.Store(false)
	log.Warn("multicast: an interface has another address; datagrams are sent from it now",
		"interface", ifname, "previous_address", old, "address", local)
}

// lack notes whether the socket lacks an address that can be used.
func (h *home) lack(lacks bool, ifname string, log *slog.Logger) {
	if h.lacks.Swap(lacks) == lacks {
		return
	}
	if lacks {
		log.Warn("multicast: an interface has no address that can be used; "+
			"nothing passes until it has",
			"interface", ifname, "previous_address", h.local)
	} else {
		log.Warn("multicast: an interface has its address again",
			"interface", ifname, "address", h.local)
	}
}
