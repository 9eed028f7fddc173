package events

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/reliable"
	"crier/reliable/frame"
	"crier/subscriber"
)

// keyed returns a message with a key and headers.
func keyed(t *testing.T, key string, headers ...reliable.Header) *subscriber.Event {
	t.Helper()
	p, err := frame.AppendProperties(nil, []byte(key), headers)
	if err != nil {
		t.Fatal(err)
	}
	return &subscriber.Event{Kind: subscriber.Message, Session: 7, Partition: 3, Offset: 1234,
		Title: &subscriber.Title{Topic: "orders"}, Payload: []byte("hello"), Properties: p}
}

// Lines have the fields that are asked for, in that order; what would break a line or a column is
// quoted.
func TestFieldsOfLines(t *testing.T) {
	for _, c := range []struct {
		show string
		ev   *subscriber.Event
		want string
	}{
		{"partition", keyed(t, "AAPL"), "3\thello\n"},
		{"topic,partition,offset,key", keyed(t, "AAPL"), "orders\t3\t1234\tAAPL\thello\n"},
		{"key,partition", keyed(t, "a\tb\n"), `"a\tb\n"` + "\t3\thello\n"},
		{"key", keyed(t, "\xff\x00"), `"\xff\x00"` + "\thello\n"},
		{"key", keyed(t, `"a`), `"\"a"` + "\thello\n"},
		{"key", keyed(t, "Zürich 1"), "Zürich 1\thello\n"},
		{"key,headers", keyed(t, ""), "\t\thello\n"},
		{"headers", keyed(t, "", reliable.Header{Name: "a", Value: []byte("1")},
			reliable.Header{Name: "b c", Value: []byte("x=y z")}, reliable.Header{Name: "d"}),
			`a=1 "b c"="x=y z" d=` + "\thello\n"},
		{"topic", &subscriber.Event{Kind: subscriber.Message, Payload: []byte("x")}, "\tx\n"},
	} {
		var out bytes.Buffer
		p := NewPrinter("crier sub", "lines", cli.Streams{Out: &out}, true, func() {})
		if err := p.Show.Set(c.show); err != nil {
			t.Fatal(err)
		}
		if err := p.Event(t.Context(), c.ev); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("--show %s: %q, want %q", c.show, out.String(), c.want)
		}
	}
}

// JSON has keys and headers as text, or in base64 what isn't text.
func TestFieldsOfJSON(t *testing.T) {
	line := lineOf(keyed(t, "AAPL", reliable.Header{Name: "a", Value: []byte("1")},
		reliable.Header{Name: "b", Value: []byte{0xff}}), "")
	text, err := json.Marshal(line)
	want := `"key":"AAPL","headers":{"a":"1"},"headers_base64":{"b":"/w=="},"text":"hello"`
	if err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%s, %v", text, err)
	}
	if line := lineOf(keyed(t, "\xff"), ""); line.Key != nil || *line.KeyBase64 != "/w==" {
		t.Errorf("%+v", line)
	}
	if line := lineOf(keyed(t, ""), ""); line.Key != nil || line.KeyBase64 != nil ||
		line.Headers != nil {
		t.Errorf("%+v", line)
	}
}

// Fields that aren't there, and formats that have no place for them, are refused.
func TestFieldsRefused(t *testing.T) {
	var f Fields
	for text, want := range map[string]string{"name": `"name" is not a field: use topic, `,
		"": `"" is not a field`, "key,key": "key twice"} {
		if err := f.Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("--show %q: %v", text, err)
		}
	}
	if err := f.Set("key,offset"); err != nil || f.String() != "key,offset" ||
		f.Check("lines") != nil {
		t.Error(f.String(), err)
	}
	for format, want := range map[string]string{"json": "json has all", "len": "payloads alone"} {
		if err := f.Check(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", format, err)
		}
	}
}
