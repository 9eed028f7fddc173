package feed

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"crier/cmd/crier/feed/feedtest"
)

func TestKeys(t *testing.T) {
	iex := func(kind byte, rest string) string {
		return string(kind) + "\x00\x01\x02\x03\x04\x05\x06\x07\x08" + rest
	}
	for _, c := range []struct{ spec, split, message, key, why string }{
		{"s", "", `{"s":"KORA","u":18}`, "KORA", ""},
		{"data.s", "", `{"x":{"s":"no"},"data":{"a":[1,{"s":"no"}],"s" : "BTCUSDT"}}`, "BTCUSDT",
			""},
		{"b.1.0", "", `{"b":[["1","2"],["182.31","7"]]}`, "182.31", ""},
		{"n", "", `{"n":-12.5e3}`, "-12.5e3", ""},
		{"n", "", `{"n":true}`, "true", ""},
		{"n", "", ` { "n" : "a\"b\u00fc" } `, `a"bü`, ""},
		{`ü`, "", `{"\u00fc":"x"}`, "x", ""},
		{"n", "", "{\"n\":\"\xfc\"}", "\xfc", ""}, // as it is, though it isn't UTF-8
		{"n", "", `{"n":null}`, "", "its key is null"},
		{"n", "", `{"n":{}}`, "", "its key would be an object or an array"},
		{"n", "", `{"n":""}`, "", `its field "n" is empty`},
		{"n", "", `{"m":1}`, "", `it has no field "n"`},
		{"n", "", `{}`, "", `it has no field "n"`},
		{"n.m", "", `{"n":1}`, "", `it has no field "n.m"`},
		{"n.2", "", `{"n":[1,2]}`, "", `it has no field "n.2"`},
		{"n", "", `hello`, "", "it is no JSON object"},
		{"n", "", `"n"`, "", "it is no JSON object"},
		{"n", "", ``, "", "it isn't JSON"},
		{"n", "", `{"n"`, "", "it isn't JSON"},
		{"n", "", `{"m":{"n":1`, "", "it isn't JSON"},
		{"n", "", `{"m":1 "n":2}`, "", "it isn't JSON"},
		{"n.1", "", `{"n":[1 2]}`, "", "it isn't JSON"},
		{"n", "", `{"n":"abc`, "", "it isn't JSON"},
		{`^L (\w+)`, "", "L KORA B 182.31 1200", "KORA", ""},
		{`^L (\w+)`, "", "Q KORA", "", "the regular expression of --key doesn't match"},
		{`x|(y)`, "", "x", "", "the group of --key is not in what matches"},
		{"2:4", "", "0123456", "2345", ""},
		{"2:4", "", "012345", "2345", ""},
		{"2:4", "", "01234", "", "it ends before byte 6"},
		{"b.-1", "", `{"b":[1]}`, "", `it has no field "b.-1"`},
		{"s", "", `{"a":{"x":"}","y":["]\\"]},"s":"k"}`, "k", ""},
		{"1:2", "moldudp64", "A\x00\x07more", "\x00\x07", ""},
		{"symbol", "iextp", iex('8', "ZVZZT   more"), "ZVZZT", ""},
		{"symbol", "iextp", iex('8', "ZVZZT   "), "ZVZZT", ""},
		{"symbol", "iextp", iex('8', "ZV ZT   "), "",
			"it has no symbol where messages of IEX have it"},
		{"symbol", "iextp", iex('S', ""), "", "it is a system event, of no symbol"},
		{"symbol", "iextp", iex('H', ""), "", "it is too short for a symbol"},
		{"symbol", "iextp", iex('8', "ZVZZT"), "", "it is too short for a symbol"},
		{"symbol", "iextp", iex('8', "        "), "", "its symbol is empty"},
		{"symbol", "iextp", iex('8', "\x01\x02345678"), "",
			"it has no symbol where messages of IEX have it"},
		{"10:8", "iextp", iex('8', "ZVZZT   more"), "ZVZZT   ", ""},
	} {
		find, err := newKeyer(c.spec, c.split)
		if err != nil {
			t.Errorf("%s: %v", c.spec, err)
			continue
		}
		if key, why := find([]byte(c.message)); string(key) != c.key || why != c.why {
			t.Errorf("%s of %q: %q, %q, want %q, %q", c.spec, c.message, key, why, c.key, c.why)
		}
	}
}

func TestKeysRefused(t *testing.T) {
	for spec, want := range map[string][]string{
		"a..b":  {`--key "a..b" is no field of JSON`, "OFFSET:LENGTH"},
		`^\w+`:  {`is no field of JSON`, "no regular expression with a group"},
		`^(\w`:  {"no regular expression (missing closing )"},
		`\(x`:   {"no regular expression with a group", "parentheses"},
		"3:0":   {"--key 3:0 has 0 bytes: use 1 to 255"},
		"3:256": {"--key 3:256 has 256 bytes"},
	} {
		_, err := newKeyer(spec, "")
		if spec == `\(x` {
			want = []string{"has no group that is the key: put it into parentheses"}
		}
		feedtest.WantSentence(t, err, want...)
	}
	_, err := newKeyer("price", "iextp")
	feedtest.WantSentence(t, err, `--key "price" is no field of the messages of iextp: use symbol`)
	_, err = newKeyer("symbol", "moldudp64")
	feedtest.WantSentence(t, err, `--key "symbol" is no field of the messages of moldudp64`, "1:2")
}

