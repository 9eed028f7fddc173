package crier_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logAttributes are the names of the attributes that the library logs: nouns, in lower case with
// underscores but for abbreviations. A name that stands for the same thing elsewhere is the same.
var logAttributes = []string{
	"DSCP", "MTU", "address", "agreed", "attempts", "bytes", "cause", "certificate",
	"datagram_size", "datagrams", "destination", "directory", "epoch", "error", "feed", "frames", "granted_bytes", "group",
	"groups", "hint", "index", "interface", "lag", "last_offsets", "lost_messages",
	"member", "members", "messages",
	"missing_frames", "next_offset", "offset", "offsets", "other_session", "other_topic",
	"partition", "partitions", "policy", "previous_address", "previous_session", "previous_size",
	"publisher", "reason", "reports", "requested_bytes",
	"session", "share", "source", "stall_timeout", "state", "subscriber", "team", "time", "topic",
	"wait",
}

// The library's log has attributes of these names, and all of these.
func TestLogAttributes(t *testing.T) {
	found := map[string]token.Position{}
	files := token.NewFileSet()
	for _, dir := range []string{"multicast", "publisher", "subscriber", "reliable", "nack"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") ||
				strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					for _, key := range logKeys(call) {
						name, _ := strconv.Unquote(key.Value)
						found[name] = files.Position(key.Pos())
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, at := range found {
		if !slices.Contains(logAttributes, name) {
			t.Errorf("%v: an attribute named %q: use one of %q, or add it", at, name, logAttributes)
		}
	}
	for _, name := range logAttributes {
		if _, ok := found[name]; !ok {
			t.Errorf("nothing logs %q", name)
		}
	}
}

// logKeys returns the keys of attributes among the arguments of a call of a logger, or of a
// function of log/slog that makes one.
func logKeys(call *ast.CallExpr) []*ast.BasicLit {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	args := call.Args
	switch x, _ := f.X.(*ast.Ident); {
	case x != nil && x.Name == "slog":
		args = args[:min(1, len(args))]
	case slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, f.Sel.Name) && len(args) > 0:
		args = args[1:]
	case f.Sel.Name != "With":
		return nil
	}
	var keys []*ast.BasicLit
	for i := 0; i < len(args); i++ {
		if key, ok := args[i].(*ast.BasicLit); ok && key.Kind == token.STRING {
			keys = append(keys, key)
			i++ // its value
		}
	}
	return keys
}
