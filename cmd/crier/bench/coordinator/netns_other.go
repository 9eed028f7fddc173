//go:build !linux

package coordinator

import (
	"errors"
	"os/exec"
)

// namespace stands for a network namespace of Linux.
type namespace struct{}

type topology struct{ hosts []*namespace }

const hostInterface = ""

func hostAddress(int) string { return "" }

func newTopology(int, int, bool, bool) (*topology, error) {
	return nil, errors.New("--net netns needs Linux's network namespaces: leave it out to " +
		"measure on the loopback interface")
}

func (t *topology) close() {}

func startAt(cmd *exec.Cmd, _ place) error { return cmd.Start() }

func processors() []int { return nil }
