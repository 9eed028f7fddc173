package report

import (
	"fmt"
	"strings"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/cli"
)

// Environment describes the machine and the network of a run.
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
	MTU         int     `json:"mtu_bytes"`
	Datagram    int     `json:"datagram_bytes,omitempty"` // a full one
	Offload     string  `json:"offload"`
	ReadBuffer  int     `json:"read_buffer_bytes"` // as the kernel granted
	WriteBuffer int     `json:"write_buffer_bytes"`
}

// Granted notes the smallest MTU and buffers of a round's sockets.
func (e *Environment) Granted(out *job.Outcome) {
	least := func(have *int, got int) {
		if got > 0 && (*have == 0 || got < *have) {
			*have = got
		}
	}
	for _, r := range out.ReadersReady {
		least(&e.MTU, r.MTU)
		least(&e.ReadBuffer, r.ReadBuffer)
	}
	for _, r := range out.WritersReady {
		least(&e.MTU, r.MTU)
		least(&e.WriteBuffer, r.WriteBuffer)
		least(&e.Datagram, r.Datagram)
	}
}

// text describes the environment in a few lines.
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
	fmt.Fprintf(&b, ", load %s before\n", cli.Rounded(e.Load))
	fmt.Fprintf(&b, "%s, MTU %s", e.Network, cli.Grouped(uint64(e.MTU)))
	if e.Datagram > 0 {
		fmt.Fprintf(&b, ", datagrams of %s", cli.Bytes(e.Datagram))
	}
	fmt.Fprintf(&b, "\noffload: %s\n", e.Offload)
	fmt.Fprintf(&b, "socket buffers as granted: %s to receive, %s to send\n",
		cli.Bytes(e.ReadBuffer), cli.Bytes(e.WriteBuffer))
	if e.Load > float64(e.CPUs)/2 {
		b.WriteString("the machine was busy before this began: take the figures with care\n")
	}
	return b.String()
}
