package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/cmd/crier/cli/clitest"
	"crier/cmd/crier/feed"
	"crier/cmd/crier/feed/feedtest"
	"crier/cmd/crier/sim"
)

// published runs crier pub with these words to one subscriber, and returns what that
// printed.
func published(t *testing.T, words ...string) (printed string, pub *tool, sum *pubSummary) {
	t.Helper()
	group := testGroup(t)
	sub := start(t, nil, on(group, "sub", "--until-end")...).listening()
	pub = start(t, nil, on(group, "pub", append(words, "--summary", "-")...)...).wait(cli.ExitOK)
	sub.wait(cli.ExitOK)
	return sub.out.String(), pub, decodeSummary[pubSummary](t, pub.out.bytes())
}

// wantWords checks that a command said all of these.
func wantWords(t *testing.T, who *tool, words ...string) {
	t.Helper()
	for _, w := range words {
		if said := who.err.String(); !strings.Contains(said, w) {
			t.Errorf("it didn't say %q but:\n%s", w, said)
		}
	}
}

// A capture that holds more than its feed, of a source that had gaps of its own: the
// feed goes out, and the rest is told, as it comes and in the summary.
func TestPubOddCapture(t *testing.T) {
	t.Parallel()
	const to, other = "239.1.1.1:5000", "224.0.0.251:5353"
	file := feedtest.File(t, "feed.pcap", pcapOf(
		packet{time.Hour, to, mold("S000000001", 1, "a")}, packet{0, other, "mDNS"},
		packet{20 * time.Millisecond, to, "stray"},
		packet{40 * time.Millisecond, to, mold("S000000001", 4, "d") + mold("S000000001", 5, "e")},
		packet{60 * time.Millisecond, to,
			strings.TrimSuffix(mold("S000000001", 6), "\x00\x00") + "\xff\xff"},
		packet{time.Hour, to, mold("S000000002", 1, "A")}))
	printed, pub, sum := published(t, "--from", file, "--format", "pcap", "--split", "moldudp64",
		"--only", to, "--max-gap", "10ms")
	if printed != "a\nd\ne\nA\n" {
		t.Errorf("printed %q", printed)
	}
	want := feed.Summary{
		LeftOut: []feed.Count{{What: "to other addresses than --only names", N: 1},
			{What: "not split by moldudp64", N: 1}},
		Merged: 1, TimesBack: 1, GapsShortened: 0,
		Sessions: []feed.Session{
			{Session: "S000000001", To: to, First: 1, Next: 6, Gaps: 1, Missing: 2, Ended: true},
			{Session: "S000000002", To: to, First: 1, Next: 2},
		},
	}
	if s := sum.Source; s == nil || !slices.Equal(s.LeftOut, want.LeftOut) || s.Merged != 1 ||
		s.TimesBack != 1 || !slices.Equal(s.Sessions, want.Sessions) {
		t.Errorf("summary %+v, want %+v", s, want)
	}
	wantWords(t, pub, "packet 2 goes to "+other+", which --only leaves out",
		"packet 3 to "+to+" can't be split by moldudp64, and is left out: it has 5 bytes",
		"packet 4 is 2 datagrams, which the capturing host had merged",
		"packet 4: its source lacks messages 2 to 3 of session S000000001",
		"packet 5: its source ends session S000000001",
		"packet 6: its source begins session S000000002",
		"packets left out: 1 not split by moldudp64",
		"2 missing in 1 gap", "1 message was recorded out of order, by at most ")
}

// Both feeds of a source, each with losses of its own, arrive whole and once; what both lack is
// told, and is no loss of crier's.
func TestPubMergedFeeds(t *testing.T) {
	t.Parallel()
	const bothLack = 1500
	var a, b []packet
	var want strings.Builder
	for i := range 2000 {
		messages := []string{fmt.Sprintf("m%d", 2*i), fmt.Sprintf("m%d", 2*i+1)}
		at := time.Duration(i) * 100 * time.Microsecond
		datagram := mold("S000000001", uint64(2*i+1), messages...)
		if i == bothLack {
			continue
		}
		if i%100 != 7 {
			a = append(a, packet{at, "239.1.1.1:5000", datagram})
		}
		if i%90 != 8 {
			b = append(b, packet{at + 20*time.Microsecond, "239.1.2.1:5000", datagram})
		}
		want.WriteString(messages[0] + "\n" + messages[1] + "\n")
	}
	printed, pub, sum := published(t, "--merge", feedtest.File(t, "a.pcap", pcapOf(a...))+","+
		feedtest.File(t, "b.pcap", pcapOf(b...)), "--format", "pcap", "--split", "moldudp64",
		"--speed", "max")
	if printed != want.String() {
		t.Errorf("%d of %d bytes came", len(printed), want.Len())
	}
	wantWords(t, pub, "both feeds of its source lack messages 3001 to 3002 of session S000000001",
		"both feeds lack 2 messages of its source's session S000000001, in 1 gap")
	s := sum.Source
	if s == nil || len(s.Feeds) != 2 || len(s.Sessions) != 1 || s.Sessions[0].Missing != 2 {
		t.Fatalf("summary %+v", s)
	}
	if f := s.Feeds; f[0].Taken+f[1].Taken != 3998 || f[0].Missing != 42 || f[1].Missing != 48 {
		t.Errorf("feeds %+v", f)
	}
}

