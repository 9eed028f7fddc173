package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"crier/cmd/crier/bench/report"
	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// openTTY returns both ends of a terminal of some columns.
func openTTY(t *testing.T, columns int) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there is no terminal to be had:", err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ,
			&unix.Winsize{Row: 50, Col: uint16(columns)})
	}
	if err == nil {
		slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Skip("there is no terminal to be had:", err)
	}
	return master, slave
}

// onTTY runs crier on a terminal of some columns, in an environment.
func onTTY(t *testing.T, columns int, env []string, args ...string) *tool {
	t.Helper()
	c := newTool(t, args)
	master, slave := openTTY(t, columns)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(self, args...)
	c.cmd.Env = append(os.Environ(), append([]string{"TERM=xterm", "NO_COLOR="}, env...)...)
	c.cmd.Stdout, c.cmd.Stderr = slave, slave
	c.err = c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	c.stop = func() { c.signal(os.Interrupt) }
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 1<<16)
		for {
			n, err := master.Read(buf)
			c.out.Write(buf[:n])
			if err != nil {
				return // the other end was closed
			}
		}
	}()
	t.Cleanup(func() { c.cmd.Process.Kill(); <-c.ended })
	go func() {
		defer close(c.ended)
		c.cmd.Wait()
		<-read
		c.exit = c.cmd.ProcessState.ExitCode()
	}()
	return c
}

// interrupted runs crier on a terminal, and interrupts it once the terminal shows some words.
func interrupted(t *testing.T, words string, args ...string) *tool {
	t.Helper()
	c := onTTY(t, 80, nil, args...)
	c.await(c.out, words, 1)
	c.stop()
	return c
}

// shown returns what is left on a terminal's lines, without colours.
func shown(out string) []string {
	var lines []string
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if i := strings.LastIndex(line, "\r\x1b[K"); i >= 0 {
			line = line[i+len("\r\x1b[K"):]
		}
		lines = append(lines, regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(line, ""))
	}
	return lines
}

// screens are commands whose output is to fit a terminal.
var screens = [][]string{
	{"help"}, {"demo"}, {"demo", "overload"}, {"sim", "list"},
	{"sim", "run", "partition"}, {"sim", "run", "crash"},
	{"sim", "run", "bursts", "--explain", "1111@bursty-1"},
	{"sim", "sweep", "clean", "--vary", "subscribers.count=1,20", "--vary",
		"subscribers.down.loss=0.1%,2%"},
	{"bench", "throughput", "--duration", "20ms", "--runs", "2", "--size", "64,1KiB"},
}

// No line is longer than a terminal is wide, and none of a pipe than 80 columns.
func TestScreensFit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs all commands")
	}
	for _, args := range screens {
		t.Run(strings.Join(args[:min(len(args), 2)], " "), func(t *testing.T) {
			t.Parallel()
			if args[0] == "bench" {
				testGroup(t) // there is multicast here
			}
			for _, columns := range []int{80, 160} {
				out := onTTY(t, columns, nil, args...).wait(cli.ExitOK).out.String()
				fit(t, shown(out), columns)
			}
			out := spawn(t, nil, args...).wait(cli.ExitOK).out.String()
			fit(t, strings.Split(out, "\n"), 80)
			if strings.Contains(out, "\x1b") {
				t.Error("a pipe gets escape sequences")
			}
		})
	}
}

// fit reports lines that are longer than there are columns.
func fit(t *testing.T, lines []string, columns int) {
	t.Helper()
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > columns {
			t.Errorf("a line of %d columns, where there are %d:\n%s", n, columns, line)
		}
	}
}

// Colour is for terminals, and for those who want it.
func TestColour(t *testing.T) {
	t.Parallel()
	const red = "\x1b[31m"
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{nil, true}, {[]string{"NO_COLOR=1"}, false}, {[]string{"TERM=dumb"}, false},
	} {
		out := onTTY(t, 80, c.env, "demo").wait(cli.ExitOK).out.String()
		if strings.Contains(out, red) != c.want {
			t.Errorf("%v: colour %v, want %v", c.env, !c.want, c.want)
		}
	}
}

// An interrupted sweep prints what it has, writes it to its files, and says that it is a part.
func TestInterruptedSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	json, html, csv := filepath.Join(dir, "s.json"), filepath.Join(dir, "s.html"),
		filepath.Join(dir, "s.csv")
	c := interrupted(t, "1 of 4 runs", "sim", "sweep", "clean", "--vary", "subscribers.count=1,2",
		"--vary", "duration=200ms,1h", "--workers", "1", "--json", json, "--html", html, "--csv",
		csv).wait(cli.ExitError)
	text := strings.Join(shown(c.out.String()), "\n")
	for _, want := range []string{"PARTIAL: interrupted after 1 of 4 runs\n", "\n  1      200ms",
		"interrupted after 1 of 4 runs; what they measured is kept"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	for file, want := range map[string]string{json: `"interrupted": "after 1 of 4 runs"`,
		html: "PARTIAL: interrupted after 1 of 4 runs", csv: "\n1,200ms,1,kept,"} {
		if data, err := os.ReadFile(file); err != nil || !bytes.Contains(data, []byte(want)) {
			t.Errorf("%s has no %s: %v\n%s", filepath.Base(file), want, err, data)
		}
	}
}

// An interrupted benchmark keeps what it has in the same way.
func TestInterruptedBench(t *testing.T) {
	t.Parallel()
	testGroup(t)
	file := filepath.Join(t.TempDir(), "b.json")
	c := interrupted(t, "run 3 of 1000: throughput crier 64 B to 1", "bench", "throughput",
		"--duration", "20ms", "--runs", "1000", "--json="+file).wait(cli.ExitError)
	cells, err := report.ReadCells("--json", file)
	if err != nil || len(cells) != 1 {
		t.Fatalf("%d cells, %v\n%s", len(cells), err, c.out)
	}
	runs := strconv.Itoa(len(cells[0].Each))
	if text := c.out.String(); len(cells[0].Each) < 2 ||
		cells[0].Interrupted != "after "+runs+" of 1000 runs" ||
		!strings.Contains(text, "PARTIAL: interrupted after "+runs+" of 1000 runs") ||
		!strings.Contains(text, runs+" runs each: medians") {
		t.Errorf("%q, with %s runs:\n%s", cells[0].Interrupted, runs, text)
	}
}

// A long run tells how far it is.
func TestSimShowsProgress(t *testing.T) {
	t.Parallel()
	interrupted(t, "0 of 1 runs, 0 s of virtual time, 1 s so far", "sim", "sweep", "clean",
		"--vary", "duration=1h").wait(cli.ExitError)
	file := clitest.ScenarioFile(t, strings.Replace(clitest.SmallScenario, "duration: 1s",
		"duration: 24h", 1))
	interrupted(t, " of 24 h of virtual time, 1 s so far, about ", "sim", "run", file).wait(
		cli.ExitError)
}
