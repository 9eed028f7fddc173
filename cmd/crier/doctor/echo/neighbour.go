package echo

import (
	"net/netip"
	"os"
	"strings"
)

// neighbour returns the kernel's entry for a host's hardware address on an interface:
// "complete", "incomplete" where it asked in vain, or "" where it doesn't know, as of a host
// beyond a router.
func neighbour(a netip.Addr, ifi string) string {
	b, err := os.ReadFile("/proc/net/arp")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 6 || f[0] != a.String() || f[5] != ifi {
			continue
		}
		if f[2] == "0x0" {
			return "incomplete"
		}
		return "complete"
	}
	return ""
}
