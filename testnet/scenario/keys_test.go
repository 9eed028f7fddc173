package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A keyRow is what docs/SIMULATION.md tells of a key: its values, and the value that it has where
// nothing is said. Good and bad are values that are taken and refused, the ends of a range among
// them, and with holds the further lines that the key needs.
type keyRow struct {
	key, values, standard string
	good, bad             []string
	with                  string
}

// ofTeam are the lines that keys of teams need.
const ofTeam = "    topic: t\n    team: risk\n"

// one returns a list of a few words.
func one(words ...string) []string { return words }

// keyRows are the keys by the sections of docs/SIMULATION.md.
var keyRows = map[string][]keyRow{
	"The scenario": {
		{"story", "text", "", nil, nil, ""},
		{"seed", "number", "1", one("1", "9223372036854775807"), one("-1", "9223372036854775808"),
			""},
		{"duration", "time, more than 0s", "required", one("1ns", "24h"), one("0s", "25h", "-1s"),
			""},
		{"settle", "time, more than 0s", "12s", one("1ns", "24h"), one("0s", "25h"), ""},
		{"end", "`close` or `stay`", "close", one("close", "stay"), one("stop"), ""},
		{"publishers", "list, 1 to 100", "required", nil, nil, ""},
		{"segments", "list", "none", nil, nil, ""},
		{"subscribers", "list; 1 to 10,000 in all", "required", nil, nil, ""},
		{"recorders", "list, up to 100", "none", nil, nil, ""},
		{"announcers", "list; up to 10,000 in all", "none", nil, nil, ""},
		{"listers", "list, up to 100", "none", nil, nil, ""},
		{"events", "list; they happen 1,000,000 times in all", "none", nil, nil, ""},
	},
	"A publisher": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"at", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"lead", "time, more than 0s", "100ms", one("1ns", "24h"), one("0s"), ""},
		{"rate", "`1000/s` or `10/min`, to 100,000,000/s", "required, or `feed`",
			one("1/min", "100000000/s"), one("0/s", "100000001/s", "5"), ""},
		{"burst", "number, 0 to 1,000,000", "1", one("0", "1000000"), one("-1", "1000001"), ""},
		{"size", "sizes, 0B to 16MiB", "200B", one("0B", "16MiB", "64B..1KiB",
			`"64B:70%, 1KiB..8KiB:30%"`), one("16777217B", "2B..1B"), ""},
		{"messages", "number, 1 or more", "as many as `duration` allows", one("1"), one("0"), ""},
		{"feed", "a file, or `market`", "none", nil, nil, ""},
		{"format", "`pcap` or `timed`", "pcap", nil, nil, ""},
		{"split", "`iextp` or `moldudp64`", "none", nil, nil, ""},
		{"only", "list of `ADDRESS:PORT`", "all", nil, nil, ""},
		{"max-gap", "time", "0s, which leaves all", nil, nil, ""},
		{"speed", "number, 0.001 to 1000000", "1", nil, nil, ""},
		{"topic", "name", "none", one("orders", "a.b"), nil, ""},
		{"partitions", "number, 1 to 256; more than 1 with `topic`", "1", one("1", "256"),
			one("0", "257", "-1"), "    topic: t\n"},
		{"groups", "number, 1 to `partitions`", "as many as `partitions`, to 16", one("1", "4"),
			one("0", "5"), "    topic: t\n    partitions: 4\n"},
		{"keys", "number, 1 to 1,000,000", "none", one("1", "1000000"), one("0", "1000001"), ""},
		{"headers", "number, 1 to 32", "none", one("1", "32"), one("0", "33"), ""},
		{"feeds", "number, 1 to 4", "1", one("1", "4"), one("0", "5"), ""},
		{"resend-buffer", "size, 8 full frames or more", "64MiB", one("11208B", "1GiB"),
			one("11207B", "0B"), ""},
		{"datagram", "size, 256B to 65507B", "1472B", one("256B", "65507B"), one("255B", "65508B"),
			""},
		{"batch-wait", "time", "0s", one("0s", "1ms"), one("25h"), ""},
		{"repair-share", "share, more than 0 to 1000%", "50%", one("1%", "1000%"),
			one("0%", "1001%"), ""},
		{"repair-floor", "rate, 1bit to 8Tbit", "128Mbit", one("1bit", "8Tbit"),
			one("0bit", "9Tbit"), ""},
		{"pace", "`none`, `slowest`, `quorum:N`, `named:a,b` or `teams`", "none",
			one("none", "slowest", "quorum:1", "named:lan-0"), one("fastest", "quorum:0"), ""},
		{"when-full", "`block` or `drop`", "block", one("block", "drop"), one("wait"), ""},
		{"stall-timeout", "time, more than 0s; with `pace`", "5s", one("1ms"), one("0s"),
			"    pace: slowest\n"},
		{"wait-for", "number, 0 to the subscribers that there are", "0", one("0", "3"),
			one("-1", "4"), ""},
		{"disk", "size, a full frame or more; with `pace`", "0B", one("0B", "1MiB"), one("1B"),
			"    pace: slowest\n"},
		{"disk-wait", "time; with `disk`", "0s", one("0s", "1ms"), one("25h"),
			"    pace: slowest\n    disk: 1MiB\n"},
		{"max-rate", "rate, a datagram a second to 8Tbit", "no bound", one("11776bit", "8Tbit"),
			one("0bit", "11760bit", "9Tbit"), ""},
		{"write", "time", "0s", one("0s", "1ms"), one("25h"), ""},
		{"socket-queue", "number, 1 or more", "92", one("1"), one("0", "-1"), ""},
		{"clock", "share, -50% to 50%, or `ppm`", "0%", one("3%", "-4.5%", "200ppm", "-50%"),
			one("51%", "3", "x%", "500001ppm"), ""},
		{"teams", "`on` or `off`", "on", one("on", "off"), one("maybe"), ""},
		{"lease", "time, 200ms to 1m", "2s", one("200ms", "1m"), one("199ms", "61s", "0s"), ""},
		{"work-time", "time, 10ms to 24h", "30s", one("10ms", "24h"), one("9ms", "0s"), ""},
		{"attempts", "number, 1 to 65,536", "5", one("1", "65536"), one("0", "65537", "-1"), ""},
		{"team-expiry", "time", "0s, which keeps it", one("0s", "1h"), one("25h"), ""},
		{"save-teams", "time", "0s, which saves none", one("0s", "100ms"), one("25h"), ""},
		{"continue", "`never`, `always` or `or-new`", "never", one("never", "always", "or-new"),
			one("yes"), ""},
	},
	"A segment": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"link", "[a link](#a-link)", "perfect", nil, nil, ""},
	},
	"A group of subscribers": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"count", "number, 1 or more", "1", one("1", "10000"), one("0", "-1", "10001"), ""},
		{"at", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"every", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"segment", "a segment's name", "none", nil, one("nowhere"), ""},
		{"down", "[a link](#a-link)", "perfect", nil, nil, ""},
		{"up", "[a link](#a-link)", "perfect", nil, nil, ""},
		{"feeds", "list of `segment`, `down` and `up`, up to 3", "none", nil, nil, ""},
		{"topic", "name", "none, which hears publishers without a topic", one("orders"), nil, ""},
		{"partitions", "numbers and ranges, 0 to 255; with `topic`", "all of them",
			one("0", "3,7-9", "0-255"), one("256", "3,3", "9-7"), "    topic: t\n"},
		{"join-delay", "time", "0s", one("0s", "5ms"), one("25h"), ""},
		{"work", "time", "0s", one("0s", "1ms"), one("25h"), ""},
		{"work-up-to", "time, more than `work`", "as `work`", one("3ms"), one("2ms", "1ms"),
			"    work: 2ms\n"},
		{"overload", "`block`, `buffer`, `drop-oldest` or `drop-newest`", "block",
			one("block", "buffer", "drop-oldest", "drop-newest"), one("drop"), ""},
		{"team", "name; with `topic`", "none", one("risk"), nil, "    topic: t\n"},
		{"share", "`partition` or `message`; with `team`", "partition", one("partition", "message"),
			one("watch"), ofTeam},
		{"weight", "number, 1 to 1,000; with `team`", "1", one("1", "1000"), one("0", "1001", "-1"),
			ofTeam},
		{"room", "number, 1 to 1,024; with `share` of `message`", "8", one("1", "1024"),
			one("0", "1025"), ofTeam + "    share: message\n"},
		{"window", "number, 1 to 1,048,576; with `team`", "16384", one("1", "1048576"),
			one("0", "1048577"), ofTeam},
		{"orphans", "`deliver` or `report`; with `team`", "deliver", one("deliver", "report"),
			one("drop"), ofTeam},
		{"poison", "number, 1 or more; with `share` of `message`", "none", one("1", "50"),
			one("0", "-1"), ofTeam + "    share: message\n"},
		{"tell-every", "time; with `share` of `message`", "0s, which is never", one("0s", "1s"),
			one("25h"), ofTeam + "    share: message\n"},
		{"start", "`latest`, `oldest`, `offset:N`, `time:T`, `resume` or `resume:oldest`", "latest",
			one("latest", "oldest", "offset:7", "time:2026-01-01T00:00:02Z", "resume"),
			one("newest", "offset:x"), ""},
		{"save-after", "time", "0s, which saves none", one("0s", "100ms"), one("25h"), ""},
		{"order", "`in-order` or `on-arrival`", "in-order", one("in-order", "on-arrival"),
			one("offset"), ""},
		{"recovery", "`on` or `off`", "on", one("on", "off"), one("maybe"), ""},
		{"max-wait", "time", "0s, which is no bound", one("0s", "1ms"), one("25h"), ""},
		{"silence", "time, more than 0s", "2s", one("1ms"), one("0s"), ""},
		{"history", "size, 128KiB or more", "0B, which keeps none", one("0B", "128KiB"),
			one("131071B"), ""},
		{"buffer", "size, 64KiB or more", "32MiB", one("64KiB"), one("65535B"), ""},
		{"memory-total", "size, `buffer` or more", "four times `buffer`", one("32MiB"),
			one("31MiB", "0B"), ""},
		{"socket-queue", "number, 1 or more", "92", one("1"), one("0", "-1"), ""},
		{"clock", "share, -50% to 50%, or `ppm`", "0%", one("3%", "0%"), one("51%"), ""},
	},
	"A recorder": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"at", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"segment", "a segment's name", "none", nil, one("nowhere"), ""},
		{"down", "[a link](#a-link)", "perfect", nil, nil, ""},
		{"up", "[a link](#a-link)", "perfect", nil, nil, ""},
		{"topic", "name", "none, which hears publishers without a topic", one("orders"), nil, ""},
		{"partitions", "numbers and ranges, 0 to 255; with `topic`", "all of them", one("0", "3,7-9"),
			one("256"), "    topic: t\n"},
		{"join-delay", "time", "0s", one("0s", "5ms"), one("25h"), ""},
		{"keep", "size, two segments or more", "0B, which is all", one("0B", "10MiB"), one("100B"),
			""},
		{"segment-size", "size, 4KiB to 1GiB", "a 16th of `keep`, to 64MiB", one("4KiB", "1GiB"),
			one("4095B", "2GiB"), ""},
		{"fsync", "`each`, `interval:TIME` or `none`", "interval:50ms",
			one("each", "interval:1ms", "none"), one("interval:0s", "always"), ""},
		{"disk", "size, two segments or more", "0B, which is no bound", one("0B", "10MiB"),
			one("100B"), ""},
		{"disk-rate", "rate, to 8Tbit", "no bound", one("1bit", "8Tbit"), one("9Tbit"), ""},
		{"disk-wait", "time", "0s", one("0s", "5ms"), one("25h"), ""},
		{"window", "size, 64KiB or more", "256MiB", one("64KiB"), one("65535B"), ""},
		{"tail", "size, 2MiB or more", "64MiB", one("2MiB"), one("2097151B"), ""},
		{"socket-queue", "number, 1 or more", "92", one("1"), one("0", "-1"), ""},
	},
	"An announcer": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"count", "number, 1 to 10,000", "1", one("1", "10000"), one("0", "10001"), ""},
		{"at", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"every", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"topic", "name", "required", one("orders"), one("a*"), ""},
		{"partitions", "number, 1 to 256", "1", one("1", "256"), one("0", "257"), ""},
		{"groups", "number, 1 to `partitions`", "as many as `partitions`, to 16", one("1"),
			one("0", "2"), ""},
		{"down", "[a link](#a-link)", "perfect", nil, nil, ""},
	},
	"A lister": {
		{"name", "a word with a letter", "required", nil, nil, ""},
		{"at", "time", "0s", one("0s", "24h"), one("25h"), ""},
		{"pattern", "topic, with `*` for any characters", "all topics", one("a.*", "a"),
			one("a,b"), ""},
		{"down", "[a link](#a-link)", "perfect", nil, nil, ""},
	},
	"A link": {
		{"loss", "share, 0 to 100%", "none", one("0%", "100%", "0.01"), one("101%"), ""},
		{"burst", "`SHARE/LENGTH`, a length of 1 to 1e9", "none", one("4%/12", "50%/1"),
			one("4%", "4%/0.5", "90%/2"), ""},
		{"script", "statements", "none", one("drop 7; drop 20-29", `"drop 100+"`), one("lose 7"),
			""},
		{"delay", "`TIME` or `TIME..TIME`, to 1h", "0s", one("0s", "2ms..3ms", "1h"),
			one("61m", "3ms..2ms"), ""},
		{"tail", "`MEAN/MOST`, times of more than 0s", "none", one("1ms/50ms"),
			one("0s/50ms", "1ms"), ""},
		{"unordered", "`true` or `false`", "false", one("true", "false"), one("yes"), ""},
		{"reorder", "`SHARE/TIME`, more than 0s", "none", one("1%/500us"), one("1%/0s", "1%"), ""},
		{"duplicate", "`SHARE/TIME`", "none", one("1%/0s", "1%/100us"), one("1%"), ""},
		{"corrupt", "share, 0 to 100%", "none", one("0%", "100%"), one("101%"), ""},
		{"rate", "rate, to 1Tbit; the queue must leave within 1h", "no bound",
			one("150bit", "1Tbit"), one("0bit", "140bit", "2Tbit"), ""},
		{"queue", "size, 1B to 1GiB; with `rate`", "64KiB", one("1B", "1GiB"), one("0B", "2GiB"),
			"rate: 1Gbit"},
		{"lost", "a file", "none", one("x"), nil, ""},
		{"delays", "a file", "none", one("x"), nil, ""},
		{"every", "time; with a record", "a sample a datagram", one("1ms", "0s"), one("25h"),
			"lost: x"},
		{"noise", "a file; with `every`", "none", one("x"), nil, "every: 1ms"},
		{"threshold", "`LEVEL` or `LEVEL..LEVEL`, -32768 to 32767 dBm", "0",
			one("-80", "-85..-75", "32767"), one("32768", "x"), "noise: x, every: 1ms"},
		{"rutgers", "a file; with `sender`", "none", one("x"), nil, "sender: 1-2"},
		{"sender", "a node, such as `1-2`", "required with `rutgers`", one("1-2"), nil,
			"rutgers: x"},
		{"noise-dbm", "number, dBm", "0", one("-20", "0"), one("x"), "rutgers: x, sender: 1-2"},
	},
	"An event": {
		{"at", "time", "required", one("0s", "24h"), one("25h"), ""},
		{"every", "time; with `times`", "none", one("1ms"), one("0s"), "times: 2"},
		{"times", "number, 1 to 1,000,000; with `every`", "1", one("2", "1000000"),
			one("0", "1000001", "-1"), "every: 1us"},
		{"do", "an action, below", "required", one("pause"), one("explode"), ""},
		{"who", "`name` or `[name, name]`", "required", one("feed", "[feed, lan-0]"),
			one("nobody"), ""},
		{"from", "names of publishers; for a cut, of any process", "all publishers", nil, nil, ""},
		{"for", "time", "until another event ends it", one("0s", "1ms"), one("25h"), ""},
		{"messages", "number, 1 to 1,000,000", "required of `burst`", nil, nil, ""},
		{"size", "sizes, as of a publisher", "the publisher's", nil, nil, ""},
		{"frames", "number, 1 to 1,000,000", "1", nil, nil, ""},
		{"down", "[a link](#a-link)", "as it was", nil, nil, ""},
		{"up", "[a link](#a-link)", "as it was", nil, nil, ""},
		{"link", "[a link](#a-link)", "as it was", nil, nil, ""},
	},
}

