package crier_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goName matches the name of a Go file in a document, with as much of its path as is given.
var goName = regexp.MustCompile("`([a-zA-Z0-9_/]+\\.go)`")

// TestDocumentsNameFiles looks for every Go file that a document names.
func TestDocumentsNameFiles(t *testing.T) {
	var files []string
	walkGo(t, func(name string) { files = append(files, "/"+name) })
	documents, err := filepath.Glob(filepath.Join("docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for _, document := range append(documents, "README.md") {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range goName.FindAllStringSubmatch(line, -1) {
				names++
				isNamed := func(f string) bool { return strings.HasSuffix(f, "/"+m[1]) }
				if !slices.ContainsFunc(files, isNamed) {
					t.Errorf("%s:%d: there is no file %s", document, i+1, m[1])
				}
			}
		}
	}
	if names == 0 {
		t.Fatal("no document names a Go file")
	}
}
