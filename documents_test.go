package crier_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
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

// TestDocumentsNameTests looks for every test that TEAMS.md names.
func TestDocumentsNameTests(t *testing.T) {
	tests := make(map[string]bool)
	isTest := regexp.MustCompile(`(?m)^func (Test\w+)\(t `)
	walkGo(t, func(name string) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range isTest.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
		}
	})
	text, err := os.ReadFile(filepath.Join("docs", "TEAMS.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	for _, m := range named {
		if !tests[m[1]] {
			t.Errorf("docs/TEAMS.md: there is no %s", m[1])
		}
	}
	if len(named) < 10 {
		t.Errorf("docs/TEAMS.md names %d tests", len(named))
	}
}

var (
	mdLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	mdCode    = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestDocumentsLink follows every link of the documents to a file, and to a heading there.
func TestDocumentsLink(t *testing.T) {
	documents, err := filepath.Glob(filepath.Join("docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	deeper, err := filepath.Glob(filepath.Join("docs", "*", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	documents = append(append(documents, deeper...), "README.md", "CHANGELOG.md")
	anchors := map[string][]string{}
	for _, document := range documents {
		anchors[document] = anchorsOf(t, document)
	}
	links := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		prose := mdCode.ReplaceAllString(string(text), "")
		for _, m := range mdLink.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			file, anchor, _ := strings.Cut(m[1], "#")
			path := document
			if file != "" {
				path = filepath.Join(filepath.Dir(document), file)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: there is no file %s", document, m[1], path)
			} else if anchor != "" && !slices.Contains(anchors[path], anchor) {
				t.Errorf("%s links to %s: there is no heading #%s in %s", document, m[1], anchor,
					path)
			}
		}
	}
	if links == 0 {
		t.Fatal("no document links to another")
	}
}

// TestManualIsWhole looks for each page of docs in the manual's index.
func TestManualIsWhole(t *testing.T) {
	index, err := os.ReadFile(filepath.Join("docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir("docs", func(path string, _ fs.DirEntry, err error) error {
		name := strings.TrimPrefix(filepath.ToSlash(path), "docs/")
		if err == nil && filepath.Ext(path) == ".md" && name != "README.md" &&
			!strings.Contains(string(index), "("+name+")") {
			t.Errorf("docs/README.md has no row for %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// anchorsOf returns the anchors that forges give a document's headings.
func anchorsOf(t *testing.T, document string) []string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	prose := mdCode.ReplaceAllString(string(text), "")
	for _, m := range mdHeading.FindAllStringSubmatch(prose, -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return list
}
