package sim

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/testnet/world"
)

func TestSimListAndShow(t *testing.T) {
	t.Parallel()
	list := clitest.Run(t, Command(), "sim", "list").Want(cli.ExitOK).Out.String()
	whole, recorded, ok := strings.Cut(list, cli.PlainSheet.Fill(recordedHead))
	if !ok || strings.Contains(whole, "starlink") || strings.Count(recorded, "  from ") != 3 {
		t.Errorf("scenarios that need recorded data are not apart:\n%s", list)
	}
	// A line goes on in the lines below it that are indented.
	entries := regexp.MustCompile(`(?m)^(\S+) +(.*(\n .*)*)`).FindAllStringSubmatch(
		whole+recorded, -1)
	for _, e := range entries {
		name := e[1]
		story, _, _ := strings.Cut(strings.Join(strings.Fields(e[2]), " "), " from ")
		file := clitest.Run(t, Command(), "sim", "show", name).Want(cli.ExitOK).Out.String()
		if !strings.Contains(strings.Join(strings.Fields(file), " "), story) {
			t.Errorf("the file of %s has no story %q", name, story)
		}
	}
	if n := len(entries); n < 18 {
		t.Errorf("%d scenarios are listed", n)
	}
}

// The same file and seed give the same bytes of JSON, trace and capture.
func TestSimIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	file, dir := clitest.ScenarioFile(t, clitest.SmallScenario), t.TempDir()
	play := func(seed, name string) (json, trace, pcap string) {
		name = filepath.Join(dir, name)
		clitest.Run(t, Command(), "sim", "run", file, "--seed", seed, "--json", name+".json",
			"--trace", name+".trace", "--pcap", name+".pcap").Want(cli.ExitOK)
		return slurp(t, name+".json"), slurp(t, name+".trace"), slurp(t, name+".pcap")
	}
	j, tr, p := play("7", "a")
	j2, tr2, p2 := play("7", "b")
	if j != j2 || tr != tr2 || p != p2 {
		t.Error("two runs with one seed differ")
	}
	if j3, tr3, p3 := play("8", "c"); j == j3 || tr == tr3 || p == p3 {
		t.Error("two seeds give the same")
	}
}

