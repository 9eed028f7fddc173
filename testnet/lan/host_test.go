package lan

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPortsRunOut(t *testing.T) {
	h := &Host{addr: netip.MustParseAddr("10.77.0.1"), ephemeral: 65534}
	used := map[uint16]bool{}
	for _, want := range []uint16{65534, 65535, 65533} {
		got, err := h.freePort(&h.ephemeral, 65533, func(p uint16) bool { return used[p] })
		if err != nil || got != want {
			t.Errorf("port %d, %v; not %d", got, err, want)
		}
		used[got] = true
	}
	_, err := h.freePort(&h.ephemeral, 65533, func(p uint16) bool { return used[p] })
	const says = "host 10.77.0.1 has no free port left; close some sockets"
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v doesn't say %q", err, says)
	}
}

// Kept returns how many sockets a host knows by their ports, closed ones included.
func (h *Host) Kept() int { return len(h.sources) }
