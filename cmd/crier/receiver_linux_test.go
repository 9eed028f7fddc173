package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/multicast"
	"crier/nack"
	"crier/reliable/frame"
	"crier/reliable/topic"
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
	late := time.After(20 * time.Second)
	for p.err.count("listening") == 0 {
		select {
		case <-p.err.more:
		case <-late:
			t.Fatalf("the receiver doesn't listen: %s", p.err)
		}
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

// The same of one partition of a topic, whose groups follow from its name, or from a base.
func TestReceiverInPythonOfATopic(t *testing.T) {
	const partitions, mine = 4, 2
	var text, want strings.Builder
	for i := range 1000 {
		key := fmt.Sprintf("key%d", i%50)
		line := fmt.Sprintf("%s %d\n", key, i)
		text.WriteString(line)
		if topic.Partition([]byte(key), partitions) == mine {
			want.WriteString(line)
		}
	}
	base := testGroupAddr(t)
	for name, group := range map[string][]string{
		"by name": {"--topic", "t" + strings.ReplaceAll(base, ":", ".")},
		"by base": {"--topic", "orders", "--group", base},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			python := "239.77.0.1:7700" // its default
			if len(group) > 2 {
				python = base
			}
			rx := receive(t, python, "--topic", group[1], "--partition", strconv.Itoa(mine),
				"--drop", "0.05")
			start(t, strings.NewReader(text.String()), on(append(group, "--iface", "lo"), "pub",
				"--from", "-", "--partitions", strconv.Itoa(partitions), "--key", `^(\w+) `,
				"--rate", "2000", "--drop", "0.02")...).wait(cli.ExitOK)
			if code := rx.wait(); code != 0 || rx.out.String() != want.String() {
				t.Errorf("exit code %d; %d of %d bytes came\n%s", code, len(rx.out.String()),
					want.Len(), tail(rx.err))
			}
		})
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

// A GONE alone, which answers its own request, lets the receiver go on past a gap: no HEARTBEAT
// or BYE says before that the frame is gone, and nothing is so long silent that it gives up.
func TestReceiverInPythonHeedsGone(t *testing.T) {
	t.Parallel()
	group := testGroup(t)
	rx := receive(t, group[1])
	to := netip.MustParseAddrPort(group[1])
	conn, err := multicast.Kernel.Socket(multicast.SocketConfig{Interface: "lo", Group: to})
	if err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(30*time.Second, func() { conn.Close() })
	defer conn.Close()
	defer stop.Stop()
	const session = 7
	write := func(b []byte) {
		if _, err := conn.Write(to, b, len(b)); err != nil {
			t.Fatal(err)
		}
	}
	send := func(f frame.Frame) {
		f.Session, f.Responder, f.Interval, f.Time = session, session, 2*time.Second, 1
		write(new(frame.Encoder).Append(nil, &f))
	}
	data := func(number uint64, message string) {
		var b frame.Builder
		b.Open(make([]byte, 0, 1400), session, 0, number, number, 1)
		b.Add([]byte(message))
		write(b.Seal(false))
	}
	// until returns the first frame that comes and satisfies a condition.
	until := func(satisfies func(f *frame.Frame) bool) (f frame.Frame) {
		packets := make([]multicast.Packet, 1)
		for {
			if _, err := conn.Read(packets); err != nil {
				t.Fatalf("%v; %s", err, tail(rx.err))
			}
			if err := new(frame.Decoder).Decode(packets[0].Data, &f); err != nil {
				t.Fatal(err)
			}
			if satisfies(&f) {
				return f
			}
		}
	}
	nacks := func(f *frame.Frame) bool { return f.Kind == frame.Nack }
	send(frame.Frame{Kind: frame.Session, Properties: []byte{0x80}})
	data(0, "zero")
	send(frame.Frame{Kind: frame.Heartbeat, NextSeq: 1, NextOffset: 1})
	data(2, "two")
	asked := until(nacks)
	gone := frame.Frame{Kind: frame.Gone, Request: ^asked.Request,
		Ranges: []nack.Range{{From: 1, To: 2}}}
	send(gone) // of a request that another made
	gone.Request = until(nacks).Request
	send(gone)
	until(func(f *frame.Frame) bool { return f.Kind == frame.Status && f.Position == 3 })
	send(frame.Frame{Kind: frame.Bye, NextSeq: 3, NextOffset: 3})
	code := rx.wait()
	if rx.out.String() != "zero\ntwo\n" || rx.err.count("lost: offsets 1 to 1") != 1 ||
		code != cli.ExitLost {
		t.Errorf("exit code %d; it printed %q; %s", code, rx.out, tail(rx.err))
	}
}
