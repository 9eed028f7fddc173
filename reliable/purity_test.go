package reliable_test

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The state machines hold no clock, no goroutine, no lock, no socket and no
// randomness of their own, and give the same answers on every machine. Here the
// source itself is asked.

// pureImports are the packages that nack, reliable and reliable/frame may use.
var pureImports = []string{
	"bytes", "cmp", "encoding/binary", "encoding/hex", "errors", "fmt", "hash/crc32", "io", "iter", "math", "math/bits",
	"math/rand/v2", "net/netip", "slices", "sort", "strconv", "strings", "time", "unicode/utf8",
}

// allowed are the names of a package that may be used, where not all may.
var allowed = map[string]func(name string) bool{
	// Durations and formats, but no clock.
	"time": oneOf("Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour",
		"Unix", "UnixMilli", "RFC3339", "RFC3339Nano", "UTC", "Time"),
	// What is exact. Exp, Log, Pow and the like differ between architectures.
	"math": func(name string) bool {
		return strings.HasPrefix(name, "Max") || strings.HasPrefix(name, "Min") ||
			oneOf("Sqrt", "Floor", "Ceil", "Trunc", "Abs", "Inf", "IsNaN", "IsInf", "Float64bits", "Float64frombits")(name)
	},
	// A seeded generator of 64 bits: the top-level functions are seeded by
	// nobody, and bounded draws differ between architectures.
	"math/rand/v2": oneOf("PCG", "NewPCG"),
}

func oneOf(names ...string) func(string) bool {
	return func(name string) bool { return slices.Contains(names, name) }
}

// orderMark is the comment that allows to range over a map.
const orderMark = "// order doesn't matter:"

func TestPurity(t *testing.T) {
	tree := &tree{fset: token.NewFileSet(), packages: map[string]*checked{}}
	for _, dir := range []string{"nack", "reliable/frame", "reliable", "reliable/peer", "reliable/send", "reliable/receive"} {
		p, err := tree.load(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.files) == 0 {
			t.Fatalf("no source in %s", dir)
		}
		for _, problem := range tree.problems(p) {
			t.Error(problem)
		}
	}
}

