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

// CardOf returns what an interface's card can do. What the driver doesn't say stays 0.
func CardOf(iface string) (Card, error) {
	c := Card{Clock: -1}
	e, err := ethtool.NewEthtool()
	if err != nil {
		return c, err
	}
	defer e.Close()
	if c.Features, err = e.Features(iface); err != nil {
		return c, err
	}
	c.Driver, _ = e.DriverName(iface)
	if ring, err := e.GetRing(iface); err == nil {
		c.Ring, c.RingMost = int(ring.RxPending), int(ring.RxMaxPending)
	}
	if coalesce, err := e.GetCoalesce(iface); err == nil {
		c.Delay = int(coalesce.RxCoalesceUsecs)
		c.Adaptive = coalesce.UseAdaptiveRxCoalesce != 0
	}
	if stamps, err := e.GetTimestampingInformation(iface); err == nil {
		c.Clock = int(stamps.PhcIndex)
		const all = 1 << 1 // HWTSTAMP_FILTER_ALL
		c.Stamps = c.Clock >= 0 && stamps.RxFilters&all != 0
	}
	return c, nil
}
