package main

import (
	"os"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
)

// In a network namespace of its own, where the loopback interface is down, each
// command says so.
func TestInterfaceDown(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"sub", "--iface", "lo"},
		{"pub", "--iface", "lo", "--count", "1"}} {
		c := newTool(t, args)
		attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
		if os.Getuid() != 0 {
			attr.Cloneflags |= syscall.CLONE_NEWUSER
		}
		if err := c.launch(nil, c.out, attr); err != nil {
			t.Skip("making a network namespace:", err)
		}
		wantRefusal(t, c, cli.ExitUsage, "--iface lo", "is down", "bring it up")
	}
}
