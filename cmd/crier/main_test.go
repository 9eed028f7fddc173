package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/commands"
)

// beTool makes a process of the test binary run the tool itself.
const beTool = "CRIER_TEST_BE_TOOL"

// toolGroup is the group of processes that name none.
const toolGroup = "CRIER_TEST_GROUP"

func TestMain(m *testing.M) {
	// A fuzzer's workers are processes of the test binary as well.
	if os.Getenv(beTool) != "" && !slices.Contains(os.Args, "-test.fuzzworker") {
		if group := os.Getenv(toolGroup); group != "" {
			os.Setenv("CRIER_GROUP", group)
		}
		if len(os.Args) > 1 && os.Args[1] == stormWorker {
			if err := workStorm(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(cli.ExitError)
			}
			os.Exit(cli.ExitOK)
		}
		main() // which exits
	}
	os.Setenv(beTool, "1") // for all processes that tests start, and the demo
	// Most tests of the tool wait for a publisher's last second. A -parallel on
	// the command line still counts.
	flag.Set("test.parallel", "8")
	os.Exit(m.Run())
}

// run runs the tool in this process, and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return commands.Tool().Run(ctx, args, cli.Streams{In: stdin, Out: stdout, Err: stderr})
}

// tool is one run of crier.
type tool struct {
	t        *testing.T
	args     []string
	out, err *capture // what it has printed so far
	stop     func()   // an interrupt
	cmd      *exec.Cmd
	ended    chan struct{}
	exit     int // its exit code, once it has ended
}

// start runs crier in this process.
func start(t *testing.T, stdin io.Reader, args ...string) *tool {
	t.Helper()
	c := newTool(t, args)
	c.runIn(stdin, c.out)
	return c
}

// startInto is start with a standard output of its own.
func startInto(t *testing.T, out io.Writer, stdin io.Reader, args ...string) *tool {
	t.Helper()
	c := newTool(t, args)
	c.runIn(stdin, out)
	return c
}

func newTool(t *testing.T, args []string) *tool {
	return &tool{t: t, args: args, out: newCapture(), err: newCapture(), ended: make(chan struct{})}
}

func (c *tool) runIn(stdin io.Reader, out io.Writer) {
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.t.Cleanup(func() { cancel(); <-c.ended })
	go func() {
		defer close(c.ended)
		c.exit = run(ctx, c.args, stdin, out, c.err)
	}()
}

// spawn runs crier in a process of its own.
func spawn(t *testing.T, stdin io.Reader, args ...string) *tool {
	t.Helper()
	c := newTool(t, args)
	c.process(stdin, c.out)
	return c
}

// processBehind runs crier in a process of its own, after a shell's words.
func (c *tool) processBehind(words string) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command("sh", append([]string{"-c", words + ` && exec "$0" "$@"`, self},
		c.args...)...)
	if err := c.begin(cmd, nil, c.out); err != nil {
		c.t.Fatal(err)
	}
}

func (c *tool) process(stdin io.Reader, out io.Writer) {
	c.t.Helper()
	if err := c.launch(stdin, out, nil); err != nil {
		c.t.Fatal(err)
	}
}

func (c *tool) launch(stdin io.Reader, out io.Writer, attr *syscall.SysProcAttr) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, c.args...)
	cmd.SysProcAttr = attr
	return c.begin(cmd, stdin, out)
}

func (c *tool) begin(cmd *exec.Cmd, stdin io.Reader, out io.Writer) error {
	c.cmd = cmd
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = stdin, out, c.err
	if err := c.cmd.Start(); err != nil {
		return err
	}
	c.stop = func() { c.signal(os.Interrupt) }
	c.t.Cleanup(func() { c.cmd.Process.Kill(); <-c.ended })
	go func() {
		defer close(c.ended)
		c.cmd.Wait()
		c.exit = c.cmd.ProcessState.ExitCode()
	}()
	return nil
}

func (c *tool) signal(s os.Signal) {
	c.t.Helper()
	if s == sighup && signal.Ignored(s) {
		s = sigterm // nohup(1) runs these tests, and the tool goes on then
	}
	if err := c.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// flag is the value of a flag.
func (c *tool) flag(name string) string {
	c.t.Helper()
	i := slices.Index(c.args, name)
	if i < 0 || i+1 == len(c.args) {
		c.t.Fatalf("crier %s has no %s", c.args, name)
	}
	return c.args[i+1]
}

// await waits until the output has the words n times, and ends the test if
// the run ends before.
func (c *tool) await(from *capture, words string, n int) {
	c.t.Helper()
	found, at := 0, 0
	for over := false; ; {
		var k int
		if k, at = from.find(words, at); found+k >= n {
			return
		}
		if found += k; over {
			c.t.Fatalf("crier %s ended (%d) without printing %q %d times:\n%s%s", c.args, c.exit,
				words, n, tail(c.out), tail(c.err))
		}
		select {
		case <-from.more:
		case <-c.ended:
			over = true // look once more
		}
	}
}

// listening waits until a subscriber hears its groups.
func (c *tool) listening() *tool {
	c.t.Helper()
	c.await(c.err, "listening", 1)
	return c
}

// wait waits for the end, and wants it to have an exit code.
func (c *tool) wait(want int) *tool {
	c.t.Helper()
	<-c.ended
	if c.exit != want {
		c.t.Errorf("crier %s: exit code %d, want %d\n%s%s", c.args, c.exit, want,
			tail(c.out), tail(c.err))
	}
	return c
}

// tail is the end of what was printed.
func tail(c *capture) string {
	b := c.bytes()
	if n := len(b) - 3000; n > 0 {
		b = append([]byte("..."), b[n:]...)
	}
	return string(b)
}

// testGroup is a group that only its caller uses; --iface lo comes with it. It
// skips where the loopback interface carries no multicast.
func testGroup(t testing.TB) []string {
	t.Helper()
	return []string{"--group", testGroupAddr(t), "--iface", "lo"}
}

// testGroupAddr is the group of testGroup.
func testGroupAddr(t testing.TB) string { return clitest.Group(t) }

// on puts flags between a command and its arguments.
func on(group []string, command string, args ...string) []string {
	return append(append([]string{command}, group...), args...)
}
