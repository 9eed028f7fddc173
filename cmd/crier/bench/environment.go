package bench

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Environment is what figures depend on, apart from what was measured.
type Environment struct {
	Time        string  `json:"time"` // when the first run began
	Crier       string  `json:"crier"`
	Go          string  `json:"go"`
	System      string  `json:"system"` // amd64 on linux
	Kernel      string  `json:"kernel,omitempty"`
	Processor   string  `json:"processor,omitempty"`
	CPUs        int     `json:"cpus"`
	Virtual     bool    `json:"virtual_machine"`
	Load        float64 `json:"load_before"` // of the last minute, before the first run
	Network     string  `json:"network"`
	MTU         int     `json:"mtu"`
	Datagram    int     `json:"datagram_bytes,omitempty"` // a full one
	Offload     string  `json:"offload"`
	ReadBuffer  int     `json:"receive_buffer_bytes"` // as the kernel granted
	WriteBuffer int     `json:"send_buffer_bytes"`
}

func newEnvironment(o *Options) *Environment {
	e := &Environment{
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

// network says in words what lies between the processes.
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

// offload says how datagrams are cut and merged.
func (o *Options) offload() string {
	switch {
	case !o.Offload:
		return "off: many datagrams share a system call"
	case o.GRO:
		return "UDP_SEGMENT, cut in software before the wire (tx-udp-segmentation off); merged again where it is received (gro and rx-udp-gro-forwarding on); UDP_GRO"
	case o.RealFrames:
		return "UDP_SEGMENT, cut in software before the wire (tx-udp-segmentation off), and not merged where it is received (gro off: see --gro); UDP_GRO"
	case o.Interface != "":
		return "UDP_SEGMENT and UDP_GRO, where the interface can"
	}
	return "UDP_SEGMENT and UDP_GRO; super-frames pass this network whole"
}

// granted notes what the sockets got, the least of each.
func (e *Environment) granted(out *outcome) {
	least := func(have *int, got int) {
		if got > 0 && (*have == 0 || got < *have) {
			*have = got
		}
	}
	for _, r := range out.readersReady {
		least(&e.MTU, r.MTU)
		least(&e.ReadBuffer, r.ReadBuffer)
	}
	for _, r := range out.writersReady {
		least(&e.MTU, r.MTU)
		least(&e.WriteBuffer, r.WriteBuffer)
		least(&e.Datagram, r.Datagram)
	}
}

// text is the environment in a few lines.
func (e *Environment) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s", e.Crier, e.Go, e.System)
	if e.Kernel != "" {
		fmt.Fprintf(&b, " %s", e.Kernel)
	}
	machine := "machine"
	if e.Virtual {
		machine = "virtual machine"
	}
	fmt.Fprintf(&b, "\n%s with %d CPUs", machine, e.CPUs)
	if e.Processor != "" {
		fmt.Fprintf(&b, " (%s)", e.Processor)
	}
	fmt.Fprintf(&b, ", load %.2f before\n", e.Load)
	fmt.Fprintf(&b, "%s, MTU %d", e.Network, e.MTU)
	if e.Datagram > 0 {
		fmt.Fprintf(&b, ", datagrams of %d B", e.Datagram)
	}
	fmt.Fprintf(&b, "\noffload: %s\n", e.Offload)
	fmt.Fprintf(&b, "socket buffers as granted: %s to receive, %s to send\n", bytesText(e.ReadBuffer), bytesText(e.WriteBuffer))
	if e.Load > float64(e.CPUs)/2 {
		b.WriteString("the machine was busy before this began: take the figures with care\n")
	}
	return b.String()
}
