package page

import (
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/table"
)

// labels returns the words of ticks.
func labels(ticks []plot.Tick) []string {
	var list []string
	for _, t := range ticks {
		if t.Label != "" {
			list = append(list, t.Label)
		}
	}
	return list
}

// Axes are marked from 0 on, in even steps.
func TestTicks(t *testing.T) {
	for _, c := range []struct {
		of          plot.Ticker
		least, most float64
		want        string
	}{
		{evenTicks{}, 0.05, 12.3, "0 2 4 6 8 10 12"},
		{evenTicks{}, 0, 60e3, "0 10 k 20 k 30 k 40 k 50 k 60 k"},
		{evenTicks{}, 0, 1, "0 0.2 0.4 0.6 0.8 1"},
		{wholeTicks{}, 1, 3, "0 1 2 3"},
		{byteTicks{}, 0, 300 << 10, "0 B 64 KiB 128 KiB 192 KiB 256 KiB"},
		{timeTicks{}, 2e5, 1e7, "200 µs 500 µs 1 ms 2 ms 5 ms 10 ms"},
		{timeTicks{}, 2e5, 1e10, "200 µs 1 ms 10 ms 100 ms 1 s 10 s"},
		{nineTicks{}, 0, 3, "0 50 90 99 99.9"},
		{spanTicks{}, -0.1, 2.2, "0 0.5 1 1.5 2"},
		{spanTicks{}, 9366, 10050, "9,400 9,500 9,600 9,700 9,800 9,900 10,000"},
	} {
		if got := strings.Join(labels(c.of.Ticks(c.least, c.most)), " "); got != c.want {
			t.Errorf("%T to %v: %q, want %q", c.of, c.most, got, c.want)
		}
	}
}

// Marks that would touch share a text, in which they can be told apart.
func TestJoinedMarks(t *testing.T) {
	width := func(text string) vg.Length { return vg.Length(len(text)) }
	mark := func(text string, at float64) markLabel {
		return markLabel{[]vg.Length{vg.Length(at)}, []string{text}}
	}
	for _, c := range []struct {
		marks []markLabel
		want  string
	}{
		{[]markLabel{mark("1", 10), mark("2", 10)}, "1+2"},
		{[]markLabel{mark("2", 11), mark("1", 10)}, "1+2"},
		{[]markLabel{mark("1", 10), mark("2", 20)}, "1 2"},
		{[]markLabel{mark("1", 10), mark("1", 11), mark("1", 12)}, "1"},
		{[]markLabel{mark("1", 1), mark("2", 2), mark("3", 3), mark("4", 4), mark("5", 5)}, "1…5"},
		// What is joined grows, and may then touch the next.
		{[]markLabel{mark("1", 10), mark("2", 11), mark("3", 13)}, "1+2+3"},
	} {
		var got []string
		for _, l := range joined(c.marks, width) {
			got = append(got, l.text())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// A table has its groups above the heads, its tones as classes, and leaves equal values of a
// map without colour.
func TestTableOfPage(t *testing.T) {
	tab := &table.Table{Columns: []table.Column{{Head: "name", Key: true}, {Head: "lost"},
		{Group: "latency", Head: "p50"}, {Group: "latency", Head: "p99"},
		{Head: "map", Shaded: true}}}
	tab.Add("a", table.Toned(cli.Bad, 1, "1"), "1 s", "2 s", table.Cell{Text: "7", Shade: 0})
	tab.Add("b", "0", "1 s", "2 s", table.Cell{Text: "9", Shade: 0.5})
	p := Page{Sections: []Section{{Table: tab}}}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		`<th class="left" rowspan="2">name</th>`, `<th colspan="2" class="over">latency</th>`,
		`<td class="bad">1</td>`, `<td>0</td>`, `<td>7</td>`, "38%, transparent)\">9</td>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text[strings.Index(text, "<main>"):])
		}
	}
	if heads := (Section{Table: tab}).Heads(); len(heads) != 2 || len(heads[1]) != 2 ||
		slices.ContainsFunc(heads[1], func(h head) bool { return h.Lines != 1 }) {
		t.Errorf("%+v", heads)
	}
}

// What all rows of a wide table have in common stands above it, once.
func TestWideTable(t *testing.T) {
	tab := &table.Table{Columns: []table.Column{{Key: true}, {Head: "size", Key: true}}}
	rows := [][]any{{"a", "64 B"}, {"b", "64 B"}}
	for range wideTable {
		tab.Columns = append(tab.Columns, table.Column{Head: "n"})
		rows[0], rows[1] = append(rows[0], "1"), append(rows[1], "2")
	}
	tab.Add(rows[0]...)
	tab.Add(rows[1]...)
	var b strings.Builder
	if err := (&Page{Sections: []Section{{Table: tab}}}).Write(&b); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, `<p class="dim">in all rows: size 64 B</p>`) ||
		strings.Count(text, "64 B") != 1 {
		t.Error(text[strings.Index(text, "<main>"):])
	}
}
