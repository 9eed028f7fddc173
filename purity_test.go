package crier_test

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The state machines hold no clock, goroutine, lock, socket or source of randomness, and give the
// same answers on every machine. These tests read their source for each of them.

// isPure reports whether the package in a directory must be pure: config, nack, reliable, and
// every room below them that is not a test rig.
func isPure(dir string) bool {
	return (within(dir, "config") || within(dir, "nack") || within(dir, "reliable")) &&
		!isRig(dir)
}

// pureImports lists the packages that a pure package may import, besides pure ones and msgpack.
var pureImports = []string{
	"bytes", "cmp", "encoding/binary", "encoding/hex", "errors", "fmt", "hash/crc32", "io", "iter",
	"math", "math/bits", "math/rand/v2", "net/netip", "slices", "sort", "strconv", "strings",
	"time", "unicode/utf8",
}

// allowed tells which names of a package may be used, where not all may.
var allowed = map[string]func(name string) bool{
	// Durations and formats, but no clock.
	"time": oneOf(
		"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour",
		"Unix", "UnixMilli", "RFC3339", "RFC3339Nano", "UTC", "Time", "Parse", "ParseDuration",
	),
	// Exact functions. Exp, Log, Pow and the like differ between architectures.
	"math": func(name string) bool {
		return strings.HasPrefix(name, "Max") || strings.HasPrefix(name, "Min") ||
			oneOf("Sqrt", "Floor", "Ceil", "Trunc", "Abs", "Inf", "IsNaN", "IsInf",
				"Float64bits", "Float64frombits")(name)
	},
	// A seeded generator of 64 bits. The top-level functions have a seed of their own, and bounded
	// draws differ between architectures.
	"math/rand/v2": oneOf("PCG", "NewPCG"),
}

func oneOf(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// fusedProduct is the message for a float product that a processor may fuse with an addition.
const fusedProduct = "adds a float product that isn't converted first: " +
	"processors that fuse the two round otherwise"

// orderMark begins the comment that allows a range over a map, and is followed by the reason.
const orderMark = "// order doesn't matter:"

// TestPurity walks the tree for the packages that must be pure, so that a new room is held to the
// rules without being listed.
func TestPurity(t *testing.T) {
	tree := newTree()
	checked := 0
	for _, dir := range packageDirs(t) {
		if !isPure(dir) {
			continue
		}
		p, err := tree.load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range tree.problems(p) {
			t.Error(problem)
		}
		checked++
	}
	if checked < 3 {
		t.Fatalf("found %d pure packages; nack, reliable and reliable/frame are three", checked)
	}
}

// TestPurityRooms holds isPure itself to its purpose.
func TestPurityRooms(t *testing.T) {
	for dir, want := range map[string]bool{
		"nack": true, "nack/room": true, "reliable": true, "reliable/send": true,
		"reliable/send/room": true, "reliable/rig": false, "reliable/send/rig": false,
		"reliability": false, "multicast": false, "testnet": false, ".": false,
	} {
		if isPure(dir) != want {
			t.Errorf("isPure(%q) = %v", dir, !want)
		}
	}
}

// TestPurityFindsImpurity gives the rules what they are there to find.
func TestPurityFindsImpurity(t *testing.T) {
	for _, test := range []struct{ want, source string }{
		{"may not import os", `import "os"; var _ = os.Args`},
		{"may not import sync", `import "sync"; var _ sync.Mutex`},
		{"may not import log/slog", `import "log/slog"; var _ = slog.Info`},
		{"may not import net", `import "net"; var _ net.Conn`},
		{"may not import math/rand", `import "math/rand"; var _ = rand.Int`},
		{"may not import by another", `import . "math"; var _ = Pow`},
		{"may not use time.Now", `import "time"; var _ = time.Now()`},
		{"may not use time.Since", `import clock "time"; var _ = clock.Since(clock.Time{})`},
		{"may not use time.NewTimer", `import "time"; var _ = time.NewTimer(1)`},
		{"may not use math.Pow", `import "math"; var _ = math.Pow(1, 2)`},
		{"may not use math.FMA", `import "math"; var _ = math.FMA(1, 2, 3)`},
		{"may not use math/rand/v2.IntN", `import "math/rand/v2"; var _ = rand.IntN(5)`},
		{"may not start a goroutine", `func f() { go f() }`},
		{"may not use channels", `var c chan int`},
		{"may not select", `func f() { select {} }`},
		{"ranges over a map", `func f(m map[int]int) { for range m {} }`},
		{"ranges over a map", `type t map[int]int; func f() { for range (t{}) {} }`},
		{"ranges over a map", `type t struct{ m map[int]int }; func f(x *t) { for range x.m {} }`},
		{"ranges over what can't", `import "slices"; func f() { for range slices.Values(f) {} }`},
		{"adds a float product", `func f(a, b, c float64) float64 { return a*b + c }`},
		{"may not import crier/multicast", `import "crier/multicast"; var _ multicast.Conn`},
		{"may not import crier/reliable/rig", `import "crier/reliable/rig"; var _ = rig.Publisher`},
		{"", `func f(m map[int]int, a, b, c float64) float64 {
			` + orderMark + ` a sum
			for range m {}
			for range 5 {}
			for range []int{} {}
			for range "x" {}
			return float64(a*b) + c
		}`},
	} {
		tree := newTree()
		source := "package impure\n" + test.source
		file, err := parser.ParseFile(tree.fset, "impure.go", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		problems := strings.Join(tree.problems(tree.check("impure", []*ast.File{file})), "\n")
		if (test.want == "") != (problems == "") || !strings.Contains(problems, test.want) {
			t.Errorf("%s:\nwant %q, got %q", test.source, test.want, problems)
		}
	}
}

// A tree type-checks packages of the module. Other modules' packages and the standard library's
// are left empty: an expression that uses them has an invalid type, which the rules don't trust.
type tree struct {
	fset     *token.FileSet
	packages map[string]*checked
}

func newTree() *tree {
	return &tree{fset: token.NewFileSet(), packages: map[string]*checked{}}
}

// A checked package is parsed and type-checked as far as its imports allow.
type checked struct {
	path  string
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// load parses and checks a directory of the module.
func (t *tree) load(dir string) (*checked, error) {
	if p := t.packages[dir]; p != nil {
		return p, nil
	}
	names, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(t.fset, name, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				if constraint.IsGoBuild(c.Text) {
					return nil, fmt.Errorf("%s: a pure package needs no build constraint", name)
				}
			}
		}
		files = append(files, file)
	}
	p := t.check(dir, files)
	t.packages[dir] = p
	return p, nil
}

func (t *tree) check(path string, files []*ast.File) *checked {
	p := &checked{path: path, files: files, info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
	}}
	config := types.Config{Importer: t, Error: func(error) {}}
	p.types, _ = config.Check(modulePrefix+path, t.fset, files, p.info)
	return p
}

