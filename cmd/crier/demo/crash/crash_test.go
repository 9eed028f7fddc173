package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/demo/stage"
)

var withProcesses = flag.Bool("crash.lo", false,
	"play the crash with real processes, too: 20 s and more")

// play plays the crash of a seed in virtual time.
func play(t *testing.T, seed uint64) *report {
	t.Helper()
	r, err := playSim(context.Background(), stage.NewScript(seed))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// In the crash of the default seed each arm loses less than the one before, and each accounts
// for every message.
func TestCrash(t *testing.T) {
	r := play(t, Seed)
	checkReport(t, r)
	bare, survivors, recorder := r.Arms[0], r.Arms[1], r.Arms[2]
	if bare.Lost <= survivors.Lost || survivors.Lost <= recorder.Lost {
		t.Errorf("lost %d bare, %d with survivors, %d with a recorder", bare.Lost, survivors.Lost,
			recorder.Lost)
	}
	for _, a := range []*arm{survivors, recorder} {
		if !a.sameReach(bare) {
			t.Errorf("%s: the producer reached others than in %s", a.Name, bare.Name)
		}
	}
	if bare.Late+survivors.Late > 0 || recorder.Late != recorder.Sent {
		t.Errorf("one who comes late has %d bare, %d with survivors, %d of %d with a recorder",
			bare.Late, survivors.Late, recorder.Late, recorder.Sent)
	}
	checkText(t, r)
}

// A seed repeats to the byte, and another is another crash.
func TestCrashRepeats(t *testing.T) {
	if testing.Short() {
		t.Skip("it plays the crash three times")
	}
	var texts []string
	for _, seed := range []uint64{7, 7, 8} {
		r := play(t, seed)
		checkReport(t, r)
		data, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	if texts[0] != texts[1] {
		t.Error("two runs of a seed differ")
	}
	if texts[1] == texts[2] {
		t.Error("two seeds are the same run")
	}
}

// checkReport adds up what a report says.
func checkReport(t *testing.T, r *report) {
	t.Helper()
	for _, a := range r.Arms {
		if a.Missing != "" {
			continue
		}
		if !a.Checked || a.Accepted == 0 || a.Sent > a.Accepted || len(a.Subscribers) != 3 {
			t.Fatalf("seed %d, %s: %+v", r.Seed, a.Name, a)
		}
		sum := uint64(0)
		for _, m := range a.Subscribers {
			n := uint64(0)
			for _, l := range m.Losses {
				n += l.To - l.From
				if a.Name == "survivors" && l.Why == nobodyHelped {
					t.Errorf("seed %d: %s lacks what other survivors have: %+v", r.Seed, m.Name, l)
				}
			}
			if m.Delivered+m.Lost != a.Accepted || n != m.Lost || m.Named > m.Lost ||
				m.Done > a.Done || m.End == "" {
				t.Errorf("seed %d, %s: %s doesn't add up: %+v", r.Seed, a.Name, m.Name, m)
			}
			sum += m.Lost
		}
		if sum != a.Lost || a.LostByAll > a.Lost {
			t.Errorf("seed %d, %s: in all %d, and %d", r.Seed, a.Name, a.Lost, sum)
		}
		a.checkCertificates(t, r.Net)
	}
}

// checkCertificates compares the certificates of an arm with what its members have.
func (a *arm) checkCertificates(t *testing.T, net string) {
	t.Helper()
	for _, m := range a.Subscribers {
		c := m.Certificate
		if helped := a.Name == "survivors" || a.Recorder; helped != (c != nil) {
			t.Errorf("%s: %s has the certificate %+v", a.Name, m.Name, c)
			continue
		} else if c == nil {
			continue
		}
		first := a.Subscribers[0].Certificate
		if !c.Agreed || first == nil || c.Hash != first.Hash || c.LostMessages != m.Named {
			t.Errorf("%s: the certificate of %s is not that of all: %+v", a.Name, m.Name, c)
		}
		// Nobody may have heard of the last ones.
		if c.NextOffset > a.Sent || a.Recorder && net == "sim" && c.NextOffset != a.Sent {
			t.Errorf("%s: %s knows the stream up to %d, and %d were sent", a.Name, m.Name,
				c.NextOffset, a.Sent)
		}
	}
}

// checkText looks at a report as text and as a page.
func checkText(t *testing.T, r *report) {
	t.Helper()
	text := r.text(cli.PlainSheet)
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	p, err := r.page()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, a := range r.Arms {
		for _, in := range []string{text, b.String()} {
			if !strings.Contains(in, a.Name+"\n") {
				t.Errorf("nothing is told of %s", a.Name)
			}
		}
	}
	if n := strings.Count(b.String(), "<svg"); n != 2 || strings.Contains(b.String(), "NaN") {
		t.Errorf("the page has %d pictures, or such with NaN", n)
	}
}

// Losses of one reason stand together, and the first of many.
func TestLossText(t *testing.T) {
	for _, c := range []struct {
		want string
		list []loss
	}{
		{"3 that were never sent (7 to 9)", []loss{{7, 10, neverSent}}},
		{
			"2 that reached nobody (1, 3) and 1 that only others have (2)",
			[]loss{{1, 2, reachedNobody}, {2, 3, nobodyHelped}, {3, 4, reachedNobody}},
		},
		{
			"6 that reached nobody (1, 3, 5, 7, 2 runs more)",
			[]loss{{1, 2, reachedNobody}, {3, 4, reachedNobody}, {5, 6, reachedNobody},
				{7, 8, reachedNobody}, {9, 10, reachedNobody}, {11, 12, reachedNobody}},
		},
	} {
		if got := lossText(c.list); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// Without the program that carries a broker the arm says how to build it.
func TestBrokerThatIsNotThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	list, err := new(Options).playBrokers(context.Background(), stage.NewScript(Seed))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	var b strings.Builder
	if list[0].tell(&b, cli.PlainSheet); !strings.Contains(b.String(), "go install") {
		t.Error(b.String())
	}
	o := Options{Broker: filepath.Join(t.TempDir(), "none")}
	if _, err := o.playBrokers(context.Background(), stage.NewScript(Seed)); err == nil ||
		!strings.Contains(err.Error(), "--broker") {
		t.Error(err)
	}
}

// The same with real processes, and with a broker where there is one.
func TestCrashOnLoopback(t *testing.T) {
	if !*withProcesses {
		t.Skip("it takes 20 s and more: run it with -crash.lo")
	}
	tool := filepath.Join(t.TempDir(), "crier")
	if out, err := exec.Command("go", "build", "-o", tool,
		"crier/cmd/crier").CombinedOutput(); err != nil {
		t.Skipf("the tool can't be built here: %v\n%s", err, out)
	}
	cmd := exec.Command(tool, "demo", "crash", "--net", "lo", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	checkReport(t, &r)
	if !slices.ContainsFunc(r.Arms, func(a *arm) bool { return a.Name == brokerName }) {
		t.Error("there is no arm with a broker")
	}
}
