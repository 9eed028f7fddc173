package wireshark

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/decode/decodetest"
)

// tshark runs tshark with the dissector.
type tshark struct {
	t    testing.TB
	home string // everybody may read it
}

// newTshark skips the test where there is no tshark, or none that loads Lua.
func newTshark(t testing.TB) *tshark {
	t.Helper()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("there is no tshark (apt-get install tshark)")
	}
	home, err := os.MkdirTemp("", "crier-tshark")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chmod(home, 0o777); err != nil {
		t.Fatal(err)
	}
	s := &tshark{t, home}
	if err := os.WriteFile(s.script(), []byte(Dissector()), 0o644); err != nil {
		t.Fatal(err)
	}
	probe := s.command("-r", "-", "-T", "fields", "-e", "crier.kind")
	probe.Stdin, err = os.Open(decodetest.Capture(t, decodetest.Examples(t)[0].Packet))
	if err != nil {
		t.Fatal(err)
	}
	out, err := probe.CombinedOutput()
	if strings.Contains(string(out), "Lua: Error") {
		t.Fatalf("tshark can't load the dissector: %s", out)
	}
	if strings.Contains(string(out), "crier.kind") { // which it doesn't know
		t.Skipf("this tshark loads no Lua here: %v: %s", err, out)
	}
	return s
}

func (s *tshark) script() string { return filepath.Join(s.home, "crier.lua") }

// command is a run of tshark; not as root, for whom it may refuse Lua.
func (s *tshark) command(args ...string) *exec.Cmd {
	args = append([]string{"tshark", "-X", "lua_script:" + s.script(), "-n"}, args...)
	if _, err := exec.LookPath("setpriv"); err == nil && os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid", "65534", "--regid", "65534",
			"--clear-groups"}, args...)
	}
	cmd := exec.CommandContext(s.t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+s.home, "LC_ALL=C.UTF-8")
	cmd.Dir = s.home
	return cmd
}

// fields reads a capture, and calls yield with the values of fields for each packet that a
// filter passes, all as one line; values of one field are apart by "|".
func (s *tshark) fields(capture, filter string, names []string, yield func([]string)) {
	s.t.Helper()
	args := []string{"-T", "fields", "-E", "aggregator=|"}
	if filter != "" {
		args = append(args, "-Y", filter)
	}
	for _, name := range names {
		args = append(args, "-e", name)
	}
	s.read(capture, args, func(line string) { yield(strings.Split(line, "\t")) })
}

// read reads a capture, and calls yield with each line that tshark prints.
func (s *tshark) read(capture string, args []string, yield func(line string)) {
	s.t.Helper()
	file, err := os.Open(capture)
	if err != nil {
		s.t.Fatal(err)
	}
	defer file.Close()
	args = append([]string{"-r", "-"}, args...)
	cmd := s.command(args...)
	var said strings.Builder
	cmd.Stdin, cmd.Stderr = file, &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
		yield(strings.TrimSuffix(line, "\n"))
	}
	if err := cmd.Wait(); err != nil || strings.Contains(said.String(), "Lua") {
		s.t.Fatalf("tshark: %v: %s", err, said.String())
	}
}

// Named on the command line beside a plugin that is installed, it is loaded once.
func TestLoadedTwice(t *testing.T) {
	s := newTshark(t)
	cmd := s.command("-X", "lua_script:"+s.script(), "-r", "-")
	var err error
	cmd.Stdin, err = os.Open(decodetest.Capture(t, decodetest.Examples(t)[0].Packet))
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "Error") {
		t.Errorf("%v\n%s", err, out)
	}
}