// The rules find what they are there to find.
func TestPurityFindsImpurity(t *testing.T) {
	for want, source := range map[string]string{
		"may not import os":             `import "os"; var _ = os.Args`,
		"may not import sync":           `import "sync"; var _ sync.Mutex`,
		"may not import log/slog":       `import "log/slog"; var _ = slog.Info`,
		"may not import net":            `import "net"; var _ net.Conn`,
		"may not import math/rand":      `import "math/rand"; var _ = rand.Int`,
		"may not import by another":     `import . "math"; var _ = Pow`,
		"may not use time.Now":          `import "time"; var _ = time.Now()`,
		"may not use time.Since":        `import clock "time"; func f(t clock.Time) { _ = clock.Since(t) }`,
		"may not use time.NewTimer":     `import "time"; var _ = time.NewTimer(1)`,
		"may not use math.Pow":          `import "math"; var _ = math.Pow(1, 2)`,
		"may not use math.FMA":          `import "math"; var _ = math.FMA(1, 2, 3)`,
		"may not use math/rand/v2.IntN": `import "math/rand/v2"; var _ = rand.IntN(5)`,
		"may not start a goroutine":     `func f() { go f() }`,
		"may not use channels":          `var c chan int`,
		"may not select":                `func f() { select {} }`,
		"ranges over a map":             `func f(m map[int]int) { for range m {} }`,
		"ranges over a map of a type":   `type t map[int]int; func f() { for k := range (t{}) { _ = k } }`,
		"ranges over a map in a field":  `type t struct{ m map[int]int }; func f(x *t) { for k := range x.m { _ = k } }`,
		"ranges over what can't":        `import "slices"; func f() { for k := range slices.Values([]int{1}) { _ = k } }`,
		"adds a float product":          `func f(a, b, c float64) float64 { return a*b + c }`,
		"":                              `func f(m map[int]int, a, b, c float64) float64 { ` + "\n" + orderMark + " a sum\n" + `for range m {}; for range 5 {}; for range []int{} {}; for range "x" {}; return float64(a*b) + c }`,
	} {
		tree := &tree{fset: token.NewFileSet(), packages: map[string]*checked{}}
		file, err := parser.ParseFile(tree.fset, "impure.go", "package impure\n"+source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		problems := tree.problems(tree.check("impure", []*ast.File{file}))
		want, _, _ := strings.Cut(want, " of a type")
		want, _, _ = strings.Cut(want, " in a field")
		if (want == "") != (len(problems) == 0) || !strings.Contains(strings.Join(problems, "\n"), want) {
			t.Errorf("%s:\nwant %q, got %q", source, want, problems)
		}
	}
}

// Imports point one way, and each library has one home.
func TestImportsPointOneWay(t *testing.T) {
	homes := map[string]string{ // of whatever starts so; a home is a folder and those below it
		"github.com/vmihailenco/msgpack": "reliable/frame",
		"golang.org/x/net":               "multicast",
		"golang.org/x/sys":               "multicast",
		"github.com/pion/":               "testnet",
	}
	ours := map[string][]string{ // what these may import of this module
		"nack":             {},
		"reliable/frame":   {"nack"},
		"reliable":         {"nack", "reliable/frame"},
		"reliable/peer":    {"reliable", "reliable/frame"},
		"reliable/send":    {"nack", "reliable", "reliable/frame", "reliable/peer"},
		"reliable/receive": {"nack", "reliable", "reliable/frame", "reliable/peer"},
		"multicast":        {},
		"multicast/memory": {},
		"publisher":        {"nack", "reliable", "reliable/frame", "reliable/send", "multicast", "multicast/memory"},
		"subscriber":       {"nack", "reliable", "reliable/frame", "reliable/receive", "multicast"},
	}
	sources := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		sources++
		rel, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			for library, home := range homes {
				if strings.HasPrefix(name, library) && dir != home && !strings.HasPrefix(dir, home+"/") {
					t.Errorf("%s imports %s, whose only home is %s", rel, name, home)
				}
			}
			local, ok := strings.CutPrefix(name, "crier/")
			if may, ruled := ours[dir]; ok && ruled && !slices.Contains(may, local) {
				t.Errorf("%s may not import %s", rel, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if sources == 0 {
		t.Fatal("no source was found")
	}
}

// tree checks the module's packages, with all others left empty: what comes out
// of them is of an invalid type, which the rules don't trust.
type tree struct {
	fset     *token.FileSet
	packages map[string]*checked
}

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
	names, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*.go"))
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
					return nil, fmt.Errorf("%s: what is pure needs no build constraint", name)
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
	p.types, _ = config.Check("crier/"+path, t.fset, files, p.info)
	return p
}

// Import returns a checked package of this module, or an empty one.
func (t *tree) Import(path string) (*types.Package, error) {
	if local, ok := strings.CutPrefix(path, "crier/"); ok {
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

// problems lists what in a package is not pure.
func (t *tree) problems(p *checked) (list []string) {
	for _, file := range p.files {
		report := func(at ast.Node, format string, args ...any) {
			list = append(list, fmt.Sprintf("%s: %s", t.fset.Position(at.Pos()), fmt.Sprintf(format, args...)))
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if spec.Name != nil && (spec.Name.Name == "." || spec.Name.Name == "_") {
				report(spec, "may not import by another name: %s", path)
			}
			if strings.HasPrefix(path, "crier/") || strings.HasPrefix(path, "github.com/vmihailenco/msgpack/") {
				continue
			}
			if !slices.Contains(pureImports, path) {
				report(spec, "may not import %s", path)
			}
		}
		marked := map[int]bool{} // lines after which the order doesn't matter
		for _, group := range file.Comments {
			for _, c := range group.List {
				if reason, ok := strings.CutPrefix(c.Text, orderMark); ok && strings.TrimSpace(reason) != "" {
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
					report(n, "ranges over a map, whose order is random; say why in a comment %q", orderMark)
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
							report(side, "adds a float product that isn't converted first: processors that fuse the two round otherwise")
						}
					}
				}
			case *ast.AssignStmt:
				if (n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN) && p.product(n.Rhs[0]) {
					report(n, "adds a float product that isn't converted first: processors that fuse the two round otherwise")
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
