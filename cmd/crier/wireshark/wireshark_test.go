package wireshark

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// run runs crier wireshark.
func run(t *testing.T, args ...string) *clitest.Result {
	t.Helper()
	return clitest.Run(t, Command(), append([]string{"wireshark"}, args...)...)
}

// The dissector is printed whole, or installed.
func TestCommand(t *testing.T) {
	printed := run(t).Want(cli.ExitOK).Out.String()
	files, err := filepath.Glob("*.lua")
	if err != nil || len(files) != len(parts) {
		t.Fatalf("there are %d files for %d parts, %v", len(files), len(parts), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(printed, string(text)) {
			t.Errorf("%s isn't in the dissector, %v", file, err)
		}
	}
	if runtime.GOOS == "windows" {
		t.Setenv("AppData", t.TempDir())
	}
	t.Setenv("HOME", t.TempDir())
	said := run(t, "--install").Want(cli.ExitOK).Err.String()
	_, rest, _ := strings.Cut(said, "wrote ")
	path, _, _ := strings.Cut(rest, ";")
	if text, err := os.ReadFile(path); err != nil || string(text) != printed {
		t.Errorf("%q: %d bytes of %d, %v", path, len(text), len(printed), err)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "--install").Want(cli.ExitError); !strings.Contains(r.Err.String(),
		"crier.lua can't be written (is a directory): name another file") {
		t.Errorf("it said %q", r.Err)
	}
}
