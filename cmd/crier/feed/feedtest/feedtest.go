// Package feedtest is what the tests of feeds, and of the commands that read them, have in
// common: files to read, and how an error is worded.
package feedtest

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// File puts content into a file of this name and returns its path.
func File(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Zipped is content as gzip.
func Zipped(content string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, content)
	w.Close()
	return b.String()
}

// Recorded returns the path of a recorded feed, which lies beside the module; the test is
// skipped where there are none.
func Recorded(t testing.TB, name string) string {
	t.Helper()
	root, _ := os.Getwd() // a package's, in a test
	for ; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
	}
	path := filepath.Join(root, "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("the recorded feeds are not on this machine: %v", err)
	}
	return path
}

// WantSentence checks that an error is one sentence with these parts.
func WantSentence(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there is no error")
	}
	text := err.Error()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("error %q doesn't say %q", text, p)
		}
	}
	if strings.Contains(text, "\n") || strings.HasSuffix(text, ".") {
		t.Errorf("error %q is not one sentence without a stop", text)
	}
}
