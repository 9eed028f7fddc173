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
	// homes lists where each library, by its module's path, may be imported.
	homes map[string][]home
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

// A goFile is a Go file that is no test.
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
	a := &architecture{may: map[string][]string{}, homes: map[string][]home{}}
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
		var homes []home
		for part := range strings.SplitSeq(cell, ", ") {
			name, below := strings.CutSuffix(part, " and below")
			m := quoted.FindStringSubmatch(name)
			if m == nil || m[0] != name {
				return fmt.Errorf("%s:%d: a home is a folder in backquotes, or one \"and below\", not %s",
					architectureFile, line, part)
			}
			homes = append(homes, home{path.Clean(m[1]), below})
		}
		for _, name := range names {
			if _, twice := a.homes[name]; twice {
				return fmt.Errorf("%s:%d: a second row for %s", architectureFile, line, name)
			}
			a.homes[name] = homes
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
				return fmt.Errorf("%s:%d: the row names no %s in backquotes", architectureFile, i+1, key)
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
func (a *architecture) problems(files []goFile, modules []string) (list []string) {
	report := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	imported := map[string][]string{} // by each package, of this module
	usedAt := map[string][]string{}   // the packages that import each library
	for _, f := range files {
		dir := path.Dir(f.path)
		if imported[dir] == nil {
			imported[dir] = []string{}
		}
		for _, name := range f.imports {
			if local, ok := strings.CutPrefix(name, modulePrefix); ok {
				imported[dir] = append(imported[dir], local)
				may, ruled := a.may[dir]
				if isRig(local) && !isRig(dir) {
					report("%s imports %s, which serves tests only: production code may not", f.path, name)
				} else if ruled && !slices.Contains(may, local) {
					report("%s imports %s: the row `%s/` of %s doesn't allow it: "+
						"take the import out, or add `%s` to its cell \"may import\"",
						f.path, name, dir, architectureFile, local)
				}
				continue
			}
			if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
				continue // the standard library
			}
			module := ""
			for _, m := range modules {
				if within(name, m) && len(m) > len(module) {
					module = m
				}
			}
			homes, ruled := a.homes[module]
			usedAt[module] = append(usedAt[module], dir)
			switch {
			case module == "":
				report("%s imports %s, of no module that go.mod requires directly", f.path, name)
			case ruled && !slices.ContainsFunc(homes, func(h home) bool { return h.holds(dir) }):
				report("%s imports %s: the row `%s` of %s has it at home in %v: "+
					"move the code there, or change the cell \"home\"",
					f.path, name, module, architectureFile, homes)
			}
		}
	}
	for _, dir := range sorted(imported) {
		if _, ok := a.may[dir]; !ok {
			report("%s/ is a package without a row in %s: add one, with the cell \"may import\": %s",
				dir, architectureFile, cell(imported[dir]))
		}
	}
	for _, dir := range sorted(a.may) {
		if _, ok := imported[dir]; !ok {
			report("the row `%s/` of %s is of no package: take it out, or give it the folder's new name",
				dir, architectureFile)
			continue
		}
		for _, name := range a.may[dir] {
			if !slices.Contains(imported[dir], name) {
				report("the row `%s/` of %s allows `%s`, which no file there imports: "+
					"the cell \"may import\" would be: %s",
					dir, architectureFile, name, cell(imported[dir]))
			}
		}
	}
	for _, module := range modules {
		if _, ok := a.homes[module]; !ok {
			report("go.mod requires %s, which has no row in %s: add one, with its home", module, architectureFile)
		}
	}
	for _, module := range sorted(a.homes) {
		if !slices.Contains(modules, module) {
			report("the row `%s` of %s is of no module that go.mod requires directly: take it out",
				module, architectureFile)
			continue
		}
		for _, h := range a.homes[module] {
			if !slices.ContainsFunc(usedAt[module], h.holds) {
				report("the row `%s` of %s has it at home in %v, where nothing imports it: "+
					"change the cell \"home\"; the packages that do: %s",
					module, architectureFile, h, cell(usedAt[module]))
			}
		}
	}
	return list
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

// goSources reads the imports of the module's Go files, for all systems and without tests.
func goSources(t *testing.T) (files []goFile) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && strings.ContainsAny(d.Name()[:1], "._") || d.Name() == "testdata" {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := goFile{path: filepath.ToSlash(name)}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, imported)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
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

// The architecture of the tests below.
const smallArchitecture = `
| package | purpose | may import |
| --- | --- | --- |
| ` + "`./`" + ` | the front page | nothing |
| ` + "`core/`" + ` | | nothing |
| ` + "`rim/`" + ` | | ` + "`core`" + ` |
| ` + "`rim/room/`" + ` | | ` + "`core`, `rim`" + ` |
| ` + "`rim/rig/`, `rim/rimtest/`" + ` | | ` + "`core`" + ` |

Text between the tables.

| library | home | reason |
| --- | --- | --- |
| ` + "`example.org/wire`" + ` | ` + "`core`" + ` | |
| ` + "`example.org/net`, `example.org/net/v2`" + ` | ` + "`rim`" + ` and below | |
`

// smallSources returns files that keep to smallArchitecture.
func smallSources() []goFile {
	return []goFile{
		{"doc.go", nil},
		{"core/a.go", []string{"fmt", "example.org/wire"}},
		{"rim/a.go", []string{"net/netip", "crier/core", "example.org/net/ipv4"}},
		{"rim/room/a.go", []string{"crier/core", "crier/rim", "example.org/net/v2"}},
		{"rim/rig/a.go", []string{"crier/core"}},
		{"rim/rimtest/a.go", []string{"crier/core"}},
	}
}

const smallMod = `module crier

require example.org/wire v1.0.0

require (
	// A comment.
	example.org/net v1.2.3
	example.org/net/v2 v2.0.0
)

require (
	example.org/other v1.0.0 // indirect
)
`

// TestArchitectureFindsViolations gives the rules what they are there to find.
func TestArchitectureFindsViolations(t *testing.T) {
	const row = "| `core/` | | nothing |"
	for _, test := range []struct {
		name string
		// old is replaced by new in the architecture.
		old, new string
		// file is added to the source.
		file goFile
		mod  string
		want string
	}{
		{name: "no violation"},
		{
			name: "an import that its row doesn't allow",
			file: goFile{"core/b.go", []string{"crier/rim"}},
			want: "core/b.go imports crier/rim: the row `core/`",
		},
		{
			name: "an import of a rig",
			file: goFile{"rim/b.go", []string{"crier/rim/rig"}},
			want: "rim/b.go imports crier/rim/rig, which serves tests only",
		},
		{
			name: "an import of a rig that the row allows",
			old:  row, new: "| `core/` | | `rim/rimtest` |",
			file: goFile{"core/b.go", []string{"crier/rim/rimtest"}},
			want: "core/b.go imports crier/rim/rimtest, which serves tests only",
		},
		{
			name: "a package without a row",
			file: goFile{"rim/hall/a.go", []string{"crier/rim", "crier/core"}},
			want: "rim/hall/ is a package without a row in docs/ARCHITECTURE.md: " +
				"add one, with the cell \"may import\": `core`, `rim`",
		},
		{
			name: "a row without a package",
			old:  row, new: row + "\n| `gone/` | | nothing |",
			want: "the row `gone/` of docs/ARCHITECTURE.md is of no package",
		},
		{
			name: "a permission that is not used",
			old:  row, new: "| `core/` | | `rim` |",
			want: "the row `core/` of docs/ARCHITECTURE.md allows `rim`, which no file there imports: " +
				"the cell \"may import\" would be: nothing",
		},
		{
			name: "a library outside its home",
			file: goFile{"rim/b.go", []string{"example.org/wire/code"}},
			want: "rim/b.go imports example.org/wire/code: the row `example.org/wire` of " +
				"docs/ARCHITECTURE.md has it at home in [`core`]",
		},
		{
			name: "a library below a home that is one folder",
			file: goFile{"core/room/b.go", []string{"example.org/wire"}},
			old:  row, new: row + "\n| `core/room/` | | nothing |",
			want: "core/room/b.go imports example.org/wire",
		},
		{
			name: "a library in a folder whose name begins like its home's",
			file: goFile{"rimless/b.go", []string{"example.org/net"}},
			old:  row, new: row + "\n| `rimless/` | | nothing |",
			want: "rimless/b.go imports example.org/net",
		},
		{
			name: "a library that go.mod doesn't require directly",
			file: goFile{"core/b.go", []string{"example.org/other"}},
			want: "core/b.go imports example.org/other, of no module",
		},
		{
			name: "a requirement without a row",
			mod:  "require example.org/more v1.0.0\n",
			want: "go.mod requires example.org/more, which has no row",
		},
		{
			name: "a row of a library that isn't required",
			old:  "| `example.org/wire` |", new: "| `example.org/wire`, `example.org/old` |",
			want: "the row `example.org/old` of docs/ARCHITECTURE.md is of no module",
		},
		{
			name: "a home that doesn't import the library",
			old:  "`rim` and below", new: "`rim` and below, `core`",
			want: "has it at home in `core`, where nothing imports it",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules, err := parseArchitecture(strings.Replace(smallArchitecture, test.old, test.new, 1))
			if err != nil {
				t.Fatal(err)
			}
			files := smallSources()
			if test.file.path != "" {
				files = append(files, test.file)
			}
			problems := rules.problems(files, directModules(smallMod+test.mod))
			if test.want == "" && len(problems) == 0 {
				return
			}
			if test.want == "" || !strings.Contains(strings.Join(problems, "\n"), test.want) {
				t.Errorf("got %q, want %q", problems, test.want)
			}
		})
	}
}

// TestArchitectureRefusesTables gives the parser tables that it can't hold anything to.
func TestArchitectureRefusesTables(t *testing.T) {
	for want, change := range map[string][2]string{
		"no table with the columns \"package\" and \"may import\"": {"| may import |", "| imports |"},
		"no table with the columns \"library\" and \"home\"":       {"| home |", "| place |"},
		"a second row for core":                                    {"`rim/`", "`core/`"},
		"a second row for example.org/":                            {"`example.org/wire`", "`example.org/net`"},
		"the row names no package":                                 {"`core/`", "core"},
		"a home is a folder":                                       {"| `core` | |", "| core | |"},
		"the row has no cell":                                      {"| `core/` | | nothing |", "| `core/` |"},
	} {
		_, err := parseArchitecture(strings.Replace(smallArchitecture, change[0], change[1], 1))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q for %q: got %v, want %q", change[1], change[0], err, want)
		}
	}
}
