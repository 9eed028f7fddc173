package topic

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const document = "../../docs/PROTOCOL.md"

// rows returns the cells of the table of the document whose head begins with the given cell.
func rows(t *testing.T, head string) (rows [][]string) {
	t.Helper()
	source, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(source)) {
		switch {
		case strings.HasPrefix(line, "| "+head+" |"):
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(line, "| ---"):
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for i, c := range cells {
				cells[i] = strings.Trim(strings.TrimSpace(c), "`")
			}
			rows = append(rows, cells)
		}
	}
	if len(rows) < 4 {
		t.Fatalf("%s has %d rows under %q", document, len(rows), head)
	}
	return rows
}

// TestDocumentKeys holds the hashes and partitions that other implementations compare with.
func TestDocumentKeys(t *testing.T) {
	for _, row := range rows(t, "key, in hex") {
		var key []byte
		if row[0] != "" {
			if _, err := fmt.Sscanf(row[0], "%x", &key); err != nil {
				t.Fatalf("%q: %v", row[0], err)
			}
		}
		got := []string{row[0], row[1], fmt.Sprintf("%016x", Hash(key))}
		for _, p := range [...]int{3, 16, 256} {
			got = append(got, fmt.Sprint(Partition(key, p)))
		}
		if strings.Join(got, "|") != strings.Join(row, "|") {
			t.Errorf("%s:\n got %q\nwant %q", document, got, row)
		}
	}
}

// TestDocumentGroups holds the groups by name.
func TestDocumentGroups(t *testing.T) {
	for _, row := range rows(t, "name of the topic") {
		all := Layout{Partitions: 256, Groups: 256}.All(row[0])
		got := []string{row[0], fmt.Sprintf("%016x", hash(row[0]))}
		for _, i := range [...]int{0, 1, 2, 16, 256} {
			got = append(got, all[i].Addr().String())
		}
		if strings.Join(got, "|") != strings.Join(row, "|") {
			t.Errorf("%s:\n got %q\nwant %q", document, got, row)
		}
	}
}
