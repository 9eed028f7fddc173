package echo

import "crier/cmd/crier/host"

// kernelCounts are counters of a host's kernel, by name. What can't be read is left out.
type kernelCounts map[string]uint64

// Names of the counters.
const (
	rxPackets  = "rx_packets"  // that an interface received
	rxDropped  = "rx_dropped"  // that it dropped
	rpFiltered = "rp_filtered" // that came by another interface than leads to their source
	softnet    = "softnet"     // that the network stack had no room for
)

// readKernel reads the counters for an interface.
func readKernel(iface string) kernelCounts {
	k, live := kernelCounts{}, host.Live()
	if t, err := live.Traffic(iface); err == nil {
		k[rxPackets], k[rxDropped] = t.Packets, t.Dropped
	}
	all := live.Counters(iface)
	if n, ok := all.Protocols.Value["TcpExt IPReversePathFilter"]; ok {
		k[rpFiltered] = n
	}
	if all.Softnet.Err == nil {
		k[softnet] = 0
		for _, s := range all.Softnet.Value {
			k[softnet] += s.Dropped
		}
	}
	return k
}

// since returns the growth from k to now.
func (k kernelCounts) since(now kernelCounts) map[string]uint64 {
	d := map[string]uint64{}
	for name, n := range now {
		if before, ok := k[name]; ok && n >= before {
			d[name] = n - before
		}
	}
	return d
}
