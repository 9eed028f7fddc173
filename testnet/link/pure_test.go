package link

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The link and loss models hold no clock, goroutine, lock, socket or global
// randomness, and compute with no function whose result depends on the machine.
func TestModelsArePure(t *testing.T) {
	allowed := []string{"bufio", "bytes", "cmp", "compress/gzip", "errors", "fmt", "io", "math",
		"math/bits",
		"math/rand/v2", "slices", "strconv", "strings", "time", "crier/testnet/random"}
	used := map[string]string{ // what may be used of a package, where that is not all
		"time": "Duration Hour",
		"math": "MaxInt64 MaxUint32 MaxUint64",
		"rand": "PCG",
	}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, filepath.Join("..", "random", "random.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "text") {
			continue // texts are read before the run
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if path := strings.Trim(spec.Path.Value, `"`); !slices.Contains(allowed, path) {
				t.Errorf("%v imports %s", set.Position(spec.Pos()), path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.MapType:
				t.Errorf("%v: goroutines, channels and maps have no place in a model",
					set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					if list, ok := used[pkg.Name]; ok &&
						!slices.Contains(strings.Fields(list), n.Sel.Name) {
						t.Errorf("%v: %s.%s has no place in a model", set.Position(n.Pos()),
							pkg.Name, n.Sel.Name)
					}
				}
			}
			return true
		})
	}
}
