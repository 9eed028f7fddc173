package netns

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// Again runs a test again, in a process of its own, in a network namespace with nothing
// but a loopback interface, and reports true there. The process has some more variables
// in its environment. The test is skipped where it may not make a namespace, or interfaces
// in one, and where it is skipped there.
func Again(t *testing.T, env ...string) bool {
	t.Helper()
	const child = "CRIER_TEST_IN_NAMESPACE"
	if os.Getenv(child) == t.Name() {
		Prepare(t, "ip link set lo up")
		return true
	}
	Needs(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(append(os.Environ(), env...), child+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
	return false
}

// Needs skips a test that makes a network namespace where it can't.
func Needs(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making a network namespace needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("making interfaces needs the ip command:", err)
	}
}

// Run runs a command, of words without quotes, in the test's namespace.
func Run(t *testing.T, command string) {
	t.Helper()
	if err := run(command); err != nil {
		t.Fatal(err)
	}
}

// Prepare is Run for what a machine may lack, which skips the test.
func Prepare(t *testing.T, command string) {
	t.Helper()
	if err := run(command); err != nil {
		t.Skip(err)
	}
}

func run(command string) error {
	args := strings.Fields(command)
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, out)
	}
	return nil
}
