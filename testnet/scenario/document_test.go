package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// docs/SIMULATION.md names each key and each action, and its example is one.
func TestDocument(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "SIMULATION.md"))
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	section := func(title string) string {
		_, rest, ok := strings.Cut(doc, "\n### "+title+"\n")
		if !ok {
			t.Fatalf("there is no section %q", title)
		}
		rest, _, _ = strings.Cut(rest, "\n### ")
		return rest
	}
	for title, part := range map[string]reflect.Type{
		"The scenario": reflect.TypeFor[Scenario](), "A publisher": reflect.TypeFor[Publisher](),
		"A segment": reflect.TypeFor[Segment](), "A group of subscribers": reflect.TypeFor[Group](),
		"A recorder": reflect.TypeFor[Recorder](), "An announcer": reflect.TypeFor[Announcer](),
		"A lister": reflect.TypeFor[Lister](),
		"A link":   reflect.TypeFor[Link](), "An event": reflect.TypeFor[Event](),
	} {
		text := section(title)
		known := map[string]bool{}
		for _, key := range Keys(part) {
			known[key] = true
			if !strings.Contains(text, "`"+key+"`") {
				t.Errorf("%s: the key %s is missing", title, key)
			}
		}
		for line := range strings.Lines(text) {
			cell, ok := strings.CutPrefix(line, "| `")
			if !ok {
				continue
			}
			cell, _, _ = strings.Cut(cell, " |")
			for key := range strings.SplitSeq(strings.ReplaceAll(cell, "`", ""), ", ") {
				if !known[key] && !strings.Contains(line, "publisher") &&
					!strings.Contains(line, "subscriber") && !strings.Contains(line, "recorder") {
					t.Errorf("%s: there is no key %s", title, key)
				}
			}
		}
	}
	events := section("An event")
	for _, a := range Actions {
		to := strings.ReplaceAll(a.To, " ", ", ")
		if row := "| `" + a.Name + "` | " + to + " | " + a.Does +
			" |"; !strings.Contains(events, row) {
			t.Errorf("there is no row %s", row)
		}
	}
	_, example, _ := strings.Cut(doc, "```yaml mine.yaml\n")
	example, _, _ = strings.Cut(example, "```")
	play(t, parse(t, example), Options{})
}
