package receive

import (
	"net/netip"
	"slices"
)

// Logs configures the use of logs beside the stream. The zero value has recorders asked that
// are heard on the group, and looks for none.
type Logs struct {
	// Ask says that FIND is sent to the groups that are followed, those of topics that are found
	// later included, when a subscriber looks for its start. Otherwise only publishers are asked.
	Ask bool
	// Recorders are the addresses of the recorders that are believed; nil means any.
	Recorders []netip.Addr
	// Replays says that sessions which are replays are followed.
	Replays bool
}

// believes reports whether a DIGEST from an address counts.
func (l *Logs) believes(from netip.Addr) bool {
	return l.Recorders == nil || slices.Contains(l.Recorders, from)
}