// A long silence is told, with its end, and an interrupt ends it.
func TestPubLongSilence(t *testing.T) {
	t.Parallel()
	file := feedtest.File(t, "feed.pcap",
		pcapOf(packet{0, "239.1.1.1:5000", "one"},
			packet{65536 * time.Second, "239.1.1.1:5000", "two"}))
	group := testGroup(t)
	pub := start(t, nil, on(group, "pub", "--from", file, "--format", "pcap")...)
	pub.await(pub.err, "the next message is due in 18 h 12 min, at ", 1)
	pub.stop()
	wantWords(t, pub.wait(cli.ExitOK), ", as recorded; --max-gap 5s would shorten such silences",
		"until interrupted")

	printed, pub, sum := published(t, "--from", file, "--format", "pcap", "--max-gap", "10ms")
	if printed != "one\ntwo\n" || sum.Source == nil || sum.Source.GapsShortened != 1 {
		t.Errorf("printed %q; %+v", printed, sum.Source)
	}
	wantWords(t, pub, "1 silence was longer than 10ms, the longest 18 h 12 min: shortened")
}

// The simulator reads the same feeds by the same reader.
func TestSimOddCapture(t *testing.T) {
	t.Parallel()
	const to = "239.1.1.1:5000"
	file := feedtest.File(t, "feed.pcap",
		pcapOf(packet{0, to, mold("S000000001", 1, "a")},
			packet{0, "239.1.1.2:5000", mold("S000000009", 1, "x")},
			packet{65536 * time.Second, to, mold("S000000001", 3, "c")},
			packet{65537 * time.Second, to, mold("S000000001", 4, "d")}))
	scenario := clitest.ScenarioFile(t, clitest.SmallScenario)
	result := filepath.Join(t.TempDir(), "r.json")
	run := func(words ...string) (*tool, sim.Publisher) {
		t.Helper()
		s := start(t, nil,
			append([]string{"sim", "run", scenario, "--feed", file, "--split", "moldudp64",
				"--only", to, "--json", result}, words...)...).wait(cli.ExitOK)
		var r sim.Result
		text, err := os.ReadFile(result)
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s, *r.Publishers[0]
	}
	s, p := run()
	if p.Accepted != 1 || p.Source == nil || len(p.Source.Sessions) != 1 {
		t.Errorf("%+v, %+v", p, p.Source)
	}
	wantWords(t, s, "the next message of feed is due at 18 h 12 min", "--max-gap 5s",
		"packet 2 goes to 239.1.1.2:5000, which --only leaves out",
		"packets left out: 1 to other addresses")
	s, p = run("--max-gap", "100ms")
	if p.Accepted != 3 || p.Source.GapsShortened != 2 || p.Source.Sessions[0].Missing != 1 {
		t.Errorf("%+v, %+v", p, p.Source)
	}
	wantWords(t, s, "its source lacks message 2 of session S000000001",
		"2 silences were longer than 100ms, the longest 18 h 12 min: shortened")
}

// The small captures that others made for this purpose come whole to a subscriber.
func TestPubCasesOfCaptures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file  string
		words []string
		n     int
		said  string
	}{
		{"tsres-2e32.pcapng", []string{"--speed", "20"}, 21, "21 messages"},
		{"ts-back.pcap", []string{"--speed", "20"}, 22, "packet 2 was recorded 1 h before"},
		{"ts-future.pcap", []string{"--max-gap", "50ms"}, 4,
			"the longest 18 h 12 min: shortened"},
		{"ngminor2.pcapng", nil, 3, "3 messages"},
		{"caplen-gt-len.pcap", nil, 3,
			"packets left out: 1 whose record says that it has more than there was"},
		{"mold-and-other.pcap", []string{"--split", "moldudp64", "--only", "239.1.1.1:5000",
			"--speed", "max"}, 3, "packets left out: 1 to other addresses"},
		{"mold-gap-end.pcap", []string{"--split", "moldudp64", "--speed", "max"}, 4,
			"its source begins session S000000002"},
		{"iex-gro.pcap", []string{"--split", "iextp", "--speed", "max"}, 5,
			"packet 2 is 2 datagrams"},
	} {
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("..", "..", "..", "shared", "cases", c.file)
			if _, err := os.Stat(path); err != nil {
				t.Skipf("the cases are not on this machine: %v", err)
			}
			printed, pub,
				_ := published(t, append([]string{"--from", path, "--format", "pcap"},
				c.words...)...)
			if n := strings.Count(printed, "\n"); n != c.n {
				t.Errorf("%d messages: %q", n, printed)
			}
			wantWords(t, pub, c.said)
		})
	}
}
