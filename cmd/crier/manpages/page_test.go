package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/commands"
)

// pages writes all pages, and returns their folder.
func pages(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "man", "man1") // which it makes
	if err := write(commands.Tool(), dir, "2026-11-30"); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Each command has a page with all of its flags.
func TestPages(t *testing.T) {
	dir := pages(t)
	overview, err := os.ReadFile(filepath.Join(dir, "crier.1"))
	if err != nil {
		t.Fatal(err)
	}
	commands.Tool().Walk(func(c *cli.Command, flags *cli.FlagSet) {
		if !strings.Contains(string(overview), bold("crier "+c.Name)+"\n") {
			t.Errorf("crier(1) doesn't name crier %s", c.Name)
		}
		text, err := os.ReadFile(filepath.Join(dir, dashed(c)+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		for _, o := range cli.Options(flags) {
			if !strings.Contains(string(text), bold(o.Name)) {
				t.Errorf("%s(1) doesn't name %s", dashed(c), o.Name)
			}
		}
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES",
			"SEE ALSO"} {
			if !strings.Contains(string(text), "\n.SH "+section+"\n") {
				t.Errorf("%s(1) has no section %s", dashed(c), section)
			}
		}
	})
}

// man(1) finds nothing wrong with them.
func TestPagesAreCorrect(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip(err)
	}
	files, err := filepath.Glob(filepath.Join(pages(t), "*.1"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out, err := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"},
		files...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestText(t *testing.T) {
	p := &page{}
	p.text("One -a.\n.two 'x'\n\n  --net sim  virtual\n  --net lo   real\n\n  a b\n  c\n\nEnd.\n")
	want := "One \\-a.\n\\&.two \\(aqx\\(aq\n" +
		".TP\n\\fB\\-\\-net sim\\fR\nvirtual\n.TP\n\\fB\\-\\-net lo\\fR\nreal\n" +
		".PP\n.EX\na b\nc\n.EE\n.PP\nEnd.\n"
	if got := p.body.String(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// The tool itself contains nothing that only pages need.
func TestToolHasNoGenerator(t *testing.T) {
	gotool, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(gotool, "list", "-deps", "crier/cmd/crier").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	deps := strings.Fields(string(out))
	for _, dep := range deps {
		for _, bad := range []string{"cobra/doc", "md2man", "blackfriday", "crier/manpages"} {
			if strings.Contains(dep, bad) {
				t.Errorf("the tool contains %s", dep)
			}
		}
	}
	if len(deps) < 50 {
		t.Errorf("it contains %q", deps)
	}
}
