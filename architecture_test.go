package crier_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The tables of docs/ARCHITECTURE.md decide which package may import which, and which folder is
// the one home of a library. These tests read the tables and hold the source to them.

const (
	architectureFile = "docs/ARCHITECTURE.md"
	modulePrefix     = "crier/"
)

// TestArchitecture compares the tables with the source of every package and with go.mod. Test
// files may import what they need.
func TestArchitecture(t *testing.T) {
	doc, err := os.ReadFile(filepath.FromSlash(architectureFile))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := parseArchitecture(string(doc))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range rules.problems(goSources(t), directModules(string(mod))) {
		t.Error(problem)
	}
}

// An architecture is what the tables say.
type architecture struct {
	// may lists what each package may import of this module.
	may map[string][]string
	// homes tells where each library, by its module's path, may be imported.
	homes map[string]home
}

// A home is the folder of the packages that may import a library.
type home struct {
	dir string
	// below reports whether the packages below dir belong to the home, too.
	below bool
}

func (h home) String() string {
	if h.below {
		return "`" + h.dir + "` and below"
	}
	return "`" + h.dir + "`"
}

func (h home) holds(dir string) bool {
	return dir == h.dir || h.below && within(dir, h.dir)
}

// A goFile is a Go file that is not a test.
type goFile struct {
	// path is slash-separated and relative to the module's root.
	path    string
	imports []string
}

// within reports whether a directory is the folder or lies below it.
func within(dir, folder string) bool {
	return dir == folder || strings.HasPrefix(dir, folder+"/")
}

// isRig reports whether a package serves tests only: it is in a folder named rig, or its name ends
// in test.
func isRig(dir string) bool {
	return slices.Contains(strings.Split(dir, "/"), "rig") || strings.HasSuffix(dir, "test")
}

// quoted matches a package's or library's name in a cell.
var quoted = regexp.MustCompile("`([^`]+)`")

