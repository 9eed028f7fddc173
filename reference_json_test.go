package crier_test

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const jsonReference = "docs/reference/json.md"

// jsonRoots are the objects that commands write, each with the folder and the name of its type.
var jsonRoots = []struct{ title, about, dir, name string }{
	{"crier sub --format json", "A line for each event.", "cmd/crier/events", "Line"},
	{"crier sub --summary", "One object, at the end.", "cmd/crier/sub", "Summary"},
	{"crier pub --summary", "One object, at the end.", "cmd/crier/pub", "Summary"},
	{"crier ls --json", "One object. What it says was announced, and isn't proven.",
		"cmd/crier/ls", "Listing"},
	{"crier ls --watch --json", "An object for each change, the publishers that are there at first " +
		"included.", "cmd/crier/ls", "Change"},
	{"crier team --json", "One object; with --watch, one each second. With --forget it is what was " +
		"forgotten. It is the publishers' word.", "cmd/crier/team", "Listing"},
	{"crier record --summary", "One object, at the end.", "cmd/crier/record", "Summary"},
	{"crier demo --json", "One object.", "cmd/crier/demo", "report"},
	{"crier demo overload --json", "A list of objects, one for each answer.", "cmd/crier/demo",
		"overloadResult"},
	{"crier demo crash --json", "One object.", "cmd/crier/demo/crash", "report"},
	{"crier demo team --json", "One object.", "cmd/crier/demo/team", "report"},
	{"crier sim run --json", "One object. It is a function of the scenario and the seed.",
		"cmd/crier/sim", "Result"},
	{"crier sim sweep --json", "One object.", "cmd/crier/sim", "sweep"},
	{"crier doctor --json", "One object.", "cmd/crier/doctor", "report"},
	{"crier log ls --json", "One object.", "cmd/crier/logs", "Listing"},
	{"crier log info --json", "One object.", "cmd/crier/logs", "Info"},
	{"crier log verify --json", "One object.", "cmd/crier/logs", "Verdict"},
	{"crier log cut --json", "One object.", "cmd/crier/logs", "Removal"},
	{"crier bench --json", "An object a cell, each on a line of its own.",
		"cmd/crier/bench/report", "Cell"},
}

const jsonHead = `# JSON

The objects that commands write as JSON, key by key. Keys that end in "_ns" are times in
nanoseconds, in "_bytes" sizes in bytes. "absent at 0" means that the key is left out where the
value is 0, empty or null; where a key "may be absent", a 0 is written. A key that isn't listed may
be added; none changes its meaning without a line in the changelog.

The keys and types come from the source. The last column is written by hand:
"go test . -run JSONReference -update" keeps it, takes the source's comment for a new key, and
drops keys that are gone.
`

// TestJSONReference holds docs/reference/json.md to the types that commands write.
func TestJSONReference(t *testing.T) {
	r := &jsonWriter{t: t, source: map[string]map[string]*ast.TypeSpec{},
		imports: map[*ast.TypeSpec][]*ast.ImportSpec{}, text: map[string]bool{},
		known: knownMeanings(t), written: map[string]bool{}}
	r.out.WriteString(strings.ReplaceAll(jsonHead, `"`, "`"))
	for _, root := range jsonRoots {
		fmt.Fprintf(&r.out, "\n## %s\n\n%s\n", root.title, root.about)
		r.written[jsonType{root.dir, root.name}.title()] = true
		r.object(root.title, root.dir, root.name)
		for len(r.later) > 0 {
			next := r.later[0]
			r.later = r.later[1:]
			fmt.Fprintf(&r.out, "\n### %s\n", next.title())
			r.object(next.title(), next.dir, next.name)
		}
	}
	r.decoded()
	held(t, jsonReference, r.out.String())
	r.missed()
}

// notWritten are the folders, and the types in others, whose JSON no command prints: it passes
// between processes or hosts, or is read from elsewhere. Those of crier decode are told apart.
var notWritten = []string{"cmd/crier/bench/job", "cmd/crier/doctor/echo", "cmd/crier/host/firewall",
	"cmd/crier/hist.wire", "cmd/crier/bench/report.Overloaded", "cmd/crier/decode"}

// missed reports the types below cmd/crier with keys of JSON that have no section.
func (r *jsonWriter) missed() {
	dirs := map[string]bool{}
	walkGo(r.t, func(name string) {
		if dir := path.Dir(name); within(dir, "cmd/crier") {
			dirs[dir] = true
		}
	})
	for dir := range dirs {
		r.typeOf(dir, "")
		for name, spec := range r.source[dir] {
			j := jsonType{dir, name}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok || r.written[j.title()] || slices.Contains(notWritten, dir) ||
				slices.Contains(notWritten, dir+"."+name) {
				continue
			}
			for _, f := range fields.Fields.List {
				if f.Tag != nil && strings.Contains(f.Tag.Value, `json:"`) {
					r.t.Errorf("the JSON of %s.%s is not in %s: add the type to jsonRoots, or to "+
						"notWritten", dir, name, jsonReference)
					break
				}
			}
		}
	}
}

