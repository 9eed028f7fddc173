package host

import (
	"strings"

	"github.com/safchain/ethtool"
)

// cardDrops returns those statistics of a network card that count frames which it dropped.
func cardDrops(iface string) (map[string]uint64, error) {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return nil, err
	}
	defer e.Close()
	all, err := e.Stats(iface)
	if err != nil {
		return nil, err
	}
	drops := make(map[string]uint64)
	for name, n := range all {
		if countsDrops(name) {
			drops[name] = n
		}
	}
	return drops, nil
}

// countsDrops reports whether a statistic, by the name that its driver chose, counts frames
// that were received and dropped.
func countsDrops(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "tx") && !strings.Contains(name, "rx") {
		return false
	}
	for _, part := range []string{"drop", "miss", "fifo", "no_buf", "nobuf", "discard", "overrun"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}
