// Package clitest runs commands of the tool in tests.
package clitest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"crier/cmd/crier/cli"
)

// Result is a run of a command that has ended.
type Result struct {
	t        testing.TB
	args     []string
	Out, Err *bytes.Buffer
	Exit     int
}

// Run runs a command, or one below it, without standard input.
func Run(t testing.TB, c *cli.Command, args ...string) *Result {
	t.Helper()
	r := &Result{t: t, args: args, Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	tool := cli.Tool{Commands: []*cli.Command{c}}
	std := cli.Streams{In: strings.NewReader(""), Out: r.Out, Err: r.Err}
	r.Exit = tool.Run(t.Context(), args, std)
	return r
}

// Want reports an exit code that differs from want.
func (r *Result) Want(want int) *Result {
	r.t.Helper()
	if r.Exit != want {
		r.t.Errorf("crier %s: exit code %d, want %d\n%s%s", r.args, r.Exit, want, r.Out, r.Err)
	}
	return r
}

// groups counts the groups of this process.
var groups atomic.Uint32

// Group returns a multicast group for the caller alone. It skips the test where the
// loopback interface is down.
func Group(t testing.TB) string {
	t.Helper()
	if ifi, err := net.InterfaceByName("lo"); err != nil || ifi.Flags&net.FlagUp == 0 {
		t.Skip("there is no loopback interface lo that is up")
	}
	pid := os.Getpid() // other processes may run tests at the same time
	return fmt.Sprintf("239.77.%d.%d:%d", 64+pid>>8%128, pid%256, 10000+groups.Add(1))
}
