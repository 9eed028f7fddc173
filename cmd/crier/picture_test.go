package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
)

// The README's picture is of the report that the tool makes today. It is a browser that makes
// it, by a script; the script leaves a sum of the page beside the picture.
func TestReadmeShowsTheReport(t *testing.T) {
	t.Parallel()
	if runtime.GOARCH != "amd64" {
		t.Skip("the last digit of a coordinate may be another on this processor")
	}
	page := filepath.Join(t.TempDir(), "report.html")
	start(t, nil, "sim", "run", "partition", "-q", "--html", page).wait(cli.ExitOK)
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/sim-report.sum")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != strings.TrimSpace(string(want)) {
		t.Errorf("docs/sim-report.png is of another report (%s, now %s): "+
			".ci/pictures --report docs/sim-report.png makes it anew", want, got)
	}
	if !strings.Contains(string(data), `class="bad"`) {
		t.Error("the report shows no loss")
	}
}
