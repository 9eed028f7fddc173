package doctor

import (
	"strings"
	"testing"
	"unicode/utf8"

	"crier/cmd/crier/check"
	"crier/cmd/crier/cli"
)

// The report has problems first, fits 80 columns but for commands, and cuts what is ok.
func TestReport(t *testing.T) {
	long := strings.Repeat("some words ", 12) + "end"
	r := report{Host: "hal", Interface: "eth0", Groups: []string{"239.77.0.1:7700"},
		question: check.Question{Interface: "eth0"}, Checks: []check.Check{
			{Name: "interface", Evidence: "eth0 is up"},
			{Name: "source", Evidence: long},
			{Name: "clock", State: check.Note, Evidence: "free", Mend: "apt install chrony"},
			{Name: "firewall", State: check.Problem, Evidence: long, Mend: "nft " + long},
			{Name: "drops", State: check.Unknown, Evidence: "only root may"},
		}}
	all := r.Checks
	r.count()
	text := r.text(cli.PlainSheet)
	for _, want := range []string{
		"239.77.0.1:7700 by eth0, on hal\n\nproblem  firewall      some words",
		"\n                       some words", "\n                    -> nft some",
		"\nnote     clock         free\n                    -> apt install chrony\n",
		"\nunknown  drops         only root may\nok       interface     eth0 is up\n",
		"words...\n", "\n1 problem, 1 note, 2 ok, 1 unknown.\n", "Next: mend",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) > 80 && !strings.HasPrefix(strings.TrimSpace(line), "->") {
			t.Errorf("%q is too long", line)
		}
	}
	r.all = true
	if text := r.text(cli.PlainSheet); strings.Count(text, "end\n") < 3 || strings.Contains(text,
		"...") {
		t.Errorf("not all evidence is in\n%s", text)
	}
	r.all = false
	r.Between = []check.Check{{Name: "unicast", Evidence: "all came"}}
	r.Other = &otherReport{Host: "dave", Checks: r.Checks[:2]}
	text = r.text(cli.PlainSheet)
	for _, want := range []string{"\nok       interface, source\n\n",
		"\nok       unicast       all came\n",
		"on the other host, dave\n\nok       interface, source\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	r.Other = &otherReport{Host: "dave"}
	r.Checks = nil
	for _, name := range []string{"MTU", "route", "ring"} {
		r.Checks = append(r.Checks, check.Check{Name: name, State: check.Unknown,
			Evidence: "there is no such interface"})
	}
	text = r.text(cli.PlainSheet)
	if strings.Contains(text, "dave") || !strings.Contains(text,
		"\nunknown  MTU, route, ring: there is no such interface\n") {
		t.Errorf("a host without checks, and what is unknown for one reason:\n%s", text)
	}
	r.Checks = all
	r.Between, r.Other = nil, nil
	r.Checks, r.Problems = r.Checks[:3], 0
	if text := r.text(cli.PlainSheet); !strings.Contains(text, "No problem, 1 note") {
		t.Error(text)
	}
}
