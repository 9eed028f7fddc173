//go:build !linux

// Package netns makes network namespaces, which only Linux has.
package netns

import (
	"errors"
	"os/exec"
)

// errNone says that there are no namespaces.
var errNone = errors.New("only Linux has network namespaces")

// Namespace stands for a network namespace of Linux.
type Namespace struct{}

// Topology stands for a switch and its hosts.
type Topology struct {
	Switch *Namespace
	Hosts  []*Namespace
}

// HostInterface is the interface of each host.
const HostInterface = ""

// HostAddress returns the address of a host.
func HostAddress(int) string { return "" }

// NewTopology makes no switch.
func NewTopology(int, int, bool, bool) (*Topology, error) { return nil, errNone }

// Close does nothing.
func (t *Topology) Close() {}

// Enter does nothing.
func (n *Namespace) Enter() error { return errNone }

// Start starts nothing.
func (n *Namespace) Start(*exec.Cmd) error { return errNone }

// OnThread runs f.
func OnThread(f func() error) error { return f() }
