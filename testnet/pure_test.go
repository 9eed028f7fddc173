package testnet

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// The link and loss models hold no clock, goroutine, lock, socket or global
// randomness, and compute with no function whose result depends on the machine.
func TestModelsArePure(t *testing.T) {
	allowed := []string{"bufio", "bytes", "cmp", "compress/gzip", "errors", "fmt", "io", "math", "math/bits",
		"math/rand/v2", "slices", "strconv", "strings", "time"}
	names := map[string]string{ // what may be used of a package, where that is not all
		"time": "Duration Hour",
		"math": "MaxInt64 MaxUint32 MaxUint64",
		"rand": "PCG",
	}
	for _, name := range []string{"config.go", "delay.go", "link.go", "loss.go", "noise.go", "queue.go", "rand.go",
		"record.go", "rutgers.go", "script.go", "stats.go", "trace.go"} {
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
				t.Errorf("%v: goroutines, channels and maps have no place in a model", set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok {
					if list, ok := names[pkg.Name]; ok && !slices.Contains(strings.Fields(list), n.Sel.Name) {
						t.Errorf("%v: %s.%s has no place in a model", set.Position(n.Pos()), pkg.Name, n.Sel.Name)
					}
				}
			}
			return true
		})
	}
}
