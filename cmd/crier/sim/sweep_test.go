package sim

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// A sweep plays each combination with each seed, and gives the same whatever runs at
// the same time.
func TestSimSweep(t *testing.T) {
	t.Parallel()
	file, dir := clitest.ScenarioFile(t, clitest.SmallScenario), t.TempDir()
	sweep := func(workers, name string) (s sweep, rows [][]string) {
		name = filepath.Join(dir, name)
		clitest.Run(t, Command(), "sim", "sweep", file, "--vary", "subscribers.near.count=1,3",
			"--vary", "subscribers.far.down.loss=1%,20%",
			"--seeds", "3", "--seed", "5", "--workers", workers, "--csv", name+".csv", "--json",
			name+".json", "--html", name+".html").Want(cli.ExitOK)
		if err := json.Unmarshal([]byte(slurp(t, name+".json")), &s); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(slurp(t, name+".csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return s, rows
	}
	s, rows := sweep("1", "a")
	sweep("4", "b")
	for _, end := range []string{".csv", ".json"} {
		if slurp(t, filepath.Join(dir, "a"+end)) != slurp(t, filepath.Join(dir, "b"+end)) {
			t.Errorf("four workers give another %s than one", end)
		}
	}
	if len(rows) != 1+2*2*3 || rows[0][0] != "subscribers.near.count" || rows[0][2] != "seed" ||
		rows[1][2] != "5" || rows[12][1] != "20%" {
		t.Errorf("%d rows: %q", len(rows), rows)
	}
	overhead := func(cell int) float64 {
		for i, m := range s.Metrics {
			if m == "overhead" {
				return *s.Cells[cell].Median[i]
			}
		}
		t.Fatal("there is no overhead")
		return 0
	}
	if len(s.Cells) != 4 || s.Cells[1].Values[1] != "20%" || overhead(1) <= overhead(0) {
		t.Errorf("more loss doesn't cost more: %+v", s.Cells)
	}
	page := slurp(t, filepath.Join(dir, "a.html"))
	if !strings.Contains(page, "color-mix(") || !strings.Contains(page, "NACKs p95") {
		t.Error("the page has no map")
	}
	text := clitest.Run(t, Command(), "sim", "sweep", file, "--vary", "subscribers.near.count=1,3",
		"--vary", "duration=500ms,1s", "--map", "overhead").Want(cli.ExitOK).Out.String()
	if !strings.Contains(text, "repairs/data: subscribers.near.count down, duration across") {
		t.Errorf("no map in %q", text)
	}
}

func TestSimSweepUsage(t *testing.T) {
	t.Parallel()
	file := clitest.ScenarioFile(t, clitest.SmallScenario)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--vary", "duration"}, "write KEY=V1,V2,..."},
		{[]string{"--vary", "duration=1s,,2s"}, "has an empty value"},
		{[]string{"--vary", "duraton=1s"}, `there is no key "duraton"`},
		{[]string{"--vary", "subscribers.9.count=1"}, "there is no entry 9"},
		{[]string{"--vary", "subscribers.near.count=x"}, `"x" is not a whole number`},
		{[]string{"--seeds", "0"}, "--seeds 0 is outside 1 to 1000"},
		{[]string{"--workers", "0"}, "--workers 0"},
		{[]string{"--map", "nosuch"}, `--map "nosuch" is not known; there are recovery-p50`},
	} {
		if said := clitest.Run(t, Command(),
			append([]string{"sim", "sweep", file},
				c.args...)...).Want(cli.ExitUsage).Err.String(); !strings.Contains(said, c.says) {
			t.Errorf("%q said %q, without %q", c.args, said, c.says)
		}
	}
}

// The report is one file: it loads nothing, has all pictures, and colours of its own
// for the night.
func TestSimPage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "page.html")
	file := clitest.ScenarioFile(t, strings.Replace(clitest.SmallScenario, "loss: 10%",
		"loss: 10%}\n    max-wait: 25ms\n    #{", 1))
	clitest.Run(t, Command(), "sim", "run", file, "--html", path, "-q").Want(cli.ExitOK)
	page := slurp(t, path)
	if n := strings.Count(page, "<svg"); n != 5 {
		t.Errorf("it has %d pictures, not 5", n)
	}
	for _, alien := range []string{"http://", "https://", "<script", "<link", "@import", "url("} {
		// names of XML, which nobody loads
		rest := strings.ReplaceAll(page, "http://www.w3.org/", "")
		if strings.Contains(rest, alien) {
			t.Errorf("it has %s", alien)
		}
	}
	for _, want := range []string{"prefers-color-scheme: dark", "width=device-width",
		"Three subscribers, one of them far away.", "too late", "var(--s1)", "aria-label"} {
		if !strings.Contains(page, want) {
			t.Errorf("it has no %q", want)
		}
	}
	for _, mark := range []string{"#0102", "#000000"} {
		if strings.Contains(page, mark) {
			t.Errorf("a colour is still %s", mark)
		}
	}
}
