package frame

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

const document = "../../docs/PROTOCOL.md"

// example is a block of docs/PROTOCOL.md: the bytes and the text of a frame.
type example struct {
	line   int
	packet []byte
	text   string
}

func examples(t *testing.T) (list []example) {
	t.Helper()
	source, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var hex strings.Builder
	inside, text := false, ""
	for i, line := range strings.Split(string(source), "\n") {
		switch {
		case line == "```frame":
			inside, text = true, ""
			hex.Reset()
			list = append(list, example{line: i + 1})
		case line == "```" && inside:
			inside = false
			e := &list[len(list)-1]
			e.packet, e.text = unhex(t, hex.String()), text
		case inside && strings.HasPrefix(line, "= "):
			text = line[2:]
		case inside:
			bytes, _, _ := strings.Cut(line, "#")
			hex.WriteString(bytes)
		}
	}
	return list
}

// The package reads, prints and writes every frame in the document.
func TestDocument(t *testing.T) {
	seen := map[Kind]bool{}
	for _, e := range examples(t) {
		f := decode(t, e.packet)
		seen[f.Kind] = true
		if got := f.String(); got != e.text {
			t.Errorf("%s:%d:\n got %s\nwant %s", document, e.line, got, e.text)
		}
		if again := encode(f); !bytes.Equal(again, e.packet) {
			t.Errorf("%s:%d: encoded anew:\n got %x\nwant %x", document, e.line, again, e.packet)
		}
		if f.Kind == Data {
			if again := rebuild(f); !bytes.Equal(again, e.packet) {
				t.Errorf("%s:%d: built anew:\n got %x\nwant %x", document, e.line, again, e.packet)
			}
		}
		if f.Kind == Repair {
			if inner := decode(t, f.Inner); inner.Kind != Data || inner.Session != f.Session {
				t.Errorf("%s:%d: the REPAIR contains %v", document, e.line, inner)
			}
		}
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("%s has no %v", document, k)
		}
	}
}

// rebuild builds a frame from its messages. It invents the rest of an unfinished message.
func rebuild(f *Frame) []byte {
	b := Builder{Always: f.Flags & Replay}
	b.Open(make([]byte, 0, len(f.Raw)), f.Session, f.Channel, f.Seq, f.Offset, f.Time)
	for i, c := range f.Chunks {
		unfinished := i == len(f.Chunks)-1 && f.Flags&Unfinished != 0
		switch {
		case c.Skip > 0:
			b.Skip(c.Skip)
		case i == 0 && f.Flags&Continues != 0:
			rest := c.Data
			if unfinished {
				rest = append(bytes.Clone(rest), make([]byte, 2*len(f.Raw))...)
			}
			b.Continue(rest)
		case unfinished:
			rest := make([]byte, int(c.Total)-len(c.Data))
			b.StartWith(c.Properties, append(bytes.Clone(c.Data), rest...))
		default:
			b.AddWith(c.Properties, c.Data)
		}
	}
	return b.Seal(f.Flags&Unfinished != 0)
}
