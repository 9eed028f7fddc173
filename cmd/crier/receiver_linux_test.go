package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
)

// python is a run of docs/receiver.py.
type python struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err *capture
}

// receive starts docs/receiver.py on a group, and skips the test where there is no Python
// with msgpack: CRIER_PYTHON names another than /usr/bin/python3.
func receive(t *testing.T, group string, args ...string) *python {
	t.Helper()
	path := os.Getenv("CRIER_PYTHON")
	if path == "" {
		path = "/usr/bin/python3"
	}
	if out, err := exec.Command(path, "-c", "import msgpack").CombinedOutput(); err != nil {
		t.Skipf("%s has no msgpack (apt-get install python3-msgpack): %v %s", path, err,
			bytes.TrimSpace(out))
	}
	p := &python{t: t, out: newCapture(), err: newCapture()}
	args = append([]string{filepath.Join("..", "..", "docs", "receiver.py"), "--group", group},
		args...)
	p.cmd = exec.CommandContext(t.Context(), path, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.err
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); p.err.count("listening") == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("the receiver doesn't listen: %s", p.err)
		}
		time.Sleep(time.Millisecond)
	}
	return p
}

// wait returns the receiver's exit code.
func (p *python) wait() int {
	p.t.Helper()
	time.AfterFunc(time.Minute, func() { p.cmd.Process.Kill() })
	p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// linesOfLengths are messages, one a line, each with its offset first. Some of them span frames.
func linesOfLengths(n, size int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for i := range n {
		length := r.IntN(size)
		if i%50 == 0 {
			length = 4000
		}
		fmt.Fprintf(&b, "%d %s\n", i, strings.Repeat("x", length))
	}
	return b.String()
}

// A receiver of 200 lines of Python, which knows nothing but docs/PROTOCOL.md, has every message
// of a publisher exactly once and in order, though each loses some of what it sends or gets.
func TestReceiverInPython(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	rx := receive(t, group[1], "--drop", "0.05")
	text := linesOfLengths(4000, 300)
	start(t, strings.NewReader(text), on(group, "pub", "--from", "-", "--rate", "2000", "--drop",
		"0.02")...).wait(cli.ExitOK)
	if code := rx.wait(); code != 0 || rx.out.String() != text {
		t.Errorf("exit code %d; %d of %d bytes came\n%s", code, len(rx.out.String()), len(text),
			tail(rx.err))
	}
}

// What the publisher no longer holds it says so, and the receiver names the offsets: each is
// printed or lost, and never both.
func TestReceiverInPythonNamesLosses(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	rx := receive(t, group[1], "--drop", "0.4")
	const n = 3000
	lines := strings.Split(strings.TrimSuffix(linesOfLengths(n, 300), "\n"), "\n")
	pub := start(t, strings.NewReader(strings.Join(lines, "\n")), on(group, "pub", "--from", "-",
		"--rate", "20000", "--resend-buffer", "64KiB", "--linger", "2s")...)
	code := rx.wait()
	<-pub.ended
	if code != cli.ExitLost {
		t.Errorf("exit code %d\n%s", code, tail(rx.err))
	}
	fate := make([]string, n)
	for line := range strings.Lines(rx.out.String()) {
		line = strings.TrimSuffix(line, "\n")
		first, _, _ := strings.Cut(line, " ")
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= n || lines[i] != line || fate[i] != "" {
			t.Fatalf("it printed %.60q, which was not sent, or printed or lost before", line)
		}
		fate[i] = "printed"
	}
	lost := 0
	for line := range strings.Lines(rx.err.String()) {
		var from, last int
		if _, err := fmt.Sscanf(line, "lost: offsets %d to %d", &from, &last); err != nil {
			continue
		}
		for i := from; i <= last; i++ {
			if fate[i] != "" {
				t.Fatalf("offset %d is lost, and was %s before", i, fate[i])
			}
			fate[i] = "lost"
			lost++
		}
	}
	for i, f := range fate {
		if f == "" {
			t.Fatalf("offset %d is neither printed nor lost; %d are lost\n%s", i, lost,
				tail(rx.err))
		}
	}
	if lost == 0 || lost == n {
		t.Errorf("%d of %d were lost", lost, n)
	}
}
