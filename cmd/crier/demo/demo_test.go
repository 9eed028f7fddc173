package demo

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
)

// demo runs the command and returns what it prints.
func demo(t *testing.T, args ...string) string {
	t.Helper()
	return clitest.Run(t, Command(),
		append([]string{"demo"}, args...)...).Want(cli.ExitOK).Out.String()
}

// A seed repeats to the byte, and another is another run.
func TestDemoRepeats(t *testing.T) {
	for _, args := range [][]string{{"--seed", "5"}, {"--seed", "5", "--json"}} {
		if first, again := demo(t, args...), demo(t, args...); first != again {
			t.Errorf("%v: two runs differ", args)
		}
	}
	if demo(t, "--seed", "5") == demo(t, "--seed", "6") {
		t.Error("two seeds are the same run")
	}
}

// What was accepted is either there or gone, for one reason each.
func TestDemoAccountsForEverything(t *testing.T) {
	for _, seed := range []string{"1", "3", "12", "35", "108"} {
		checkDemo(t, demo(t, "--seed", seed, "--json"))
	}
}

func checkDemo(t *testing.T, text string) {
	t.Helper()
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Subscribers) != 3 || !r.Checked || r.Accepted == 0 || r.Sent > r.Accepted {
		t.Fatalf("%+v", r)
	}
	for _, s := range r.Subscribers {
		if s.End != "silent" || s.Delivered+s.Gone != r.Accepted || s.Lost+s.Unknown != s.Gone ||
			countGone(s.NeverSent)+countGone(s.DiedWith) != s.Gone {
			t.Errorf("seed %d: %s doesn't add up: %+v", r.Seed, s.Name, s)
		}
	}
	if r.Subscribers[0].Recovered != 0 && r.Net == "sim" {
		t.Errorf("the clean subscriber recovered %d", r.Subscribers[0].Recovered)
	}
	if r.Subscribers[1].Recovered == 0 {
		t.Error("nothing was recovered over the lossy link")
	}
}

func TestDemoRefuses(t *testing.T) {
	r := clitest.Run(t, Command(), "demo", "--net", "moon").Want(cli.ExitUsage)
	if said := r.Err.String(); !strings.Contains(said, "moon") {
		t.Error(said)
	}
}

// The same with real processes.
func TestDemoOnLoopback(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes five seconds")
	}
	tool := t.TempDir() + "/crier"
	if out, err := exec.Command("go", "build", "-o", tool,
		"crier/cmd/crier").CombinedOutput(); err != nil {
		t.Skipf("the tool can't be built here: %v\n%s", err, out)
	}
	cmd := exec.Command(tool, "demo", "--net", "lo", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	checkDemo(t, string(out))
}
