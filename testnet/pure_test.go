package testnet

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"crier/testnet/checker"
	"crier/testnet/world"
)

// The simulator and its checker hold no clock, goroutine, lock, socket or map: a
// run is decided by its seed alone.
func TestWorldIsPure(t *testing.T) {
	var names []string
	for _, pattern := range []string{"world/*.go", "checker/*.go", "schedule/*.go"} {
		list, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, list...)
	}
	allowed := []string{"bytes", "cmp", "encoding/binary", "errors", "fmt", "hash/fnv",
		"math/bits", "net/netip", "slices", "sort",
		"strings", "time",
		"crier/nack", "crier/reliable", "crier/reliable/directory", "crier/reliable/frame",
		"crier/reliable/journal",
		"crier/reliable/receive", "crier/reliable/record", "crier/reliable/repair",
		"crier/reliable/restart", "crier/reliable/send", "crier/reliable/store",
		"crier/reliable/survivor", "crier/reliable/team", "crier/reliable/team/member",
		"crier/reliable/topic",
		"crier/testnet/disk", "crier/testnet/link", "crier/testnet/random",
		"crier/testnet/schedule", "crier/testnet/world"}
	values := []string{"Duration", "Second", "Millisecond", "Time", "Unix"} // no clocks, no timers
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
			if path := strings.Trim(spec.Path.Value, `"`); !slices.Contains(allowed, path) {
				t.Errorf("%v imports %s", set.Position(spec.Pos()), path)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt, *ast.ChanType, *ast.MapType:
				t.Errorf("%v: goroutines, channels and maps have no place in the simulator",
					set.Position(n.Pos()))
			case *ast.SelectorExpr:
				pkg, ok := n.X.(*ast.Ident)
				if ok && pkg.Name == "time" && !slices.Contains(values, n.Sel.Name) {
					t.Errorf("%v: time.%s has no place in the simulator", set.Position(n.Pos()),
						n.Sel.Name)
				}
			case *ast.BasicLit:
				if n.Kind == token.FLOAT && !strings.HasPrefix(n.Value, "1e") {
					t.Errorf("%v: %s: nothing is decided by floating point", set.Position(n.Pos()),
						n.Value)
				}
			}
			return true
		})
	}
}

// TestSwarmDigest prints a digest of all that happens in a few seeds of the
// swarm. Builds for amd64, 386 and GOAMD64=v3 must print the same:
//
//	go test ./testnet -run TestSwarmDigest -v
//	GOARCH=386 go test ./testnet -run TestSwarmDigest -v
func TestSwarmDigest(t *testing.T) {
	h := sha256.New()
	seeds, lines := uint64(8), 0
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		w := world.New(world.Config{Seed: seed, Trace: func(line string) {
			lines++
			h.Write([]byte(line))
			h.Write([]byte{'\n'})
		}})
		c := checker.New(w)
		if err := newScenario(w, seed).run(c); err != nil {
			t.Error(err)
		}
		fmt.Fprintln(h, c.Tally(), w.Stats())
	}
	t.Logf("digest of %d seeds, %d lines: %x", seeds, lines, h.Sum(nil))
}
