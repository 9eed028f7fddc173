package events

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"crier/cmd/crier/cli"
	"crier/reliable/topic"
	"crier/subscriber"
)

// printedAll returns what a printer of a format makes of events, on standard output and in words.
func printedAll(t *testing.T, format string, list []subscriber.Event) (out, words string) {
	t.Helper()
	var o, w bytes.Buffer
	p := NewPrinter("crier sub", format, cli.Streams{Out: &o, Err: &w}, false, func() {})
	p.Feeds = []string{"@eth0", "@eth1"}
	for i := range list {
		if err := p.Event(t.Context(), &list[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return o.String(), w.String()
}

// Words tell once what all partitions of a session come to, and name the partition of a loss.
func TestPartitionsInWords(t *testing.T) {
	title := &subscriber.Title{Topic: "orders", Layout: topic.Layout{Partitions: 3, Groups: 3}}
	ev := func(kind subscriber.Kind, partition uint32) subscriber.Event {
		return subscriber.Event{Kind: kind, Session: 7, Publisher: "risk1", Partition: partition,
			Title: title, Cause: subscriber.CauseEnded}
	}
	lost := ev(subscriber.Loss, 2)
	lost.Lost, lost.Cause = subscriber.Range{From: 4, To: 6}, subscriber.CauseGone
	holes := ev(subscriber.SessionSilent, 2)
	holes.Certificate = &subscriber.Certificate{Number: 1, LostMessages: 2}
	list := []subscriber.Event{
		ev(subscriber.SessionNew, 0), ev(subscriber.SessionNew, 1), ev(subscriber.SessionNew, 2), lost,
		ev(subscriber.FeedDown, 0), ev(subscriber.SessionSilent, 0), ev(subscriber.SessionSilent, 1),
		holes, ev(subscriber.SessionResumed, 0), ev(subscriber.SessionResumed, 1),
		ev(subscriber.SessionResumed, 2), ev(subscriber.FeedUp, 0), ev(subscriber.SessionEnded, 2),
		ev(subscriber.SessionEnded, 0), ev(subscriber.SessionEnded, 1), ev(subscriber.SessionNew, 0),
	}
	const session = "crier sub: session 0000000000000007 (risk1)"
	want := []string{
		session + " is heard: topic orders, 3 partitions",
		session + ", partition 2: offsets 4 to 5 are lost: no longer held",
		session + ": feed @eth0 is silent, while another is heard",
		session + " is silent: its publisher crashed, is cut off, or is suspended",
		session + ", partition 2: nobody has 0 frames, and here 2 messages are lost",
		session + " resumed", session + ": feed @eth0 is heard again", session + " ended",
		session + " is heard: topic orders, 3 partitions",
	}
	_, words := printedAll(t, "lines", list)
	var got []string
	for line := range strings.Lines(words) {
		if strings.HasPrefix(line, "crier sub: ") { // and no line of a certificate
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// JSON has each event with its partition and topic, and the feed of one.
func TestPartitionsInJSON(t *testing.T) {
	title := &subscriber.Title{Topic: "orders"}
	out, _ := printedAll(t, "json", []subscriber.Event{
		{Kind: subscriber.SessionNew, Session: 7, Partition: 2, Title: title},
		{Kind: subscriber.SessionNew, Session: 7},
		{Kind: subscriber.FeedDown, Session: 7, Feed: 1},
	})
	var lines []Line
	for text := range strings.Lines(out) {
		var l Line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if len(lines) != 3 || lines[0].Partition != 2 || lines[0].Topic != "orders" ||
		lines[1].Topic != "" || lines[2].Feed == nil || *lines[2].Feed != 1 ||
		lines[2].Type != "feed-down" || !strings.Contains(out, `"partition":0,`) {
		t.Errorf("%s", out)
	}
}

// What all partitions lack after a crash is told in full once, then in a line each, and not of more
// than a screen holds.
func TestCertificatesOfManyPartitions(t *testing.T) {
	var list []subscriber.Event
	for p := range uint32(64) {
		list = append(list, subscriber.Event{Kind: subscriber.SessionSilent, Session: 7, Partition: p,
			Title: &subscriber.Title{Layout: topic.Layout{Partitions: 64}},
			Certificate: &subscriber.Certificate{Number: 1, NextOffset: uint64(p) + 10,
				Nobody: []subscriber.Range{{From: 3, To: 4}}, LostMessages: uint64(p) + 1}})
	}
	_, words := printedAll(t, "lines", list)
	for _, want := range []string{
		"end          offset 9 is the last that a member knows of, in partition 0\n",
		"crier sub: session 0000000000000007, partition 1: nobody has 1 frame, and here 2 messages " +
			"are lost\n",
		"partition 7: nobody has 1 frame, and here 8 messages are lost\n" +
			"crier sub: session 0000000000000007: other partitions lack something, too; the last " +
			"words tell of all\n",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the words have no %q:\n%s", want, words)
		}
	}
	if n := strings.Count(words, "\n"); n > 24 {
		t.Errorf("%d lines:\n%s", n, words)
	}
}

// A publisher that begins again with another number of partitions is told.
func TestAnotherNumberOfPartitions(t *testing.T) {
	var list []subscriber.Event
	for i, n := range []int{16, 16, 8} {
		list = append(list, subscriber.Event{Kind: subscriber.SessionNew, Publisher: "risk1",
			Session: subscriber.SessionID(i + 1), Title: &subscriber.Title{Topic: "orders",
				Layout: topic.Layout{Partitions: n, Groups: n}}})
	}
	_, words := printedAll(t, "lines", list)
	if strings.Count(words, "before") != 1 || !strings.HasSuffix(words, "topic orders, 8 partitions, "+
		"and had 16 before: keys are in other partitions now\n") {
		t.Error(words)
	}
}
