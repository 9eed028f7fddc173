package events

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"crier/cmd/crier/cli"
	"crier/subscriber"
)

// certificate returns one of three members, of which one has not confirmed it.
func certificate() *subscriber.Certificate {
	return &subscriber.Certificate{
		Number: 1, Counted: 3, Hash: 0xabc, Took: 214 * time.Millisecond,
		Members: []subscriber.Survivor{
			{ID: 1, Role: subscriber.RolePeer, Confirmed: true},
			{ID: 2, Name: "rec", Role: subscriber.RoleRecorder, Confirmed: true,
				Addr: netip.MustParseAddrPort("127.0.0.1:40001")},
			{ID: 0xdef, Name: "beta\x1b[31m", Role: subscriber.RolePeer,
				Addr: netip.MustParseAddrPort("[fd00:1234:5678:9abc:def0:1234:5678:9abc]:40002")},
		},
		Frames: subscriber.Range{From: 6990, To: 7010}, NextOffset: 12346,
		Nobody:       []subscriber.Range{{From: 7001, To: 7004}},
		Lost:         []subscriber.Range{{From: 12300, To: 12303}, {From: 12310, To: 12311}},
		LostMessages: 4,
	}
}

// printed returns what a printer writes of events: standard output, and words.
func printed(t *testing.T, format string, events ...*subscriber.Event) (out, words string) {
	t.Helper()
	var o, w bytes.Buffer
	p := NewPrinter("crier sub", format, cli.Streams{Out: &o, Err: &w}, false, func() {})
	for _, ev := range events {
		ev.Session, ev.Publisher = 0x34f41dfe47d3aeba, "trades"
		if err := p.Event(context.Background(), ev); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return o.String(), w.String()
}

// An inquest is told from its beginning to what is learnt after its end, in words that fit a
// terminal.
func TestCertificateInWords(t *testing.T) {
	later := certificate()
	later.Number, later.Agreed, later.NextOffset, later.Found = 2, true, 12350, 1
	later.Nobody, later.Members = nil, append(later.Members, subscriber.Survivor{ID: 7,
		Addr: netip.MustParseAddrPort("127.0.0.1:40003"), Role: subscriber.RolePeer})
	withdrawn := *later
	withdrawn.Withdrawn = true
	_, got := printed(t, "lines",
		&subscriber.Event{Kind: subscriber.SessionInquest},
		&subscriber.Event{Kind: subscriber.SessionSilent, Certificate: certificate()},
		&subscriber.Event{Kind: subscriber.SessionAmended, Certificate: later},
		&subscriber.Event{Kind: subscriber.SessionResumed, Certificate: &withdrawn})
	const want = `crier sub: session 34f41dfe47d3aeba (trades) isn't heard any more: its survivors hold an inquest
crier sub: session 34f41dfe47d3aeba (trades) is silent: its publisher crashed, is cut off, or is suspended
  certificate  1, after 214 ms, not agreed: 2 of 3 members confirmed it
  members      beta�[31m at [fd00:1234:5678:9abc:def0:1234:5678:9abc]:40002, not
               confirmed
               0000000000000001, this subscriber
               recorder rec at 127.0.0.1:40001
  counted      3 subscribers, by the publisher's last word
  end          offset 12,345 is the last that a member knows of
  nobody has   3 frames: numbers 7,001 to 7,003
  lost here    4 messages: offsets 12,300 to 12,302; 12,310
crier sub: session 34f41dfe47d3aeba (trades): its certificate is amended
  certificate  2, after 214 ms, agreed by all 4 members
  changed      1 member that wasn't heard before; 4 messages more are known; 3
               frames less that nobody has; 1 frame found
  members      0000000000000001, this subscriber
               recorder rec at 127.0.0.1:40001
               beta�[31m at [fd00:1234:5678:9abc:def0:1234:5678:9abc]:40002
               0000000000000007 at 127.0.0.1:40003
  counted      3 subscribers, by the publisher's last word
  end          offset 12,349 is the last that a member knows of
  nobody has   nothing: each frame that a member knows of is held by one
  lost here    4 messages: offsets 12,300 to 12,302; 12,310
  found        1 frame that was named lost here, kept for others, and delivered
               no more
crier sub: session 34f41dfe47d3aeba (trades) resumed
  certificate  2 is withdrawn; what was named lost stays lost
`
	if got != want {
		t.Errorf("it printed\n%s\nwant\n%s", got, want)
	}
}

// One that is cut off from a publisher that lives is told who hears it.
func TestNoCertificateInWords(t *testing.T) {
	c := &subscriber.Certificate{Took: 4 * time.Second}
	for i := range 10 {
		c.Live = append(c.Live, subscriber.Survivor{ID: uint64(i), Role: subscriber.RolePeer,
			Name: fmt.Sprint("name", i),
			Addr: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), uint16(40000+i))})
	}
	_, got := printed(t, "lines", &subscriber.Event{Kind: subscriber.SessionSilent, Certificate: c})
	for _, want := range []string{"silent: its publisher isn't heard here, and 10 others hear it\n",
		"  certificate  none, after 4 s: nothing is known to be lost for all\n",
		"  heard by     name0 at 10.0.0.2:40000\n",
		"               name7 at 10.0.0.2:40007\n               and 2 more\n",
		"  lost here    nothing\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

// However much a certificate lists, words list a bounded part of it.
func TestCertificateWordsAreBounded(t *testing.T) {
	c := certificate()
	for i := range uint64(1000) {
		c.Members = append(c.Members, subscriber.Survivor{ID: i + 0x1000})
		c.Nobody = append(c.Nobody, subscriber.Range{From: 8000 + 2*i, To: 8001 + 2*i})
		c.Lost = append(c.Lost, subscriber.Range{From: 13000 + 2*i, To: 13001 + 2*i})
	}
	c.More = 5
	text := certificateText(c, nil, -1, cli.PlainSheet)
	if n := strings.Count(text, "\n"); n > 20 || !strings.Contains(text, "and 995 more\n") ||
		!strings.Contains(text, "and 5 for which there was no place\n") ||
		!strings.Contains(text, "and 997\n") {
		t.Errorf("%d lines:\n%s", n, text)
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 81 {
			t.Errorf("%q is too long", line)
		}
	}
}

// JSON has all that words have.
func TestCertificateInJSON(t *testing.T) {
	out, words := printed(t, "json",
		&subscriber.Event{Kind: subscriber.SessionInquest},
		&subscriber.Event{Kind: subscriber.SessionSilent, Certificate: certificate()})
	var first, line Line
	dec := json.NewDecoder(strings.NewReader(out))
	if err := dec.Decode(&first); err != nil || first.Type != "inquest" || first.Certificate != nil {
		t.Errorf("%v: %+v", err, first)
	}
	if err := dec.Decode(&line); err != nil || line.Type != "silent" || line.Certificate == nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := line.Certificate
	if c.Number != 1 || c.Agreed || c.Took != 214e6 || len(c.Members) != 3 ||
		c.Members[0].Addr != "" || c.Members[1].Role != "recorder" || c.Members[2].Confirmed ||
		c.Nobody[0] != (Range{7001, 7004}) || len(c.Lost) != 2 || c.LostMessages != 4 ||
		c.Hash != "0000000000000abc" || c.NextOffset != 12346 || c.Frames != (Range{6990, 7010}) {
		t.Errorf("%+v", c)
	}
	if words != "" {
		t.Errorf("words beside JSON: %s", words)
	}
}
