package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// systemd takes the unit files that the manual shows.
func TestUnitFiles(t *testing.T) {
	t.Parallel()
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed:", err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, units := t.TempDir(), 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if filepath.Ext(b.file()) != ".service" {
				continue
			}
			units++
			// The program has to be where the unit says.
			text := strings.ReplaceAll(strings.Join(b.text, "\n"), "/usr/local/bin/crier", self)
			path := filepath.Join(dir, b.file())
			if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(verify, "verify", "--man=no", path).CombinedOutput()
			if err != nil || strings.Contains(string(out), b.file()) {
				t.Errorf("%s: %v\n%s", d.at(b.line), err, out)
			}
		}
	}
	if units == 0 {
		t.Error("the manual shows no unit file")
	}
}
