package table

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crier/cmd/crier/cli"
)

// figures is a table of one key, and two groups of two columns.
func figures(rows int) *Table {
	t := &Table{Columns: []Column{
		{Head: "group", Key: true}, {Head: "lost"},
		{Group: "latency", Head: "p50"}, {Group: "latency", Head: "p99"},
		{Group: "recovery", Head: "p50"}, {Group: "recovery", Head: "p99"},
	}}
	for _, name := range []string{"near", "far away", "none"}[:rows] {
		t.Add(name, Toned(cli.Bad, 3, "3"), "60.2 µs", "112 µs", "-", "2 ms")
	}
	return t
}

// A table has a line a row where that fits, without the columns that say nothing.
func TestTableThatFits(t *testing.T) {
	want := `
                      latency      recovery
  group     lost      p50     p99  p99
  near         3  60.2 µs  112 µs      2 ms
  far away     3  60.2 µs  112 µs      2 ms
`
	want = strings.ReplaceAll(want, "  p99\n", "       p99\n")
	if got := "\n" + figures(2).Text(cli.Sheet{Width: 80}); got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
}

// One that doesn't fit has several blocks, which don't tear groups apart where they needn't.
func TestTableInBlocks(t *testing.T) {
	tab := figures(2)
	tab.Columns[4].Head, tab.Columns[4].Group = "all", ""
	tab.Rows[0][4].Text = "7"
	want := `
  group     lost
  near         3
  far away     3

                latency
  group         p50     p99
  near      60.2 µs  112 µs
  far away  60.2 µs  112 µs

                 recovery
  group     all       p99
  near        7      2 ms
  far away    -      2 ms
`
	got := tab.Text(cli.Sheet{Width: 28})
	if "\n"+got != want {
		t.Errorf("%s\nwant%s", got, want)
	}
	fits(t, got, 28)
}

// Keys that all rows share stand once.
func TestTableOfWhatIsCommon(t *testing.T) {
	tab := &Table{Columns: []Column{{Key: true}, {Head: "size", Key: true},
		{Head: "a long head of a column"}, {Head: "another long head of a column"}}}
	tab.Add("one", "64 B", "1", "2")
	tab.Add("two", "64 B", "3", "4")
	got := tab.Text(cli.Sheet{Width: 62})
	if !strings.HasPrefix(got, "  in all rows: size 64 B\n\n") || strings.Count(got, "\n\n") != 1 {
		t.Error(got)
	}
	fits(t, got, 62)
}

// Where the names of rows take all the room, they stand above the figures, in each block
// that has any.
func TestTableOfLongNames(t *testing.T) {
	tab := &Table{Columns: []Column{{Key: true}, {Head: "rate", Key: true},
		{Group: "latency", Head: "p50"}, {Group: "latency", Head: "p99"},
		{Head: "repairs in all", Breaks: true}}}
	tab.Add("beside one that crawls, and drops", "10 k/s", "60.2 µs", "112 µs", "-")
	tab.Add("alone", "20 k/s", "60.3 µs", "113 µs", "7")
	tab.Add("alone", "20 k/s", "60.4 µs", "114 µs", "-")
	want := `        latency
        p50     p99
  beside one that crawls, and drops,
    rate 10 k/s
    60.2 µs  112 µs
  alone, rate 20 k/s
    60.3 µs  113 µs
    60.4 µs  114 µs

    repairs in all
  alone, rate 20 k/s
                 7
`
	if got := tab.Text(cli.Sheet{Width: 40}); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// The name of a single row stands above its figures, if both don't fit side by side.
func TestTableOfOneRow(t *testing.T) {
	tab := &Table{Columns: []Column{{Key: true}, {Head: "rate", Key: true},
		{Group: "latency", Head: "p50"}, {Group: "latency", Head: "p99"}}}
	tab.Add("beside one that crawls, and drops", "10 k/s", "60.2 µs", "112 µs")
	want := `  beside one that crawls, and drops,
    rate 10 k/s

      latency
      p50     p99
  60.2 µs  112 µs
`
	if got := tab.Text(cli.Sheet{Width: 40}); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// A map's cells show how much they stand out.
func TestTableOfShades(t *testing.T) {
	tab := &Table{Columns: []Column{{Key: true}, {Head: "1", Shaded: true}}}
	tab.Add("a", Cell{Text: "5", Shade: 0})
	tab.Add("b", Cell{Text: "9", Shade: 1})
	tab.Add("c", Cell{Text: "-", Shade: -1})
	if got := tab.Text(cli.PlainSheet); got != "     1\n  a  5\n  b  9 █\n  c  -\n" {
		t.Errorf("%q", got)
	}
}

// Whatever the width, no line is longer.
func TestTableWidths(t *testing.T) {
	for width := 40; width < 120; width++ {
		fits(t, figures(3).Text(cli.Sheet{Width: width}), width)
	}
}

// fits reports lines that are wider than they may be.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
			t.Errorf("a line of %d columns, and %d are there:\n%s", n, width, text)
			return
		}
	}
}