// decodedAs are the values of the keys of crier decode that aren't numbers.
var decodedAs = map[string]string{
	"at": "text", "from": "text", "to": "text", "state": "text", "kind": "text",
	"flags": "list of text", "session": "text", "tag": "text", "chunks": "list of objects",
	"responder": "text", "request": "text", "subscriber": "text", "control": "text",
	"base": "text", "controls": "list of texts", "further": "list of objects", "host": "text",
	"rate": "object", "name": "text", "properties": "text", "missing": "list of objects",
	"coming": "list of objects", "gone": "list of objects", "datagram": "object",
	"what": "text", "role": "text", "part": "object", "proposal": "text", "holder": "text",
	"topic": "text",
	"key":   "text", "prev": "object", "replay": "text", "absent": "list of objects",
	"teams": "true, or absent", "announced": "list of objects", "team": "text", "share": "text",
	"oldest": "true, or absent", "forget": "true, or absent", "finished": "true, or absent",
	"claims":  "list of objects",
	"refused": "text", "passed": "list of objects", "grants": "list of objects",
	"team_members": "list of objects", "rows": "list of objects",
}

// decoded writes the keys of frames, which crier decode adds one by one.
func (r *jsonWriter) decoded() {
	const section = "crier decode --json"
	fmt.Fprintf(&r.out, "\n## %s\n\nAn object a datagram, each on a line of its own, with the "+
		"fields that its kind has.\n\n| key | value | meaning |\n| --- | --- | --- |\n", section)
	var text []byte
	for _, name := range []string{"json.go", "jsonteam.go"} {
		source, err := os.ReadFile(filepath.Join("cmd", "crier", "decode", name))
		if err != nil {
			r.t.Fatal(err)
		}
		text = append(text, source...)
	}
	done := map[string]bool{}
	adds := regexp.MustCompile(`(?:\.add\(|numberJSON\(o, )"(\w+)"`)
	for _, m := range adds.FindAllStringSubmatch(string(text), -1) {
		key, kind := m[1], "number"
		if done[key] {
			continue
		}
		done[key] = true
		if word, ok := decodedAs[key]; ok {
			kind = word
		}
		for suffix, unit := range jsonUnits {
			if strings.HasSuffix(key, suffix) {
				kind += ", " + unit
			}
		}
		meaning := r.known[section+"/"+key]
		if meaning == "" {
			r.t.Errorf("%s: the key %s has no meaning: run this test with -update, and tell it in "+
				"the last column of %s", section, key, jsonReference)
		}
		fmt.Fprintf(&r.out, "| `%s` | %s | %s |\n", key, kind, meaning)
	}
}

// A jsonType is a struct type by its folder and name.
type jsonType struct{ dir, name string }

func (j jsonType) title() string { return filepath.Base(j.dir) + "." + j.name }

// A jsonWriter writes the reference of types, which it reads from the source.
type jsonWriter struct {
	t   *testing.T
	out strings.Builder
	// source holds the types of a folder by name, imports those of a type's file, and text the
	// types that are written as text, as DIR.NAME.
	source  map[string]map[string]*ast.TypeSpec
	imports map[*ast.TypeSpec][]*ast.ImportSpec
	text    map[string]bool
	// known holds the meanings of keys in the document, by section and key.
	known map[string]string
	// later lists the types that were mentioned and have no section yet, written those that have.
	later   []jsonType
	written map[string]bool
}

// knownMeanings reads the last column of the tables of the document.
func knownMeanings(t *testing.T) map[string]string {
	t.Helper()
	known := map[string]string{}
	text, err := os.ReadFile(jsonReference)
	if os.IsNotExist(err) {
		return known
	}
	if err != nil {
		t.Fatal(err)
	}
	section := ""
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && line[0] == '#' {
			section = strings.TrimSpace(title)
		}
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) == 3 && strings.HasPrefix(cells[0], "| `") {
			key := strings.Trim(cells[0], "| `")
			known[section+"/"+key] = strings.TrimSuffix(cells[2], " |")
		}
	}
	return known
}

// object writes the table of a type.
func (r *jsonWriter) object(section, dir, name string) {
	r.out.WriteString("\n| key | value | meaning |\n| --- | --- | --- |\n")
	r.rows(section, dir, name)
}

