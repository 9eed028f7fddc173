package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"crier/testnet/rig/netns"
)

// hosts are the machines of a document's reader: network namespaces, each with a loopback
// interface and eth0, which lead to a bridge in a namespace of its own, and nowhere else.
type hosts struct {
	t     *testing.T
	holds map[string]int // by name: a process that holds its namespace
}

// switchName is the name of the namespace that has the bridge.
const switchName = "switch"

// newHosts makes the namespace of the bridge. It needs root.
func newHosts(t *testing.T) *hosts {
	t.Helper()
	h := &hosts{t: t, holds: make(map[string]int)}
	h.hold(switchName)
	h.run(switchName, "ip link add br0 type bridge")
	h.run(switchName, "ip link set br0 up")
	return h
}

// hold starts a process in a new network namespace, which lives as long as the test.
func (h *hosts) hold(name string) {
	h.t.Helper()
	cmd := exec.Command("cat") // until its input is closed, also by the death of this process
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		h.t.Skip("making a network namespace:", err)
	}
	h.t.Cleanup(func() { in.(io.Closer).Close(); cmd.Wait() })
	h.holds[name] = cmd.Process.Pid
	h.run(name, "ip link set lo up")
}

// in returns the words that run a command on a host, which is made where it is new: a has
// 10.0.0.1, b 10.0.0.2, and so on.
func (h *hosts) in(name string) []string {
	h.t.Helper()
	if h.holds[name] == 0 {
		h.hold(name)
		n := 100 // where the page has but one
		if name != "" {
			n = int(name[0]-'a') + 1
		}
		port := fmt.Sprintf("port%d", n)
		h.run(switchName, fmt.Sprintf("ip link add %s type veth peer name eth0 netns %d", port,
			h.holds[name]))
		h.run(switchName, "ip link set "+port+" master br0 up")
		h.run(name, fmt.Sprintf("ip addr add 10.0.0.%d/24 dev eth0", n))
		h.run(name, "ip link set eth0 up")
		h.awaitLink(name)
	}
	return []string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", h.holds[name])}
}

// awaitLink waits until a host's interface has its link.
func (h *hosts) awaitLink(name string) {
	h.t.Helper()
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); {
		out, err := exec.Command("nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", h.holds[name]),
			"ip", "-o", "link", "show", "dev", "eth0").CombinedOutput()
		if err != nil {
			h.t.Fatal(err, string(out))
		}
		if strings.Contains(string(out), "state UP") {
			return
		}
	}
	h.t.Fatalf("host %q: eth0 has no link", name)
}

// run runs a command on a host.
func (h *hosts) run(name, command string) {
	h.t.Helper()
	netns.Run(h.t, fmt.Sprintf("nsenter --net=/proc/%d/ns/net %s", h.holds[name], command))
}

// canHold reports whether namespaces can be made, or else why they can't.
func canHold() error {
	if os.Getuid() != 0 {
		return fmt.Errorf("making a network namespace needs root")
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	cmd := exec.Command("ip", "link", "show")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
