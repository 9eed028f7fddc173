package scenario

import (
	"errors"
	"strings"
	"testing"
)

// base is a small scenario; the tests replace a line of it, or add some.
const base = `duration: 1s
publishers:
  - name: feed
    rate: 100/s
subscribers:
  - name: lan
    count: 3
    down: {delay: 1ms}
`

func TestWhatIsWrongIsNamedWithItsLine(t *testing.T) {
	for _, c := range []struct {
		old, new string // in base; old "" appends
		line     int
		says     string
	}{
		{"duration: 1s", "duration: 1", 1, `duration: "1" is not a time: give one from 0s to 24h`},
		{"duration: 1s", "duration: 25h", 1, `is not a time`},
		{"duration: 1s", "settle: 1s", 0, `duration is missing`},
		{"duration: 1s", "duraton: 1s", 1,
			`there is no key "duraton" in a scenario; there are story, seed, duration`},
		{"duration: 1s", "duration: [1s]", 1, `duration is to be a plain value`},
		{"duration: 1s", "duration:", 1, `duration has no value`},
		{"duration: 1s", "duration: 1s\nend: stop", 2, `end: "stop" is neither close nor stay`},
		{"rate: 100/s", "rate: 100", 4, `publishers[0].rate: "100" is not a rate`},
		{"rate: 100/s", "rate: 0/s", 4, `is not a rate`},
		{"rate: 100/s", "rate: 101M/s", 4, `is not a rate`},
		{"rate: 100/s", "rate: 18446744073709551615M/s", 4, `is not a rate`},
		{"rate: 100/s", "burst: 3", 3, `publishers[0]: it publishes nothing: give a rate`},
		{"rate: 100/s", "rate: 100/s\n    feed: x.pcap", 4,
			`publishers[0].rate: a feed has its own pace`},
		{"rate: 100/s", "rate: 100/s\n    size: 64B:70%, 1KiB:20%", 5,
			`come to 90%, and must to 100%`},
		{"rate: 100/s", "rate: 100/s\n    size: 2KiB..1KiB", 5, `is not a range of sizes`},
		{"rate: 100/s", "rate: 100/s\n    resend-buffer: 64M", 5, `"64M" is not a size`},
		{"rate: 100/s", "rate: 100/s\n    speed: 2", 3,
			`format, split, only, max-gap and speed are of a feed, and there is none`},
		{"rate: 100/s", "rate: 100/s\n    messages: 0", 5,
			`publishers[0].messages: 0 is what it has where nothing is said, which means as ` +
				`many as there is time for`},
		{"rate: 100/s", "rate: 100/s\n    max-rate: 1MB", 5,
			`"1MB" is not a rate: give a number of bit, kbit, Mbit`},
		{"rate: 100/s", "rate: 100/s\n    max-rate: 2kbit", 5,
			`publishers[0].max-rate: a rate of 2kbit is outside 11.776kbit to 8Tbit`},
		{"rate: 100/s", "rate: 100/s\n    max-rate: 2kbit\n    datagram: 256B", 5,
			`publishers[0].max-rate: a rate of 2kbit is outside 2.048kbit to 8Tbit`},
		{"rate: 100/s", "rate: 100/s\n    datagram: 255B", 5,
			`publishers[0].datagram: 255 bytes are outside 256 to 65507`},
		{"rate: 100/s", "rate: 100/s\n    resend-buffer: 1KiB", 5,
			`publishers[0].resend-buffer: a resend buffer of 1024 bytes is too small`},
		{"rate: 100/s", "rate: 100/s\n    repair-floor: 9Tbit", 5,
			`publishers[0].repair-floor: a rate of 9Tbit is more than 8Tbit`},
		{"count: 3", "buffer: 1KiB", 7,
			`subscribers[0].buffer: a buffer of 1024 bytes is smaller than 64 KiB`},
		{"count: 3", "overload: drop-oldest\n    order: on-arrival", 7,
			`subscribers[0].overload: drop-oldest needs the order in-order`},
		{"rate: 100/s", "rate: 100/s\n    disk: 1MiB", 5,
			`nothing goes to disk where nobody's pace counts`},
		{"rate: 100/s", "rate: 100/s\n    stall-timeout: 1s", 5,
			`nobody holds the others where nobody's pace counts`},
		{"rate: 100/s", "rate: 100/s\n    pace: slowest\n    disk-wait: 1ms", 6,
			`there is no disk`},
		{"rate: 100/s", "rate: 100/s\n    pace: named:lan", 5,
			`there is no subscriber or recorder "lan" whose pace could count; of a group of ` +
				`several, name members`},
		{"rate: 100/s", "rate: 100/s\n    wait-for: 4", 5,
			`it would wait for 4 subscribers without end: there are 3`},
		{"count: 3", "count: 0", 7,
			`subscribers[0].count: 0 is what it has where nothing is said, which means 1: ` +
				`leave it out, or give more`},
		{"rate: 100/s", "rate: 100/s\n    repair-floor: 0", 5, `which means 128Mbit`},
		{"rate: 100/s", "rate: 100/s\n    repair-share: 0%", 5, `which means 0.5`},
		{"rate: 100/s", "rate: 100/s\n    resend-buffer: 0B", 5, `which means 64MiB`},
		{"count: 3", "buffer: 0B", 7, `which means 32MiB`},
		{"name: feed", "nam: feed", 3, `there is no key "nam" in publishers[0]`},
		{"name: feed", "name: a b", 3, `"a b" is not a name`},
		{"name: lan", "name: feed", 6, `the name "feed" is taken already`},
		{"count: 3", "count: many", 7, `subscribers[0].count: "many" is not a whole number`},
		{"count: 3", "count: 10001", 6, `there are 10001 subscribers and more`},
		{"count: 3", "segment: port", 7, `there is no segment "port"`},
		{"count: 3", "start: newest", 7,
			`"newest" is not a start: use latest, oldest, offset:N, time:T or resume`},
		{"{delay: 1ms}", "{delay: 1}", 8, `subscribers[0].down.delay: "1" is not a time`},
		{"{delay: 1ms}", "{loss: 101%}", 8, `subscribers[0].down.loss: "101%" is not a share`},
		{"{delay: 1ms}", "\n      delay: 1ms\n      burst: 90%/2", 10,
			`bursts of 2 datagrams on average can't lose more than`},
		{"{delay: 1ms}", "{dely: 1ms}", 8,
			`there is no key "dely" in subscribers[0].down; there are loss, burst, script, ` +
				`delay, tail`},
		{"{delay: 1ms}", "{queue: 64KiB}", 8, `queue needs a rate`},
		{"{delay: 1ms}", "{lost: a.txt, noise: b.txt, every: 1ms}", 8, `give one of them`},
		{"{delay: 1ms}", "{every: 1ms}", 8, `every is of a record, and there is none`},
		{"{delay: 1ms}", "down", 8, `subscribers[0].down is to be a mapping`},
		{"publishers:\n", "publishers: 3\nsegments:\n", 2, `publishers is to be a list`},
		{"", "events:\n  - {at: 1s, do: explode, who: lan}\n", 10,
			`"explode" is not known: use one of crash, lose-power, restart`},
		{"", "events:\n  - {at: 1s, do: crash, who: nobody}\n", 10,
			`there is nobody named "nobody"`},
		{"", "events:\n  - {at: 1s, do: crash, who: lan-3}\n", 10, `there is nobody named "lan-3"`},
		{"", "events:\n  - {at: 1s, do: close, who: lan-1}\n", 10,
			`lan-1 is a subscriber, and close happens to a publisher`},
		{"", "events:\n  - {at: 1s, do: crash}\n", 10, `who does it happen to?`},
		{"", "events:\n  - {at: 1s, do: crash, who: feed, messages: 3}\n", 10,
			`messages is of burst, not of crash`},
		{"", "events:\n  - {at: 1s, do: burst, who: feed}\n", 10,
			`0 messages are outside 1 to 1000000`},
		{"", "events:\n  - {at: 1s, do: pause, who: feed, times: 3}\n", 10,
			`times and every go together`},
		{"", "events:\n  - {at: 1s, do: pause, who: feed, times: 1000000, every: 1h}\n", 10,
			`it goes on for longer than 24h`},
		{"", "events:\n  - {at: 1s, do: partition, who: lan}\n", 10, `this partition never ends`},
		{"", "events:\n  - {at: 1s, do: link, who: lan}\n", 10, `say what the links become`},
		{"", "events:\n  - {at: 1s, do: link, who: lan, down: {lost: x, rutgers: y}}\n", 10,
			`give one of them`},
		{"", "duration: 2s\n", 9, `already defined`},
		{"", "story: &a x\n", 9, `story is to be a plain value`},
		{"", "  \tx: 1\n", 9, ``},
	} {
		text := base + c.new
		if c.old != "" {
			if !strings.Contains(base, c.old) {
				t.Fatalf("base has no %q", c.old)
			}
			text = strings.Replace(base, c.old, c.new, 1)
		}
		_, err := Parse("x.yaml", []byte(text))
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: %v", c.new, err)
			continue
		}
		if e.Line != c.line || !strings.Contains(e.Text, c.says) {
			t.Errorf("%q: line %d: %s\nwant line %d: %s", c.new, e.Line, e.Text, c.line, c.says)
		}
	}
	for _, text := range []string{"", "- 1", "a: b\n---\nc: d", strings.Repeat("#", maxFile+1)} {
		if _, err := Parse("x.yaml", []byte(text)); err == nil {
			t.Errorf("%.20q is not a scenario", text)
		}
	}
}