// rows writes a row for each field of a type, and of those that it embeds.
func (r *jsonWriter) rows(section, dir, name string) {
	spec := r.typeOf(dir, name)
	if spec == nil {
		r.t.Fatalf("%s has no type %s", dir, name)
	}
	if alias, ok := spec.Type.(*ast.Ident); ok {
		r.rows(section, dir, alias.Name)
		return
	}
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		r.t.Fatalf("%s.%s is no struct", dir, name)
	}
	r.written[jsonType{dir, name}.title()] = true
	for _, f := range fields.Fields.List {
		tag := ""
		if f.Tag != nil {
			text, _ := strconv.Unquote(f.Tag.Value)
			tag = reflect.StructTag(text).Get("json")
		}
		key, options, _ := strings.Cut(tag, ",")
		kind := exprText(f.Type)
		switch {
		case kind == "counts.Values" && key == "-":
			key, kind = "...", "numbers"
		case kind == "counts.Values":
			kind = "object: number by name"
		case f.Tag == nil && len(f.Names) == 0 && ast.IsExported(kind):
			key, kind = "...", r.kind(spec, dir, f.Type) // a section of its own
		case f.Tag == nil && len(f.Names) == 0:
			at, embedded := r.named(spec, dir, f.Type)
			r.rows(section, at, embedded)
			continue
		case key == "-" || key == "":
			continue
		default:
			kind = r.kind(spec, dir, f.Type)
		}
		for suffix, unit := range jsonUnits {
			if strings.HasSuffix(key, suffix) && strings.HasPrefix(kind, "number") {
				kind += ", " + unit
			}
		}
		if strings.Contains(options, "omitempty") {
			absent := "; absent at 0"
			if _, ok := f.Type.(*ast.StarExpr); ok {
				absent = "; may be absent" // encoding/json writes the 0 behind a pointer
			}
			kind = strings.Replace(kind, " or null", "", 1) + absent
		}
		meaning := r.known[section+"/"+key]
		if meaning == "" {
			meaning = fieldComment(f)
		}
		if meaning == "" {
			meaning = jsonMeanings[key]
		}
		if meaning == "" {
			r.t.Errorf("%s: the key %s has no meaning: comment the field in %s, run this test "+
				"with -update, and look at %s", section, key, dir, jsonReference)
		}
		fmt.Fprintf(&r.out, "| `%s` | %s | %s |\n", key, kind, meaning)
	}
}

var jsonUnits = map[string]string{"_ns": "ns", "_bytes": "bytes", "_ns_per_message": "ns",
	"_bits_per_second": "bit/s", "_bytes_per_message": "bytes"}

// jsonMeanings are the meanings of keys that stand in many objects.
var jsonMeanings = map[string]string{
	"session": "id of the session, 16 hex digits", "name": "the name, as given with --name",
	"source":       "address and port of the publisher",
	"offset":       "offset of the message, from 0 in each session",
	"first_offset": "offset of the first message that counts",
	"next_offset":  "offset after the last message that is known to exist",
	"delivered":    "messages delivered", "delivered_bytes": "bytes of the messages delivered",
	"recovered": "messages delivered of which a part came as a repair",
	"lost":      "messages reported lost", "losses": "the loss reports, in order",
	"from": "first offset", "to": "offset after the last",
	"cause":  "cause of the loss: see [causes](causes.md)",
	"causes": "messages lost, by [cause](causes.md)",
	"end":    "`bye`, `silent` or `open`", "p50": "median", "p90": "90th percentile",
	"p95": "95th percentile", "p99": "99th percentile", "p999": "99.9th percentile",
	"p9999": "99.99th percentile", "max": "the greatest", "count": "number of values",
	"nacks_sent": "NACKs sent", "nacks_received": "NACKs received", "nacks": "NACKs received",
	"frames_sent": "DATA frames sent for the first time", "frame_bytes": "bytes of these frames",
	"repairs_sent": "frames repeated", "repairs": "frames repeated",
	"repair_bytes": "bytes of the frames repeated", "repairs_received": "repairs received",
	"statuses_received": "STATUS frames received",
	"duplicates":        "frames that were here already",
	"latency_ns":        "from acceptance by the publisher to delivery",
	"recovery_ns":       "from the detection of a gap to its repair",
	"latency_max_ns":    "the longest latency", "recovery_max_ns": "the longest recovery",
	"seed":   "seed of all that is random",
	"median": "median of the runs", "min": "the least of the runs",
}

// fieldComment returns the words of a field's comment, without a leading name and verb.
func fieldComment(f *ast.Field) string {
	text := f.Comment.Text()
	if text == "" {
		text = f.Doc.Text()
	}
	text = strings.Join(strings.Fields(text), " ")
	for _, name := range f.Names {
		text = regexp.MustCompile("^"+name.Name+" (is|are|counts|tells|holds|has|lists) ").
			ReplaceAllString(text, "")
	}
	return strings.ReplaceAll(strings.TrimSuffix(text, "."), "|", "or")
}
