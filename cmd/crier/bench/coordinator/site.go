package coordinator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"

	"crier/cmd/crier/bench/job"
	"crier/cmd/crier/host/netns"
)

// site is where rounds are played: the network, the processes and the counters that they
// share.
type site struct {
	o          *Network
	self       string          // this program's file
	shared     *os.File        // the counters, see job.Progress
	sharedPath string          // by which the processes open it
	topology   *netns.Topology // of --net netns, once it is needed
	rounds     int
	told       func(*process, *job.Tenure) // of the round
}

// newSite returns a site in a network.
func newSite(o *Network) (*site, error) {
	s := &site{o: o}
	var err error
	if s.self, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("this program's own file can't be found, to start the processes: %w",
			err)
	}
	if s.shared, s.sharedPath, err = sharedFile(); err != nil {
		return nil, fmt.Errorf("the file that the processes share can't be made: %w", err)
	}
	return s, nil
}

// close removes the network and the counters.
func (s *site) close() {
	s.topology.Close()
	s.shared.Close()
	os.Remove(s.shared.Name()) // where it still has a name
}

// start starts a worker of a program with a task.
func (s *site) start(ctx context.Context, program string, t *job.Task, at place) (*process,
	error) {
	cmd := exec.CommandContext(ctx, program, job.WorkerCommand)
	cmd.WaitDelay = leavePatience
	p := &process{role: t.Role, cmd: cmd, heard: make(chan *job.Message, 4),
		told: s.told}
	cmd.Stderr = &p.words
	if inheritedFile != "" {
		cmd.ExtraFiles = []*os.File{s.shared}
	}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if at.cpu >= 0 {
		// On one processor, a goroutine that spins would keep Go's only scheduler for
		// milliseconds. The kernel shares more fairly.
		cmd.Env = append(os.Environ(), "GOMAXPROCS=2")
	}
	// Not StdoutPipe, which Wait would close under the reader.
	out, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = w
	err = startAt(cmd, at)
	w.Close()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("starting a %s: %w", t.Role, err)
	}
	p.Conn = job.NewConn(out, p.in)
	go p.listen(out)
	if err := p.Say(&job.Message{Step: job.StepTask, Task: t}); err != nil {
		p.stop()
		return nil, p.failure(err)
	}
	return p, nil
}

// place returns the place of host i's process.
func (s *site) place(host int, pinned bool, cpus []int) place {
	at := place{cpu: -1}
	if s.topology != nil {
		at.namespace = s.topology.Hosts[host]
	}
	if pinned {
		at.cpu = cpus[host]
	}
	return at
}

// connect makes the namespaces of a number of hosts, unless they exist. There must be no
// more of them, since the switch floods all its ports.
func (s *site) connect(hosts int) error {
	if s.o.Net != NetNamespaces || s.topology != nil && len(s.topology.Hosts) == hosts {
		return nil
	}
	if s.topology != nil {
		s.topology.Close()
	}
	var err error
	s.topology, err = newTopology(hosts, s.o.MTU, s.o.RealFrames, s.o.GRO)
	return err
}

// iface returns the interface that the processes use.
func (s *site) iface() string {
	switch {
	case s.o.Net == NetNamespaces:
		return netns.HostInterface
	case s.o.Interface != "":
		return s.o.Interface
	case runtime.GOOS != "linux":
		return "127.0.0.1" // the loopback interface has another name there
	}
	return "lo"
}

// freeGroup returns a group for one round alone, with a free port.
func (s *site) freeGroup() (netip.AddrPort, error) {
	if s.o.Net == NetNamespaces {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 1, 1}), 7700), nil
	}
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, byte(2 + rand.IntN(200)),
		byte(2 * (1 + rand.IntN(120)))}), port), nil
}