// Import returns a checked package of this module, or an empty one of another.
func (t *tree) Import(path string) (*types.Package, error) {
	if local, ok := strings.CutPrefix(path, modulePrefix); ok {
		p, err := t.load(local)
		if err != nil {
			return nil, err
		}
		return p.types, nil
	}
	name := path[strings.LastIndex(path, "/")+1:]
	if name == "v2" {
		name = "rand"
	}
	p := types.NewPackage(path, name)
	p.MarkComplete()
	return p, nil
}

// problems lists every place where a package breaks a rule of purity.
func (t *tree) problems(p *checked) (list []string) {
	for _, file := range p.files {
		report := func(at ast.Node, format string, args ...any) {
			problem := fmt.Sprintf(format, args...)
			list = append(list, fmt.Sprintf("%s: %s", t.fset.Position(at.Pos()), problem))
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if spec.Name != nil && (spec.Name.Name == "." || spec.Name.Name == "_") {
				report(spec, "may not import by another name: %s", path)
			}
			local, ours := strings.CutPrefix(path, modulePrefix)
			ok := slices.Contains(pureImports, path) ||
				strings.HasPrefix(path, "github.com/vmihailenco/msgpack/")
			if ours {
				ok = isPure(local)
			}
			if !ok {
				report(spec, "may not import %s", path)
			}
		}
		// The lines of the ranges that a comment allows.
		marked := map[int]bool{}
		for _, group := range file.Comments {
			for _, c := range group.List {
				reason, ok := strings.CutPrefix(c.Text, orderMark)
				if ok && strings.TrimSpace(reason) != "" {
					marked[t.fset.Position(group.End()).Line+1] = true
					marked[t.fset.Position(c.Pos()).Line] = true
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				report(n, "may not start a goroutine")
			case *ast.ChanType:
				report(n, "may not use channels")
			case *ast.SelectStmt:
				report(n, "may not select")
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok {
					if name, ok := p.info.Uses[id].(*types.PkgName); ok {
						path := name.Imported().Path()
						if may := allowed[path]; may != nil && !may(n.Sel.Name) {
							report(n, "may not use %s.%s", path, n.Sel.Name)
						}
					}
				}
			case *ast.RangeStmt:
				if marked[t.fset.Position(n.Pos()).Line] {
					break
				}
				switch kind := p.underlying(n.X).(type) {
				case *types.Map:
					report(n, "ranges over a map, whose order is random; "+
						"give the reason in a comment %q", orderMark)
				case *types.Slice, *types.Array, *types.Pointer:
				case *types.Basic:
					if kind.Kind() == types.Invalid {
						report(n, "ranges over what can't be told not to be a map")
					}
				default:
					report(n, "ranges over what can't be told not to be a map")
				}
			case *ast.BinaryExpr:
				if n.Op == token.ADD || n.Op == token.SUB {
					for _, side := range []ast.Expr{n.X, n.Y} {
						if p.product(side) {
							report(side, fusedProduct)
						}
					}
				}
			case *ast.AssignStmt:
				sum := n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN
				if sum && p.product(n.Rhs[0]) {
					report(n, fusedProduct)
				}
			}
			return true
		})
	}
	return list
}

func (p *checked) underlying(x ast.Expr) types.Type {
	if tv, ok := p.info.Types[x]; ok && tv.Type != nil {
		return tv.Type.Underlying()
	}
	return types.Typ[types.Invalid]
}

// product reports whether x is a product of floats that is computed at run time.
func (p *checked) product(x ast.Expr) bool {
	b, ok := ast.Unparen(x).(*ast.BinaryExpr)
	if !ok || b.Op != token.MUL || p.info.Types[b].Value != nil {
		return false
	}
	basic, ok := p.underlying(b).(*types.Basic)
	return ok && basic.Info()&types.IsFloat != 0
}