// text returns a scenario that says a key's value.
func (k *keyRow) text(section, value string) string {
	replace := func(old, new string) string { return strings.Replace(base, old, new, 1) }
	said := k.key + ": " + value
	switch section {
	case "The scenario":
		if k.key == "duration" {
			return replace("duration: 1s", said)
		}
		return said + "\n" + base
	case "A publisher":
		if k.key == "rate" {
			return replace("rate: 100/s", said)
		}
		return replace("rate: 100/s", "rate: 100/s\n"+k.with+"    "+said)
	case "A group of subscribers":
		if k.key == "count" {
			return replace("count: 3", said)
		}
		return replace("count: 3", "count: 3\n"+k.with+"    "+said)
	case "A recorder":
		return base + "recorders:\n  - name: rec\n" + k.with + "    " + said + "\n"
	case "An announcer":
		if k.key == "topic" {
			return base + "announcers:\n  - name: ann\n    " + said + "\n"
		}
		return base + "announcers:\n  - name: ann\n    topic: t\n    " + said + "\n"
	case "A lister":
		return base + "listers:\n  - name: ls\n    " + said + "\n"
	case "A link":
		return replace("{delay: 1ms}", "{"+strings.Join(without(k.with, said), ", ")+"}")
	default:
		event := []string{"at: 500ms", "do: pause", "who: feed"}
		event = slices.DeleteFunc(event, func(e string) bool {
			return strings.HasPrefix(e, k.key+":")
		})
		event = append(event, without(k.with, said)...)
		return base + "events:\n  - {" + strings.Join(event, ", ") + "}\n"
	}
}

