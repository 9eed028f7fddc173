package crier_test

import (
	"strings"
	"testing"
)

// These tests hold the rules of TestArchitecture to their purpose, with a small architecture.

// smallArchitecture is a document with both tables.
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

// smallMod is the go.mod that belongs to smallArchitecture.
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
			want: "the row `core/` of docs/ARCHITECTURE.md allows `rim`, " +
				"which no file there imports: the cell \"may import\" would be: nothing",
		},
		{
			name: "a library outside its home",
			file: goFile{"rim/b.go", []string{"example.org/wire/code"}},
			want: "rim/b.go imports example.org/wire/code: the row `example.org/wire` of " +
				"docs/ARCHITECTURE.md has it at home in `core`",
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
			old:  "`rim` and below", new: "`rim/rig`",
			want: "has it at home in `rim/rig`, where nothing imports it: " +
				"change the cell \"home\"; the packages that do: `rim`",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			tables := strings.Replace(smallArchitecture, test.old, test.new, 1)
			rules, err := parseArchitecture(tables)
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
	for _, test := range []struct{ old, new, want string }{
		{"| may import |", "| imports |", `no table with the columns "package" and "may import"`},
		{"| home |", "| place |", `no table with the columns "library" and "home"`},
		{"`rim/`", "`core/`", "a second row for core"},
		{"`example.org/wire`", "`example.org/net`", "a second row for example.org/net"},
		{"`core/`", "core", "the row names no package"},
		{"| `core` | |", "| core | |", "a home is one folder"},
		{"| `core` | |", "| `core`, `rim` | |", "a home is one folder"},
		{"| `core/` | | nothing |", "| `core/` |", "the row has no cell"},
	} {
		_, err := parseArchitecture(strings.Replace(smallArchitecture, test.old, test.new, 1))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q for %q: got %v, want %q", test.new, test.old, err, test.want)
		}
	}
}
