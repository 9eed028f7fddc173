package coordinator

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"crier/cmd/crier/host/netns"
)

// newTopology makes a switch and hosts, each in a network namespace of its own.
func newTopology(hosts, mtu int, realFrames, gro bool) (*netns.Topology, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("--net netns needs Linux's network namespaces: leave it out to " +
			"measure on the loopback interface")
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("--net netns makes network namespaces, which needs root: run it " +
			"with sudo, or leave it out to measure on the loopback interface")
	}
	return netns.NewTopology(hosts, mtu, realFrames, gro)
}

// startAt starts a command at its place: a process inherits the namespace and
// the processors of the thread that starts it.
func startAt(cmd *exec.Cmd, at place) error {
	if at.namespace == nil && at.cpu < 0 {
		return cmd.Start()
	}
	return netns.OnThread(func() error {
		if at.namespace != nil {
			if err := at.namespace.Enter(); err != nil {
				return err
			}
		}
		if at.cpu >= 0 {
			if err := pin(at.cpu); err != nil {
				return fmt.Errorf("taking processor %d alone: %w", at.cpu, err)
			}
		}
		return cmd.Start()
	})
}