// parseArchitecture reads the tables that begin with a column "package" and "library".
func parseArchitecture(doc string) (*architecture, error) {
	a := &architecture{may: map[string][]string{}, homes: map[string]home{}}
	err := eachRow(doc, "package", "may import", func(line int, names []string, cell string) error {
		for _, name := range names {
			name = path.Clean(name)
			if _, twice := a.may[name]; twice {
				return fmt.Errorf("%s:%d: a second row for %s", architectureFile, line, name)
			}
			a.may[name] = []string{}
			for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
				a.may[name] = append(a.may[name], path.Clean(m[1]))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = eachRow(doc, "library", "home", func(line int, names []string, cell string) error {
		folder, below := strings.CutSuffix(cell, " and below")
		m := quoted.FindStringSubmatch(folder)
		if m == nil || m[0] != folder {
			return fmt.Errorf("%s:%d: a home is one folder in backquotes, "+
				"or such a folder \"and below\", not %s", architectureFile, line, cell)
		}
		for _, name := range names {
			if _, twice := a.homes[name]; twice {
				return fmt.Errorf("%s:%d: a second row for %s", architectureFile, line, name)
			}
			a.homes[name] = home{path.Clean(m[1]), below}
		}
		return nil
	})
	return a, err
}

// eachRow calls f for the rows of the tables whose first column is key, with the names in the
// row's first cell and the cell of the given column.
func eachRow(doc, key, column string, f func(line int, names []string, cell string) error) error {
	at, rows := 0, 0 // at is the column's place in the table that the line is in, or 0
	for i, line := range strings.Split(doc, "\n") {
		if !strings.HasPrefix(line, "|") {
			at = 0
			continue
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), "|")[1:], "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case cells[0] == key:
			at = max(0, slices.Index(cells, column))
		case at == 0 || strings.HasPrefix(cells[0], "---"):
		case at >= len(cells):
			return fmt.Errorf("%s:%d: the row has no cell %q", architectureFile, i+1, column)
		default:
			var names []string
			for _, m := range quoted.FindAllStringSubmatch(cells[0], -1) {
				names = append(names, m[1])
			}
			if len(names) == 0 {
				return fmt.Errorf("%s:%d: the row names no %s in backquotes",
					architectureFile, i+1, key)
			}
			if err := f(i+1, names, cells[at]); err != nil {
				return err
			}
			rows++
		}
	}
	if rows == 0 {
		return fmt.Errorf("%s: no table with the columns %q and %q", architectureFile, key, column)
	}
	return nil
}

// problems lists where the source and go.mod's direct requirements differ from the tables.
func (a *architecture) problems(files []goFile, modules []string) []string {
	c := &comparison{
		architecture: a, modules: modules,
		imported: map[string][]string{}, users: map[string][]string{},
	}
	for _, f := range files {
		c.file(f)
	}
	c.packages()
	c.libraries()
	return c.list
}

// A comparison finds the differences between the tables and the source.
type comparison struct {
	*architecture
	// modules lists go.mod's direct requirements.
	modules []string
	// imported lists what each package imports of this module.
	imported map[string][]string
	// users lists the packages that import each library.
	users map[string][]string
	// list holds the differences found so far.
	list []string
}

func (c *comparison) report(format string, args ...any) {
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

// file takes note of a file's imports, and reports those that the tables don't allow.
func (c *comparison) file(f goFile) {
	dir := path.Dir(f.path)
	if c.imported[dir] == nil {
		c.imported[dir] = []string{}
	}
	for _, name := range f.imports {
		if local, ok := strings.CutPrefix(name, modulePrefix); ok {
			c.imported[dir] = append(c.imported[dir], local)
			may, ruled := c.may[dir]
			if isRig(local) && !isRig(dir) {
				c.report("%s imports %s, which serves tests only: production code may not",
					f.path, name)
			} else if ruled && !slices.Contains(may, local) {
				c.report("%s imports %s: the row `%s/` of %s doesn't allow it: "+
					"take the import out, or add `%s` to its cell \"may import\"",
					f.path, name, dir, architectureFile, local)
			}
			continue
		}
		if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
			continue // the standard library
		}
		module := c.module(name)
		if module == "" {
			c.report("%s imports %s, of no module that go.mod requires directly", f.path, name)
			continue
		}
		c.users[module] = append(c.users[module], dir)
		if home, ruled := c.homes[module]; ruled && !home.holds(dir) {
			c.report("%s imports %s: the row `%s` of %s has it at home in %v: "+
				"move the code there, or change the cell \"home\"",
				f.path, name, module, architectureFile, home)
		}
	}
}

// module returns the required module that holds a package, or "".
func (c *comparison) module(name string) (module string) {
	for _, m := range c.modules {
		if within(name, m) && len(m) > len(module) {
			module = m
		}
	}
	return module
}

// packages reports packages without a row, rows without a package, and cells that allow too much.
func (c *comparison) packages() {
	for _, dir := range sorted(c.imported) {
		if _, ok := c.may[dir]; !ok {
			c.report("%s/ is a package without a row in %s: "+
				"add one, with the cell \"may import\": %s",
				dir, architectureFile, cell(c.imported[dir]))
		}
	}
	for _, dir := range sorted(c.may) {
		if _, ok := c.imported[dir]; !ok {
			c.report("the row `%s/` of %s is of no package: "+
				"take it out, or give it the folder's new name", dir, architectureFile)
			continue
		}
		for _, name := range c.may[dir] {
			if !slices.Contains(c.imported[dir], name) {
				c.report("the row `%s/` of %s allows `%s`, which no file there imports: "+
					"the cell \"may import\" would be: %s",
					dir, architectureFile, name, cell(c.imported[dir]))
			}
		}
	}
}

// libraries reports requirements without a row, rows without a requirement, and empty homes.
func (c *comparison) libraries() {
	for _, module := range c.modules {
		if _, ok := c.homes[module]; !ok {
			c.report("go.mod requires %s, which has no row in %s: add one, with its home",
				module, architectureFile)
		}
	}
	for _, module := range sorted(c.homes) {
		if !slices.Contains(c.modules, module) {
			c.report("the row `%s` of %s is of no module that go.mod requires directly: "+
				"take it out", module, architectureFile)
			continue
		}
		if home := c.homes[module]; !slices.ContainsFunc(c.users[module], home.holds) {
			c.report("the row `%s` of %s has it at home in %v, where nothing imports it: "+
				"change the cell \"home\"; the packages that do: %s",
				module, architectureFile, home, cell(c.users[module]))
		}
	}
}

// cell writes packages as a cell of the table.
func cell(packages []string) string {
	if len(packages) == 0 {
		return "nothing"
	}
	packages = slices.Compact(slices.Sorted(slices.Values(packages)))
	return "`" + strings.Join(packages, "`, `") + "`"
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// walkGo calls f for the module's Go files, for all systems, tests among them. Names are
// slash-separated and relative to the module's root.
func walkGo(t *testing.T, f func(name string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !d.IsDir():
			if strings.HasSuffix(name, ".go") {
				f(filepath.ToSlash(name))
			}
		case name != "." && strings.ContainsAny(d.Name()[:1], "._"), d.Name() == "testdata",
			name != "." && isModule(name):
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isModule reports whether a folder is a module of its own.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// goSources reads the imports of the module's Go files that are not tests.
func goSources(t *testing.T) (files []goFile) {
	t.Helper()
	walkGo(t, func(name string) {
		if strings.HasSuffix(name, "_test.go") {
			return
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		f := goFile{path: name}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
	})
	if len(files) == 0 {
		t.Fatal("found no Go file")
	}
	return files
}

// packageDirs lists the directories that hold a package.
func packageDirs(t *testing.T) (dirs []string) {
	t.Helper()
	for _, f := range goSources(t) {
		dirs = append(dirs, path.Dir(f.path))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// directModules lists the modules that a go.mod requires without "// indirect".
func directModules(mod string) (modules []string) {
	block := false
	for line := range strings.Lines(mod) {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] == "require" {
			if fields = fields[1:]; fields[0] == "(" {
				block = true
				continue
			}
		} else if len(fields) == 0 || !block {
			continue
		} else if fields[0] == ")" {
			block = false
			continue
		}
		if !strings.HasPrefix(fields[0], "//") && !strings.Contains(line, "// indirect") {
			modules = append(modules, fields[0])
		}
	}
	return modules
}
