package subscriber_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"

	"crier/subscriber"
)

// Event and the groups of fields are types of other packages. Their comments list each field
// with its type, so that go doc shows them in this package.
func TestFieldsAreListed(t *testing.T) {
	for _, c := range []struct {
		file, name string
		of         reflect.Type
	}{
		{"event.go", "Event", reflect.TypeFor[subscriber.Event]()},
		{"groups.go", "Recovery", reflect.TypeFor[subscriber.Recovery]()},
		{"groups.go", "Memory", reflect.TypeFor[subscriber.Memory]()},
		{"link.go", "Link", reflect.TypeFor[subscriber.Link]()},
		{"../publisher/link.go", "Link", reflect.TypeFor[subscriber.Link]()},
	} {
		f, err := parser.ParseFile(token.NewFileSet(), c.file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if ok && g.Tok == token.TYPE && g.Specs[0].(*ast.TypeSpec).Name.Name == c.name {
				text = g.Doc.Text()
			}
		}
		for i := range c.of.NumField() {
			field := c.of.Field(i)
			kind := strings.NewReplacer("reliable.EventKind", "Kind", "reliable.", "",
				"nack.", "", "multicast.Wait", "Wait", "[]uint8",
				"[]byte").Replace(field.Type.String())
			name := field.Name
			if name == "ReadBuffer" { // listed with WriteBuffer, which has the same type
				name, kind = "ReadBuffer, WriteBuffer", "int"
			}
			if !strings.Contains(text, fmt.Sprintf("%s %s", name, kind)) {
				t.Errorf("%s: the comment of %s doesn't list %s %s", c.file, c.name, name, kind)
			}
		}
	}
}