func slurp(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The figures of a result agree with each other.
func TestSimResultAddsUp(t *testing.T) {
	t.Parallel()
	out := clitest.Run(t, Command(), "sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario),
		"--json",
		"-").Want(cli.ExitOK).Out.Bytes()
	var r Result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	var frames, repairs, nacks, delivered, recovered, missed uint64
	for i := range r.Series.Frames {
		frames += r.Series.Frames[i]
		repairs += r.Series.Repairs[i]
		nacks += r.Series.Nacks[i]
		delivered += r.Series.Delivered[i]
		recovered += r.Series.Recovered[i]
		missed += r.Series.Missed[i]
	}
	p, near, far := r.Publishers[0], r.Groups[0], r.Groups[1]
	if r.Promise != "kept" || p.Accepted != 180 || p.Frames != 180 || near.Members != 2 {
		t.Errorf("%+v %+v", r, p)
	}
	if near.Delivered != 2*180 || far.Delivered != 180 || near.Lost+far.Lost != 0 {
		t.Errorf("%+v %+v", near, far)
	}
	for _, c := range []struct {
		what string
		a, b uint64
	}{
		{"frames", frames, p.Frames}, {"repairs", repairs, p.Repairs},
		{"NACKs sent", nacks, near.Nacks + far.Nacks},
		{"NACKs that arrived", p.Nacks, near.Nacks + far.Nacks}, // the ways up lose none
		{"delivered", delivered, near.Delivered + far.Delivered},
		{"recovered", recovered, near.Recovered + far.Recovered},
		{"missed", missed, r.LostFrames.Sum},
		{"missed by groups", missed, near.Missed + far.Missed},
		{"missed by subscribers", missed,
			r.Members[0].Missed + r.Members[1].Missed + r.Members[2].Missed},
		{"recovered, each by itself", uint64(near.Recovery.Count), near.Recovered},
		{"latencies", uint64(far.Latency.Count), far.Delivered},
	} {
		if c.a != c.b || c.a == 0 {
			t.Errorf("%s: %d and %d", c.what, c.a, c.b)
		}
	}
	if far.RoundTrip != 40e6 || far.Latency.P50 < 20e6 || far.Latency.Max < 60e6 {
		t.Errorf("the far one's round trip is %d ns, its latency %d", far.RoundTrip,
			far.Latency.P50)
	}
}

// A capture holds what passes a place, as UDP over IPv4, with frames that decode.
func TestSimCapture(t *testing.T) {
	t.Parallel()
	file, dir := clitest.ScenarioFile(t, clitest.SmallScenario), t.TempDir()
	for _, c := range []struct {
		place             string
		data, nack, alien int // at least; alien: from or to another subscriber, exactly 0
	}{{"feed", 180, 20, -1}, {"far", 140, 5, 0}} {
		path := filepath.Join(dir, c.place)
		clitest.Run(t, Command(), "sim", "run", file, "--pcap", path, "--pcap-at", c.place,
			"-q").Want(cli.ExitOK)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := pcapgo.NewNgReader(f, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		var dec frame.Decoder
		var got frame.Frame
		kinds := map[frame.Kind]int{}
		last := wall
		for {
			raw, ci, err := r.ReadPacketData()
			if err != nil {
				break
			}
			if ci.Timestamp.Before(last) || ci.Timestamp.After(wall.Add(20e9)) {
				t.Fatalf("a packet has the time %v after %v", ci.Timestamp, last)
			}
			last = ci.Timestamp
			p := gopacket.NewPacket(raw, layers.LayerTypeIPv4, gopacket.Default)
			udp, _ := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
			if udp == nil {
				t.Fatalf("no UDP: %v", p)
			}
			if err := dec.Decode(udp.Payload, &got); err != nil {
				t.Fatal(err)
			}
			kinds[got.Kind]++
		}
		if kinds[frame.Data] < c.data || kinds[frame.Nack] < c.nack || kinds[frame.Repair] == 0 ||
			kinds[frame.Bye] == 0 {
			t.Errorf("at %s: %v", c.place, kinds)
		}
	}
}

// The life of a message that was lost on the way is told in full.
func TestSimExplain(t *testing.T) {
	t.Parallel()
	quiet := strings.NewReplacer(", loss: 5%", "", ", loss: 10%", "").Replace(clitest.SmallScenario)
	file := clitest.ScenarioFile(t, quiet+"events:\n  - {at: 500ms, do: lose, who: far}\n")
	out := clitest.Run(t, Command(), "sim", "run", file, "--explain",
		"80@far").Want(cli.ExitOK).Out.String()
	rest := out
	for _, want := range []string{
		`0\.500000 s .* feed accepts it: 200 B`, `feed sends it to the group, in frame 80`,
		`frame 80 is lost on the way to far \(loss\)`, `far finds that a frame of it is missing`,
		`far asks for frame 80 \(NACK\)`, `\+20 ms  the NACK for frame 80 comes to feed`,
		`feed repeats frame 80 to`,
		` 0\.561000 s .* the repair of frame 80 comes to far`,
		`\+0 s  far hands it to the application`,
	} {
		at := regexp.MustCompile(want).FindStringIndex(rest)
		if at == nil {
			t.Fatalf("%s\nhas no %q, or not there", out, want)
		}
		rest = rest[at[1]:]
	}
}

// A subscriber that has no room discards what comes, and asks for it later: that is
// told as well.
func TestSimExplainNoRoom(t *testing.T) {
	t.Parallel()
	file := clitest.ScenarioFile(t, strings.Replace(clitest.SmallScenario, "  - name: far\n",
		"  - name: far\n    work: 20ms\n    buffer: 64KiB\n", 1))
	out := clitest.Run(t, Command(), "sim", "run", file, "--explain",
		"150@far").Want(cli.ExitOK).Out.String()
	want := regexp.MustCompile(`frame 150 comes to far\n.* far has no room for it, ` +
		`and discards it\n(.*\n)*.* far hands it to the application`)
	if !want.MatchString(out) {
		t.Errorf("it told\n%s", out)
	}
}

// What happened when is marked above the strips, in the order of the file, and told in
// words; JSON has it too.
func TestSimMarksEvents(t *testing.T) {
	t.Parallel()
	events := "events:\n  - {at: 200ms, do: partition, who: far, for: 300ms}\n  - {at: 700ms, " +
		"every: 100ms, times: 3, do: lose, who: near}\n  - {at: 200ms, do: pause, who: near-0, " +
		"for: 1ms}\n"
	file := clitest.ScenarioFile(t, clitest.SmallScenario+events)
	result, page := filepath.Join(t.TempDir(), "r.json"), filepath.Join(t.TempDir(), "p.html")
	out := clitest.Run(t, Command(), "sim", "run", file, "--json", result, "--html",
		page).Want(cli.ExitOK).Out.String()
	for _, want := range []string{
		`events +\+─+ +2 *2 *2\n`, ` 1 at 0.2 s: partition far for 300 ms\n`,
		` 2 at 0.7 s: lose near, and again each 100 ms, 3 times in all\n`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	var r Result
	if err := json.Unmarshal([]byte(slurp(t, result)), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Events) != 3 || r.Events[0].For != 300e6 || len(r.Events[1].At) != 3 ||
		r.Events[1].At[2] != 900e6 || r.Events[2].Mark != "3" {
		t.Errorf("%+v", r.Events)
	}
	if p := slurp(t, page); strings.Count(p, ">1+3</text>") != 3 ||
		!strings.Contains(p, "at 0.2 s: partition far for 300 ms") {
		t.Error("not all pictures of time have the mark, or the table has none")
	}
}

// A scenario that asks for more than a machine has ends with what was too much.
func TestSimBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ events, want string }{
		{"  - {at: 100ms, every: 1us, times: 900000, do: restart, who: feed}\n",
			"events[0]: processes start again 900000 times and more in all, and may 1000 times"},
		{"  - {at: 1s, every: 1us, times: 900000, do: lose, who: near}\n  - {at: 1s, every: 1us, " +
			"times: 900000, do: lose, who: far}\n",
			"events[1]: events happen 1800000 times and more in all, and may 1000000 times"},
	} {
		file := clitest.ScenarioFile(t, clitest.SmallScenario+"events:\n"+c.events)
		if said := clitest.Run(t, Command(), "sim", "run",
			file).Want(cli.ExitUsage).Err.String(); !strings.Contains(said, c.want) {
			t.Errorf("it said %q, not %q", said, c.want)
		}
	}
}

// A run that breaks the promise ends with 1, names the seed, and leaves the smallest
// scenario that breaks it: which does.
func TestSimBrokenPromise(t *testing.T) { // not parallel: it breaks all subscribers
	defer func() { adjust = nil }()
	adjust = func(c *world.SubscriberConfig) {
		c.Tamper(
			func(ev *reliable.Event) bool { return ev.Kind == reliable.Message && ev.Recovered })
	}
	small := filepath.Join(t.TempDir(), "small.yaml")
	run := clitest.Run(t, Command(), "sim", "run", clitest.ScenarioFile(t, clitest.SmallScenario),
		"--seed", "5",
		"--shrunk", small).Want(cli.ExitError)
	if said := run.Err.String(); !strings.Contains(said, "with seed 5") ||
		!strings.Contains(said, "crier sim run "+small) {
		t.Errorf("it said %q", said)
	}
	if out := run.Out.String(); !strings.Contains(out, "THE PROMISE WAS BROKEN") {
		t.Errorf("it printed %q", out)
	}
	text := slurp(t, small)
	if !strings.Contains(text, "seed: 5") || strings.Contains(text, "count: 2") ||
		len(text) >= len(clitest.SmallScenario) {
		t.Errorf("the smaller scenario is\n%s", text)
	}
	clitest.Run(t, Command(), "sim", "run", small, "--shrunk", small+"2").Want(cli.ExitError)
}

func TestSimUsage(t *testing.T) {
	t.Parallel()
	file := clitest.ScenarioFile(t,
		strings.Replace(clitest.SmallScenario, "rate: 200/s", "rate: 200", 1))
	good := clitest.ScenarioFile(t, clitest.SmallScenario)
	for _, c := range []struct {
		args  []string
		parts []string
	}{
		{[]string{"run"}, []string{"it takes one scenario"}},
		{[]string{"run", "nosuch"}, []string{"neither a built-in scenario nor a file", "nosuch",
			"clean, loss-1pct"}},
		{[]string{"run", file}, []string{"line 7", `publishers[0].rate: "200" is not a rate`}},
		{[]string{"run", good, "--explain", "1"}, []string{"--explain", "OFFSET@SUBSCRIBER"}},
		{[]string{"run", good, "--explain", "x@far"}, []string{`"x" is not an offset`}},
		{[]string{"run", good, "--explain", "1@nobody"},
			[]string{`there is no subscriber "nobody"`}},
		{[]string{"run", good, "--explain", "180@far"},
			[]string{"there is no message 180", "published 0 to 179"}},
		{[]string{"run", good, "--explain", "1@far@2"},
			[]string{"there is no session 2", "there are 1"}},
		{[]string{"sweep", good, "--vary", "subscribers.near.count=1,2", "--map", "lost"},
			[]string{"--map is of two --vary, and there are 1"}},
		{[]string{"run", good, "--pcap-at", "far"}, []string{"--pcap-at", "--pcap"}},
		{[]string{"run", good, "--pcap", filepath.Join(t.TempDir(), "p"), "--pcap-at", "x"},
			[]string{`--pcap-at "x" is neither`, "feed or near-0"}},
		{[]string{"run", good, "--speed", "2"}, []string{"--speed is of --feed"}},
		{[]string{"show"}, []string{"it takes one name"}},
		{[]string{"show", "nosuch"}, []string{`there is no scenario "nosuch"`}},
	} {
		run := clitest.Run(t, Command(), append([]string{"sim"}, c.args...)...).Want(cli.ExitUsage)
		rest := run.Err.String()
		for _, p := range c.parts {
			_, after, ok := strings.Cut(rest, p)
			if !ok {
				t.Errorf("%q said %q; no %q, or not there", c.args, run.Err, p)
				break
			}
			rest = after
		}
	}
	if said := clitest.Run(t, Command(), "sim", "run", good, "--json",
		"/nonexistent/x").Want(cli.ExitError).Err.String(); !strings.Contains(said,
		": --json /nonexistent/x can't be written") {
		t.Errorf("it said %q", said)
	}
	if said := clitest.Run(t, Command(), "sim",
		"nosuch").Want(cli.ExitUsage).Err.String(); !strings.Contains(said,
		"there are list, show, run, sweep") {
		t.Errorf("it said %q", said)
	}
	if said := clitest.Run(t, Command(), "sim", "run",
		"wifi").Want(cli.ExitError).Err.String(); !strings.Contains(said, "--trace-dir") {
		t.Errorf("it said %q", said)
	}
}
