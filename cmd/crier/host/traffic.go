package host

import (
	"fmt"
	"strconv"
	"strings"
)

// Traffic is what an interface has received.
type Traffic struct {
	// Packets counts what arrived, and Dropped what the interface dropped of that.
	Packets, Dropped uint64
}

// Traffic reads /proc/net/dev for an interface.
func (r Roots) Traffic(iface string) (Traffic, error) {
	text, err := read(r.Net, "dev")
	if err != nil {
		return Traffic{}, err
	}
	for line := range strings.Lines(text) {
		name, numbers, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) != iface {
			continue
		}
		// Bytes, packets, errors, drops and more of what was received.
		fields := strings.Fields(numbers)
		if len(fields) < 4 {
			return Traffic{}, fmt.Errorf("/proc/net/dev has %d numbers for %s", len(fields), iface)
		}
		packets, err := strconv.ParseUint(fields[1], 10, 64)
		if err != nil {
			return Traffic{}, fmt.Errorf("/proc/net/dev: %q is no whole number", fields[1])
		}
		dropped, err := strconv.ParseUint(fields[3], 10, 64)
		if err != nil {
			return Traffic{}, fmt.Errorf("/proc/net/dev: %q is no whole number", fields[3])
		}
		return Traffic{Packets: packets, Dropped: dropped}, nil
	}
	return Traffic{}, fmt.Errorf("%w (/proc/net/dev has no %s)", ErrNotReadable, iface)
}