// Any text is refused or read; what is read can be written, and read again.
func FuzzParse(f *testing.F) {
	f.Add(base)
	for _, name := range Builtins() {
		text, err := BuiltinText(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzz", []byte(text))
		if err != nil {
			return
		}
		again, err := Parse("fuzz", []byte(s.Text()))
		if err != nil {
			t.Fatalf("%v\n%s", err, s.Text())
		}
		if again.Text() != s.Text() {
			t.Errorf("%s\nbecame\n%s", s.Text(), again.Text())
		}
	})
}

func TestValuesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, c := range []struct {
		old, new, want string
	}{
		{"rate: 100/s", "rate: 600/min", "rate: 600/min"},
		{"rate: 100/s", "rate: 10k/s", "rate: 10000/s"},
		{"rate: 100/s", "rate: 6000M/min", "rate: 6000000000/min"},
		{"rate: 100/s", "rate: 1/s\n    size: 64", "size: 64B"},
		{"rate: 100/s", "rate: 1/s\n    size: 1024..1MiB", "size: 1KiB..1MiB"},
		{"rate: 100/s", "rate: 1/s\n    size: 64B:70%, 1KiB..8KiB:30%",
			"size: 64B:70%, 1KiB..8KiB:30%"},
		{"rate: 100/s", "rate: 1/s\n    repair-share: 25%", `repair-share: "0.25"`},
		{"rate: 100/s", "rate: 1/s\n    max-rate: 2.5Mbit", "max-rate: 2.5Mbit"},
		{"rate: 100/s", "rate: 1/s\n    max-rate: 0.1Gbit", "max-rate: 100Mbit"},
		{"rate: 100/s", "feed: market\n    speed: 0.5", `speed: "0.5"`},
		{"count: 3", "work: 1500us", "work: 1.5ms"},
		{"{delay: 1ms}", "{noise: x, every: 1ms, threshold: -85..-75}", "threshold: -85..-75"},
		{"{delay: 1ms}", "{script: drop 7; drop 20-29}", "script: drop 7; drop 20-29"},
		{"", "events:\n  - {at: 1s, do: pause, who: [lan-1, feed], for: 1ms}\n",
			"who:\n      - lan-1\n      - feed"},
	} {
		text := base + c.new
		if c.old != "" {
			text = strings.Replace(base, c.old, c.new, 1)
		}
		s, err := Parse("x", []byte(text))
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(s.Text(), c.want) {
			t.Errorf("%s\nhas no %q", s.Text(), c.want)
		}
		if s.Clone().Text() != s.Text() {
			t.Errorf("%s\nbecame\n%s", s.Text(), s.Clone().Text())
		}
	}
}
