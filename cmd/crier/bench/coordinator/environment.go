package coordinator

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"crier/cmd/crier/bench/report"
)

func newEnvironment(o *Options) *report.Environment {
	e := &report.Environment{
		Time: time.Now().UTC().Format(time.RFC3339), Crier: o.Version, Go: runtime.Version(),
		System: runtime.GOARCH + " on " + runtime.GOOS, CPUs: runtime.NumCPU(),
		Kernel: firstLine("/proc/sys/kernel/osrelease"), Network: o.network(), Offload: o.offload(),
	}
	if load := firstLine("/proc/loadavg"); load != "" {
		fmt.Sscan(load, &e.Load) // a figure that isn't known stays 0
	}
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(cpu)) {
		name, value, _ := strings.Cut(line, ":")
		switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); {
		case name == "model name" && e.Processor == "":
			e.Processor = value
		case name == "flags" && strings.Contains(value, " hypervisor"):
			e.Virtual = true
		}
	}
	return e
}

func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "" // not on this system
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

// network describes the network between the processes.
func (o *Options) network() string {
	switch {
	case o.Remote != "":
		return "to " + o.Remote
	case o.Interface != "":
		return "interface " + o.Interface
	case o.Net == NetNamespaces:
		return "network namespaces, a bridge and veth pairs between them"
	}
	return "loopback interface"
}

// offload describes how datagrams are cut and merged.
func (o *Options) offload() string {
	switch {
	case !o.Offload:
		return "off: many datagrams share a system call"
	case o.GRO:
		return "UDP_SEGMENT, cut in software before the wire (tx-udp-segmentation off); merged " +
			"again where it is received (gro and rx-udp-gro-forwarding on); UDP_GRO"
	case o.RealFrames:
		return "UDP_SEGMENT, cut in software before the wire (tx-udp-segmentation off), and not " +
			"merged where it is received (gro off: see --gro); UDP_GRO"
	case o.Interface != "":
		return "UDP_SEGMENT and UDP_GRO, where the interface can"
	}
	return "UDP_SEGMENT and UDP_GRO; super-frames pass this network whole"
}
