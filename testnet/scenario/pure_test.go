package scenario

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A run is decided by its scenario and seed alone: no clock, goroutine or lock, no
// global randomness, and no function whose result depends on the machine.
func TestScenarioIsPure(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]string{ // what may be used of a package, where that is not all
		"time": "Duration Second Millisecond Minute Hour ParseDuration",
		"rand": "PCG",
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); path == "math" || path == "sync" ||
				path == "math/rand" {
				t.Errorf("%v imports %s", set.Position(spec.Pos()), path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt:
				t.Errorf("%v: goroutines and channels have no place here", set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					if list, ok := allowed[pkg.Name]; ok &&
						!slices.Contains(strings.Fields(list), n.Sel.Name) {
						t.Errorf("%v: %s.%s has no place here", set.Position(n.Pos()), pkg.Name,
							n.Sel.Name)
					}
				}
			}
			return true
		})
	}
}
