package sim

import (
	"strings"
	"testing"
)

// The table of teams names a team once, and has a row for each member.
func TestTeamTable(t *testing.T) {
	pool := &team{Name: "pool", Share: "message", Messages: 1500, Twice: 2, GivenUp: 1, Lapsed: 1,
		Members: []*worker{{Name: "w0", HandedOut: 1200, Marked: 3, Done: 1190, LetGo: 10},
			{Name: "w1", HandedOut: 302, Done: 300, Withheld: 2, Lost: 4}}}
	table := teamTable(&Result{Teams: []*team{pool}})
	var cells [][]string
	for _, row := range table.Rows {
		var texts []string
		for _, c := range row {
			texts = append(texts, c.Text)
		}
		cells = append(cells, texts)
	}
	want := [][]string{{"pool", "w0", "0", "1,200", "3", "1,190", "10", "0", "0"},
		{"", "w1", "0", "302", "0", "300", "0", "2", "4"}}
	for i := range want {
		if i >= len(cells) || strings.Join(cells[i], "|") != strings.Join(want[i], "|") {
			t.Errorf("%q, not %q", cells, want)
			break
		}
	}
	text := teamText(pool)
	for _, part := range []string{"pool handed out 1,500 messages", "2 of them more than once",
		"gave up 1", "1 lease ran out"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q doesn't tell %q", text, part)
		}
	}
}
