package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminal is a shell in which a test types what a document shows.
type terminal struct {
	cmd     *exec.Cmd
	typing  io.WriteCloser
	screen  *screen
	ended   chan struct{}
	running *typed // the last command, and where on the screen its output begins
	at      int
	exit    int // its exit code, once it has ended
}

// stopped is the panic of a reader who can't go on.
type stopped string

func stop(format string, args ...any) { panic(stopped(fmt.Sprintf(format, args...))) }

// patience bounds each wait for a command.
func patience() time.Duration {
	if *long {
		return 10 * time.Minute
	}
	return 90 * time.Second
}

// shell reads commands from descriptor 3, so that they don't find each other on standard
// input, and tells after each that it has ended. Interrupts are for the commands.
const shell = `trap : INT
while IFS= read -r -u 3 line; do
	eval "$line" 3<&- </dev/null
	code=$?
	printf '\036%d\n' $code
	printf '\036%d\n' $code >&2
done`

// openTerminal starts a shell in a directory; before goes before it, such as sudo does.
func openTerminal(t *testing.T, dir string, env []string, before ...string) *terminal {
	t.Helper()
	words := append(before, "bash", "-c", shell)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &terminal{cmd: exec.Command(words[0], words[1:]...), typing: write,
		screen: newScreen(), ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Env, c.cmd.ExtraFiles = dir, env, []*os.File{read}
	c.cmd.Stdout, c.cmd.Stderr = stream{c.screen, 0}, stream{c.screen, 1}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	go func() {
		defer close(c.ended)
		c.cmd.Wait()
	}()
	t.Cleanup(c.close)
	return c
}

// close ends the shell, and what runs in it.
func (c *terminal) close() {
	c.typing.Close()
	select {
	case <-c.ended:
	default:
		syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.ended
	}
}

// enter types a command, once the one before has ended.
func (c *terminal) enter(command *typed) {
	c.wait()
	c.running, c.at = command, len(c.screen.since(0))
	if _, err := fmt.Fprintln(c.typing, command.entered()); err != nil {
		stop("%s: %v", command.at(), err)
	}
}

// interrupt is control-C.
func (c *terminal) interrupt() { syscall.Kill(-c.cmd.Process.Pid, syscall.SIGINT) }

// output returns what the last command has printed so far, and whether it has ended: the
// shell has said so on both streams.
func (c *terminal) output() ([]printed, bool) {
	var out []printed
	ends := 0
	for _, l := range c.screen.since(c.at) {
		text, code, ended := strings.Cut(l.text, "\x1e")
		if ended {
			ends++
			c.exit, _ = strconv.Atoi(code)
		}
		if !ended || text != "" { // a last line may have no end
			out = append(out, printed{l.stream, text})
		}
	}
	return out, ends == 2
}

// wait waits for the end of the last command.
func (c *terminal) wait() []printed {
	if c.running == nil {
		return nil
	}
	return c.until(func([]printed) bool { return false })
}

// until waits until the last command has ended, or what it has printed will do.
func (c *terminal) until(enough func([]printed) bool) []printed {
	late := time.NewTimer(patience())
	defer late.Stop()
	for {
		out, ended := c.output()
		if ended || enough(out) {
			return out
		}
		select {
		case <-c.screen.changed:
		case <-c.ended:
			stop("%s: the shell ended\n%s", c.running.at(), strings.Join(textOf(out), "\n"))
		case <-late.C:
			stop("%s: %q has neither ended nor printed what the page shows within %v:\n%s",
				c.running.at(), c.running.text, patience(), strings.Join(textOf(out), "\n"))
		}
	}
}
