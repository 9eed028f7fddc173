// Package netns makes network namespaces, with bridges and pairs of interfaces between them and
// no way out.
package netns

import (
	"fmt"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Namespace is a network namespace without a name. It vanishes with its last process and
// descriptor, with everything in it, whatever ends them.
type Namespace struct {
	fd netns.NsHandle
	nl *netlink.Handle
}

// New makes a namespace with the loopback interface up.
func New() (*Namespace, error) {
	n := &Namespace{}
	err := OnThread(func() error {
		fd, err := netns.New()
		if err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		n.fd = fd
		return nil
	})
	if err != nil {
		return nil, err
	}
	if n.nl, err = netlink.NewHandleAt(n.fd); err != nil {
		n.Close()
		return nil, err
	}
	lo, err := n.nl.LinkByName("lo")
	if err == nil {
		err = n.nl.LinkSetUp(lo)
	}
	if err != nil {
		n.Close()
		return nil, fmt.Errorf("bringing the loopback interface up: %w", err)
	}
	return n, nil
}

// Do runs f on a thread in the namespace.
func (n *Namespace) Do(f func() error) error {
	return OnThread(func() error {
		if err := n.Enter(); err != nil {
			return err
		}
		return f()
	})
}

// Close closes the namespace. It is there for as long as processes are in it.
func (n *Namespace) Close() {
	if n == nil {
		return
	}
	if n.nl != nil {
		n.nl.Close()
	}
	n.fd.Close()
}

// OnThread runs f on a thread that ends with it, and may be changed for good.
func OnThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked
		done <- f()
	}()
	return <-done
}

// Enter moves this thread into the namespace, for good: see OnThread.
func (n *Namespace) Enter() error {
	if err := netns.Set(n.fd); err != nil {
		return fmt.Errorf("entering a network namespace: %w", err)
	}
	return nil
}

// Start starts a command in the namespace.
func (n *Namespace) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }
