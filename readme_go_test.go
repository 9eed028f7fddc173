package crier_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What the README shows of Go compiles in a program that imports the two packages.
func TestReadmeCompiles(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n```go\n")
	body, _, ok := strings.Cut(rest, "\n```\n")
	if !ok {
		t.Fatal("README.md shows no Go")
	}
	program := fmt.Sprintf(`package main

import (
	"context"
	"fmt"

	"crier/publisher"
	"crier/subscriber"
)

func main() {
	ctx := context.Background()
	%s
	_, _ = offset, err
}
`, body)
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, overlay := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json")
	// The program lies in the module for the go command alone.
	replace, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(root, "cmd", "readme", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{source: program, overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "build", "-overlay", overlay, "-o", filepath.Join(dir, "program"),
		"./cmd/readme").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
