package receive

import (
	"net/netip"
	"slices"
)

// Logs configures the use of logs beside the stream. The zero value has recorders asked that
// are heard on the group, and looks for none.
type Logs struct {
	// Ask are the addresses that a subscriber sends FIND to, when it looks for its start:
	// groups, and recorders that hear no group. The zero address is the group. If there
	// are none, only publishers are asked.
	Ask []netip.AddrPort
	// Recorders are the addresses of the recorders that are believed; nil means any.
	Recorders []netip.Addr
	// Replays says that sessions which are replays are followed.
	Replays bool
}

// believes reports whether a DIGEST from an address counts.
func (l *Logs) believes(from netip.Addr) bool {
	return l.Recorders == nil || slices.Contains(l.Recorders, from)
}
