package journal

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"crier/nack"
	"crier/reliable"
)

const document = "../../docs/LOG.md"

// The segment in the document is what the package writes, and reads.
func TestDocument(t *testing.T) {
	source, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(source), "```segment ")
	body, _, closed := strings.Cut(rest, "```")
	name, body, named := strings.Cut(body, "\n")
	if !ok || !closed || !named {
		t.Fatalf("%s has no segment", document)
	}
	var digits strings.Builder
	for line := range strings.Lines(body) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	want, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	d := newMemDir()
	l, _ := mustOpen(t, d, Config{})
	const wall = 1785000000000000000
	r := l.Do(&Job{Key: Key{Session: 0x8f2a01c44be07d15}, Title: &reliable.Title{Publisher: "feed"},
		Records: []Record{{Frames: nack.Range{From: 5, To: 7}, Offset: 50, EndOffset: 53,
			Data: []byte("firstsecond"), Sizes: []int32{5, 6}, First: wall, Last: wall + 250000}},
	}, wall+300000)
	if r.Err != nil || len(d.files) != 1 || d.files[name] == nil {
		t.Fatalf("%v, %v, want %s", r.Err, d.names(), name)
	}
	if got := d.files[name].data; !bytes.Equal(got, want) {
		t.Errorf("%s is\n%swant\n%s", name, hex.Dump(got), hex.Dump(want))
	}
}