// Keys come with the messages of any format, and what has none is told and counted.
func TestReaderKeys(t *testing.T) {
	open := func(opts Options, content string) (keys, told []string, r *Reader, err error) {
		opts.From = feedtest.File(t, "messages", content)
		opts.Tell = func(text string) { told = append(told, text) }
		if r, err = Open(opts, nil); err != nil {
			return nil, nil, nil, err
		}
		defer r.Close()
		for {
			m, err := r.Next()
			if err != nil {
				return keys, told, r, err
			}
			keys = append(keys, string(m.Key))
		}
	}
	keys, told, r, err := open(Options{Key: "s"}, "{\"s\":\"a\"}\nhello\n{\"s\":\"b\"}\n")
	if err != io.EOF || strings.Join(keys, ",") != "a,,b" || r.Summary().WithoutKey != 1 {
		t.Errorf("%q, %v", keys, err)
	}
	if text := strings.Join(append(told, r.Warnings()...), "\n"); !strings.Contains(text,
		"line 2 goes out without a key: it is no JSON object") ||
		!strings.Contains(text, "1 message without a key") {
		t.Errorf("told %s", text)
	}
	keys, _, _, err = open(Options{Key: `^(\w+) `, Format: "timed"}, "1 a x\n2 b y\n")
	if err != io.EOF || strings.Join(keys, ",") != "a,b" {
		t.Errorf("%q, %v", keys, err)
	}
	_, _, _, err = open(Options{Key: "s"}, "1\n2\n")
	feedtest.WantSentence(t, err, "not one of its 2 messages has a key by --key \"s\"",
		"(the last: it is no JSON object)")
	for _, spec := range []string{"^(.*)$", "0:255"} {
		longest := strings.Repeat("x", 255)
		if keys, told, _, _ = open(Options{Key: spec}, longest+"\n"); len(keys) != 1 ||
			keys[0] != longest || len(told) != 0 {
			t.Errorf("%s: %q, told %q", spec, keys, told)
		}
	}
	_, told, _, _ = open(Options{Key: "^(.*)$"}, strings.Repeat("x", 256)+"\nk\n")
	if len(told) != 1 || !strings.Contains(told[0], "its key has 256 bytes, and may have 255") {
		t.Errorf("told %q", told)
	}
	for _, spec := range []string{"1:2:3", "-1:2", "16777216:1", "99999999999999999999:1", "1:",
		":"} {
		_, _, _, err = open(Options{Key: spec}, "1\n")
		feedtest.WantSentence(t, err, "--key \""+spec+"\" is no OFFSET:LENGTH", "such as 10:8")
	}
	_, _, _, err = open(Options{Key: "a..b"}, "1\n")
	feedtest.WantSentence(t, err, `--key "a..b"`)
}

// Each message of the recorded feeds of IEX has its symbol, but system events.
func TestRecordedSymbols(t *testing.T) {
	for file, want := range map[string]struct{ symbols, without int }{
		"iex-deep-20231002-first5000pkts.pcap.gz": {11309, 2},
		"iex-tops16-20170710-sample.pcapng.gz":    {7799, 6},
	} {
		symbols, without := map[string]int{}, 0
		eachKeyed(t, Options{From: feedtest.Recorded(t, file), Format: "pcap", Split: "iextp",
			Key: "symbol"}, func(r Record) {
			if r.Key == nil {
				without++
				return
			}
			symbols[string(r.Key)]++
			if !bytes.HasPrefix(r.Payload[10:], r.Key) {
				t.Fatalf("%q isn't where the symbol is", r.Key)
			}
		})
		if len(symbols) != want.symbols || without != want.without {
			t.Errorf("%s: %d symbols, %d messages without one, want %v", file, len(symbols),
				without, want)
		}
	}
}

// eachKeyed reads a feed whose messages without a key are system events.
func eachKeyed(t *testing.T, opts Options, each func(Record)) {
	t.Helper()
	f, err := Open(opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		r, err := f.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.Key == nil && f.whyNot != "it is a system event, of no symbol" {
			t.Fatal(f.whyNot)
		}
		each(r)
	}
}

// FuzzJSON compares the keys that are found with those of encoding/json.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"s":"a"}`, `{"a":{"s":[1,{"s":2}]},"s":"x\u00e9"}`,
		`{"s":1e5,"s2":[],"t":"\\"}`, `[1,2]`, `{"s":{}}`, `{"\u0073":true}`} {
		f.Add([]byte(seed))
	}
	find, err := jsonKeyer("s")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		key, why := find(message)
		if (why == "") != (len(key) > 0) {
			t.Fatalf("%q: %q, %q", message, key, why)
		}
		d := json.NewDecoder(bytes.NewReader(message))
		d.UseNumber()
		var all map[string]any
		if !utf8.Valid(message) || !json.Valid(message) || d.Decode(&all) != nil ||
			bytes.Count(message, []byte("s")) != 1 || bytes.Contains(message, []byte(`\u0073`)) {
			return // not JSON, or the name comes twice; a key's bytes stay even if not UTF-8
		}
		want := ""
		switch v := all["s"].(type) {
		case string:
			want = v
		case json.Number:
			want = v.String()
		case bool:
			want = map[bool]string{true: "true", false: "false"}[v]
		}
		if string(key) != want {
			t.Fatalf("%q: %q, want %q (%s)", message, key, want, why)
		}
	})
}