// without returns the words that aren't empty.
func without(words ...string) []string {
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// The tables of docs/SIMULATION.md tell the values and the defaults that keys have, and the code
// takes and refuses what they tell.
func TestDocumentTellsKeys(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "SIMULATION.md"))
	if err != nil {
		t.Fatal(err)
	}
	for section, rows := range keyRows {
		_, doc, _ := strings.Cut(string(b), "\n### "+section+"\n")
		doc, _, _ = strings.Cut(doc, "\n### ")
		for i := range rows {
			k := &rows[i]
			if row := fmt.Sprintf("\n| `%s` | %s | %s | ", k.key, k.values, k.standard); !strings.
				Contains(doc, row) {
				t.Errorf("%s: there is no row %s", section, row[1:])
			}
			for _, value := range k.good {
				if _, err := Parse("x", []byte(k.text(section, value))); err != nil {
					t.Errorf("%s: %s: %v", section, k.key, err)
				}
			}
			for _, value := range k.bad {
				if _, err := Parse("x", []byte(k.text(section, value))); err == nil {
					t.Errorf("%s: %s: %s is taken", section, k.key, value)
				}
			}
			k.holdStandard(t, section)
		}
	}
}

// holdStandard holds the default of a key to that of the protocol's configurations.
func (k *keyRow) holdStandard(t *testing.T, section string) {
	t.Helper()
	if k.standard == "" || len(k.good) == 0 || strings.ContainsAny(k.standard, " `") ||
		slices.Contains([]string{"none", "required", "perfect"}, k.standard) && k.key != "pace" {
		return
	}
	if means, ok := unsaid[k.key]; ok && section != "An event" {
		same := means == k.standard || means == "0.5" && k.standard == "50%"
		if !same {
			t.Errorf("%s: %s means %s where nothing is said, not %s", section, k.key, means,
				k.standard)
		}
	}
	if section != "A publisher" && section != "A group of subscribers" {
		return
	}
	said := parse(t, k.text(section, k.standard))
	unsaid := parse(t, strings.Replace(k.text(section, k.standard), k.key+": "+k.standard, "", 1))
	if section == "A publisher" && k.key != "rate" {
		a, b := said.Publishers[0].sender(), unsaid.Publishers[0].sender()
		a.Session, b.Session = 1, 1
		a, _ = a.Complete()
		b, _ = b.Complete()
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s is not %s where nothing is said", section, k.key, k.standard)
		}
	}
	if section == "A group of subscribers" && k.key != "count" {
		a, b := said.Subscribers[0].receiver(0), unsaid.Subscribers[0].receiver(0)
		a.ID, b.ID = 1, 1
		a, _ = a.Complete()
		b, _ = b.Complete()
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %s is not %s where nothing is said", section, k.key, k.standard)
		}
	}
}
