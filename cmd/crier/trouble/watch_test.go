package trouble

import (
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
)

// told is when a Teller says something, in seconds, as it looks each second at troubles.
func told(t *testing.T, seconds int, troubles func(at int) []Trouble) (when []int, text string) {
	t.Helper()
	var out strings.Builder
	teller := &Teller{Command: "crier sub", Out: &out}
	start := time.Unix(0, 0)
	for at := range seconds {
		before := out.Len()
		teller.Look(start.Add(time.Duration(at)*time.Second), troubles(at))
		if out.Len() > before {
			when = append(when, at)
		}
	}
	return when, out.String()
}

// A trouble is told after 3 s, and then ever more rarely, if there is something new to say.
func TestTellsNewsRarely(t *testing.T) {
	verdict := func(at int) string { return "always the same" }
	look := func(at int) []Trouble {
		return []Trouble{{Key: "a", Report: func(time.Duration) Report {
			return Report{Verdict: verdict(at), Head: "head"}
		}}}
	}
	if when, _ := told(t, 300, look); len(when) != 1 || when[0] != 3 {
		t.Errorf("nothing new is told at %v", when)
	}
	verdict = func(at int) string { return strings.Repeat("x", at) }
	if when, _ := told(t, 200, look); len(when) != 6 || when[0] != 3 || when[1] != 10 ||
		when[2] != 30 || when[3] != 60 || when[4] != 120 || when[5] != 180 {
		t.Errorf("news are told at %v", when)
	}
	verdict = func(at int) string { return strings.Repeat("x", 1+at/60) }
	if when, _ := told(t, 130, look); len(when) != 3 || when[0] != 3 || when[1] != 60 ||
		when[2] != 120 {
		t.Errorf("rare news are told at %v", when)
	}
}

// A trouble that is over is told so, if it was told, and begins anew when it comes back.
func TestTellsTheEnd(t *testing.T) {
	over := func(from ...int) func(int) []Trouble {
		return func(at int) []Trouble {
			for i := 0; i < len(from); i += 2 {
				if at >= from[i] && at < from[i+1] {
					report := func(time.Duration) Report {
						return Report{Verdict: "v", Head: "it began"}
					}
					return []Trouble{{Key: "a", Report: report,
						Over: func() string { return "it is over" }}}
				}
			}
			return nil
		}
	}
	if when, text := told(t, 20, over(0, 2, 5, 7)); when != nil {
		t.Errorf("short ones are told at %v: %s", when, text)
	}
	when, text := told(t, 20, over(0, 5, 10, 19))
	const once = "crier sub: it began\ncrier sub: it is over\n"
	if len(when) != 4 || when[0] != 3 || when[1] != 5 || when[2] != 13 || when[3] != 19 ||
		text != once+once {
		t.Errorf("told at %v: %s", when, text)
	}
}

// The text of a report fits 80 columns, but for what is to be copied.
func TestReportFits(t *testing.T) {
	r := Report{Head: strings.Repeat("some words ", 30), Findings: []Finding{
		{Mark: RuledOut, Name: "interface", Text: strings.Repeat("and more ", 20)},
		{Mark: Cause, Text: "short", Fix: "sysctl -w net.ipv4.conf.eth0.rp_filter=2"},
	}}
	text := r.Text("crier sub", cli.PlainSheet)
	for line := range strings.Lines(text) {
		if len(line) > 80 {
			t.Errorf("%q is too long", line)
		}
	}
	for _, want := range []string{"crier sub: some", "\n  ruled out  interface: and more",
		"\n             more", "\n  problem    short\n             sysctl -w"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// Of many troubles a few are told, and how many more there are.
func TestBounded(t *testing.T) {
	var list []Trouble
	for range 9 {
		list = append(list, Trouble{Key: "a"})
	}
	got := Bounded(list, "more of them")
	if r := got[len(got)-1].Report(0); len(got) != most+1 || r.Head != "and 5 more of them" {
		t.Errorf("%d, the last: %s", len(got), r.Head)
	}
	if got := Bounded(list[:most], "more"); len(got) != most {
		t.Error(len(got))
	}
}

// What a process slept through isn't part of a trouble.
func TestTellsNothingOfASleep(t *testing.T) {
	var out strings.Builder
	teller, at := &Teller{Command: "crier sub", Out: &out}, time.Unix(0, 0)
	list := []Trouble{{Key: "a", Report: func(lasted time.Duration) Report {
		return Report{Verdict: "v", Head: "for " + lasted.String()}
	}}}
	for _, later := range []time.Duration{0, Every, time.Minute, Every / 2} {
		at = at.Add(later)
		teller.Look(at, list)
	}
	if out.Len() > 0 {
		t.Errorf("after a sleep it tells %q", out.String())
	}
	at = at.Add(Every)
	if teller.Look(at, list); out.String() != "crier sub: for 3.5s\n" {
		t.Errorf("it tells %q", out.String())
	}
}
